// Draws a camera's zones over its picture: by mouse, finger or keyboard. What zones are and how they
// change stands in zones/index.js; the drawing is in thousandths of the picture's longer side.
import {
  copyOf,
  hasSides,
  middlesOf,
  newZone,
  outlineOf,
  rimAt,
  rimLineOf,
  sidesOf,
  spanOf,
  squareOf,
  within,
  withArea,
  withCornerMoved,
  withoutCorner,
  withoutLostSides,
  withRimMoved,
  withSide,
} from "huanwei-zones";

const STEP = 0.004;
const MOST_STEPS = 100;
const ZOOMS = [1, 1.5, 2, 3, 4, 6];
const STILL_PX = 8; // a finger that moves less has pressed, not dragged

export default {
  template: `
    <div class="zone-editor" @keydown="onKey">
      <div class="zone-tools" role="toolbar">
        <button v-for="kind in kinds" type="button" :key="kind" :class="'tool tool-' + kind"
          :aria-pressed="String(drawing?.kind === kind)" @click="begin(kind)">+ {{ words[kind] }}</button>
        <span class="tool-gap"></span>
        <button v-if="drawing" type="button" class="tool" :disabled="drawing.points.length < 3" @click="finish">{{ words.finish }}</button>
        <button v-if="drawing" type="button" class="tool" @click="cancel">{{ words.cancel }}</button>
        <button type="button" class="tool" :disabled="!canUndo" @click="undo">{{ words.undo }}</button>
        <button type="button" class="tool" :disabled="!future.length" @click="redo">{{ words.redo }}</button>
        <button v-if="corner !== null && chosenZone" type="button" class="tool" :disabled="chosenZone.points.length <= 3" @click="removeCorner(corner)">{{ words.delete_corner }}</button>
        <button type="button" class="tool" :disabled="!chosen" @click="removeChosen">{{ words.delete }}</button>
        <span class="tool-pair"><button type="button" class="tool" :disabled="zoom <= 1" :aria-label="words.zoom_out" :title="words.zoom_out" @click="zoomBy(-1)">−</button>
        <button type="button" class="tool" :disabled="!picture || zoom >= 6" :aria-label="words.zoom_in" :title="words.zoom_in" @click="zoomBy(1)">+</button></span>
      </div>
      <div class="zone-window" ref="view" @wheel="onWheel">
      <div class="zone-canvas" :class="{ drawing: drawing }" :style="{ width: 100 * zoom + '%' }">
        <img v-if="picture" :src="picture" :alt="words.picture" draggable="false" @load="measure">
        <p v-else class="zone-empty">{{ words.no_picture }}</p>
        <svg ref="canvas" :viewBox="'0 0 ' + width + ' ' + height" preserveAspectRatio="none"
          @pointerdown="onPress" @pointermove="onMove" @pointerup="onRelease" @pointercancel="onRelease">
          <g v-for="scale in scales" :key="'s' + scale.id" class="ground-scale">
            <line v-for="(line, i) in scale.lines" :key="i" :x1="line[0] * width" :y1="line[1] * height" :x2="line[2] * width" :y2="line[3] * height"></line>
            <rect v-if="!scale.lines.length && scale.share > 0" v-bind="squareOf(scale)"></rect>
          </g>
          <g v-for="zone in drawn" :key="zone.id">
            <polygon :points="pointsOf(zone.points)" :class="classOf(zone)" :data-zone="zone.id"></polygon>
            <line v-if="zone.kind === 'bin'" class="rim" v-bind="rimOf(zone)"></line>
            <line v-if="zone.kind === 'bin' && zone.id === chosen" class="rim-grip" v-bind="rimOf(zone)" :data-rim="zone.id"
              tabindex="0" role="slider" :aria-label="words.rim" :aria-valuenow="Math.round(zone.rim * 100)" @keydown="onRimKey($event, zone)"></line>
          </g>
          <rect v-for="(box, i) in boxes" :key="'b' + i" class="box" :class="'box-' + box.mark"
            :x="box.frame[0] * width" :y="box.frame[1] * height" :width="box.frame[2] * width" :height="box.frame[3] * height"></rect>
          <g v-if="chosenZone && !drawing">
            <circle v-for="(point, i) in middles(chosenZone)" :key="'m' + i" class="middle" :cx="point[0] * width" :cy="point[1] * height"
              :r="6 * unit" :data-middle="i"></circle>
            <g v-for="(point, i) in chosenZone.points" :key="'c' + i">
              <circle class="reach" :cx="point[0] * width" :cy="point[1] * height" :r="20 * unit" :data-corner="i"></circle>
              <circle class="corner" :class="{ held: i === corner }" :cx="point[0] * width" :cy="point[1] * height" :r="8 * unit" :data-corner="i" tabindex="0"
                role="button" @focus="corner = i" :aria-label="words.corner.replace('{zone}', nameOf(chosenZone) + ' ' + (i + 1))" @keydown="onCornerKey($event, i)"></circle>
            </g>
          </g>
          <g v-if="chosenZone && hasSides(chosenZone) && !drawing" class="side-names">
            <line v-for="side in sidesOf(chosenZone)" :key="'l' + side.name" :class="'side-' + side.name" v-bind="side.line"></line>
            <text v-for="side in sidesOf(chosenZone)" :key="side.name" :x="side.x" :y="side.y" :font-size="17 * unit" :stroke-width="4 * unit">{{ side.name }}</text>
          </g>
          <g v-if="drawing">
            <polyline class="sketch" :points="pointsOf(sketch)"></polyline>
            <circle v-for="(point, i) in drawing.points" :key="'d' + i" class="corner" :class="{ first: i === 0 }"
              :cx="point[0] * width" :cy="point[1] * height" :r="(i === 0 ? 11 : 7) * unit"></circle>
          </g>
        </svg>
      </div>
      </div>
      <p class="quiet zone-hint">{{ drawing ? words.hint_draw : words.hint_edit }}</p>
      <ul class="zone-list plain">
        <li v-for="zone in own" :key="zone.id" :class="{ chosen: zone.id === chosen }">
          <button type="button" class="zone-name" @click="chosen = zone.id" :aria-pressed="String(zone.id === chosen)">
            <i :class="'swatch swatch-' + zone.kind"></i>{{ nameOf(zone) }}</button>
          <label v-if="zone.kind === 'ground'">{{ words.area }}
            <input type="number" min="0.1" max="10000" step="0.1" :value="textOf(zone.id, zone.area)" @input="typed = { key: zone.id, text: $event.target.value }" @change="setArea(zone, $event.target.value)"></label>
          <span v-if="zone.kind === 'ground' && hasSides(zone)" class="side-inputs">{{ words.sides }}
            <label v-for="(name, i) in ['a', 'b']" :key="name"><b :class="'side-word-' + name">{{ name }}</b>
            <input type="number" min="0.3" max="100" step="0.1" :aria-label="words.side.replace('{side}', name)" :value="textOf(zone.id + name, zone.sides?.[i])" @input="typed = { key: zone.id + name, text: $event.target.value }" @focus="chosen = zone.id" @change="setSide(zone, i, $event.target.value)"></label></span>
          <small v-if="zone.kind === 'ground'" class="quiet side-hint">{{ scaleHint(zone) }}</small>
          <label v-if="zone.kind === 'bin' && containers.length">{{ words.container }}
            <select :value="zone.container ?? ''" @change="setContainer(zone, $event.target.value)">
              <option value="">{{ words.no_container }}</option>
              <option v-for="name in containers" :key="name" :value="name">{{ name }}</option>
            </select></label>
        </li>
      </ul>
    </div>`,
  // Named, so that the "change" of an input inside is not taken for ours.
  emits: ["change"],
  props: { zones: Array, loaded: Number, picture: String, words: Object, kinds: Array, containers: Array, boxes: Array, states: Object, scales: Array },
  data() {
    return { own: copyOf(this.zones), past: [], future: [], chosen: null, corner: null, drawing: null, pointer: null, drag: null, press: null, typed: null, zoom: 1, width: 1000, height: 562, unit: 1 };
  },
  watch: {
    loaded() {
      Object.assign(this, { own: copyOf(this.zones), past: [], future: [], chosen: null, corner: null, drawing: null, drag: null });
    },
    chosen() {
      this.corner = null;
    },
  },
  mounted() {
    this.resizing = new ResizeObserver(() => this.scale());
    this.resizing.observe(this.$refs.canvas);
    this.scale();
  },
  unmounted() {
    this.resizing?.disconnect();
  },
  computed: {
    drawn() {
      return this.drag?.zone ? this.own.map((zone) => (zone.id === this.drag.zone.id ? this.drag.zone : zone)) : this.own;
    },
    chosenZone() {
      return this.drawn.find((zone) => zone.id === this.chosen);
    },
    canUndo() {
      return this.drawing ? this.drawing.points.length > 0 : this.past.length > 0;
    },
    sketch() {
      return this.pointer ? [...this.drawing.points, this.pointer] : this.drawing.points;
    },
  },
  methods: {
    measure(event) {
      const { naturalWidth, naturalHeight } = event.target;
      this.height = Math.round((1000 * naturalHeight) / naturalWidth);
      this.$nextTick(() => this.scale());
    },
    scale() {
      // Grips keep their size on the screen, whatever the picture's.
      const shown = this.$refs.canvas?.getBoundingClientRect().width;
      if (shown) this.unit = this.width / shown;
    },
    pointsOf(points) {
      return outlineOf(points, this);
    },
    classOf(zone) {
      const state = this.states[zone.id];
      return ["zone", `zone-${zone.kind}`, zone.id === this.chosen ? "chosen" : "", state ? `zone-${state}` : ""];
    },
    nameOf(zone) {
      const same = this.own.filter((other) => other.kind === zone.kind);
      const number = same.findIndex((other) => other.id === zone.id) + 1;
      return this.words[zone.kind] + (same.length > 1 ? ` ${number}` : "");
    },
    rimOf(zone) {
      return rimLineOf(zone, this);
    },
    middles: middlesOf,
    textOf(key, value) {
      // A picture may come while somebody types: what is not finished stays as it is.
      return this.typed?.key === key ? this.typed.text : (value ?? "");
    },
    // --- the ground's scale ---
    hasSides,
    sidesOf(zone) {
      return sidesOf(zone, this);
    },
    squareOf(scale) {
      return squareOf(scale, this);
    },
    scaleHint(zone) {
      const scale = this.scales.find((one) => one.id === zone.id);
      if (zone.points.length !== 4) return this.words.sides_need_four;
      if (!scale) return this.words.sides_hint;
      return this.words[scale.lines.length || zone.sides ? "scale_grid" : "scale_square"].replace("{step}", scale.step);
    },
    // --- a closer look ---
    zoomBy(by) {
      this.zoomTo(ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, ZOOMS.indexOf(this.zoom) + by))]);
    },
    zoomTo(zoom, spot) {
      const view = this.$refs.view;
      const focus = spot ?? this.focusOf(view);
      this.zoom = zoom;
      this.$nextTick(() => {
        const canvas = this.$refs.canvas.getBoundingClientRect();
        view.scrollLeft = focus.x * canvas.width - focus.left;
        view.scrollTop = focus.y * canvas.height - focus.top;
        this.scale();
      });
    },
    focusOf(view) {
      // The chosen corner or zone comes to the middle, else the middle stays.
      const middle = { left: view.clientWidth / 2, top: view.clientHeight / 2 };
      const zone = this.chosenZone;
      if (zone && this.corner !== null) return { x: zone.points[this.corner][0], y: zone.points[this.corner][1], ...middle };
      if (zone) {
        const { top, bottom, left, right } = spanOf(zone);
        return { x: (left + right) / 2, y: (top + bottom) / 2, ...middle };
      }
      const canvas = this.$refs.canvas.getBoundingClientRect();
      return { x: (view.scrollLeft + middle.left) / canvas.width, y: (view.scrollTop + middle.top) / canvas.height, ...middle };
    },
    onWheel(event) {
      if (!(event.ctrlKey || event.metaKey) || !this.picture) return;
      event.preventDefault();
      const zoom = ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, ZOOMS.indexOf(this.zoom) + (event.deltaY < 0 ? 1 : -1)))];
      const frame = this.$refs.view.getBoundingClientRect();
      const [x, y] = this.at(event);
      this.zoomTo(zoom, { x, y, left: event.clientX - frame.left, top: event.clientY - frame.top });
    },
    choose(id) {
      this.chosen = this.own.some((zone) => zone.id === id) ? id : null;
    },
    at(event) {
      const frame = this.$refs.canvas.getBoundingClientRect();
      return [within((event.clientX - frame.left) / frame.width), within((event.clientY - frame.top) / frame.height)];
    },
    // --- changes, each of which can be undone ---
    change(changed) {
      this.typed = null;
      this.past = [...this.past.slice(-MOST_STEPS), this.own];
      this.future = [];
      this.own = withoutLostSides(changed);
      this.tell();
    },
    replace(zone) {
      this.change(this.own.map((other) => (other.id === zone.id ? zone : other)));
    },
    tell() {
      this.$emit("change", copyOf(this.own));
    },
    undo() {
      if (this.drawing) this.drawing.points.pop();
      else if (this.past.length) this.step(this.past, this.future);
    },
    redo() {
      if (!this.drawing && this.future.length) this.step(this.future, this.past);
    },
    step(from, to) {
      to.push(this.own);
      this.own = from.pop();
      if (!this.own.some((zone) => zone.id === this.chosen)) this.chosen = null;
      this.tell();
    },
    begin(kind) {
      this.drawing = this.drawing?.kind === kind ? null : { kind, points: [] };
      this.chosen = null;
      this.pointer = null;
    },
    cancel() {
      this.drawing = null;
      this.pointer = null;
    },
    finish() {
      const { kind, points } = this.drawing;
      if (points.length < 3) return;
      const zone = newZone(this.own, kind, points);
      this.cancel();
      this.change([...this.own, zone]);
      this.chosen = zone.id;
    },
    removeChosen() {
      this.change(this.own.filter((zone) => zone.id !== this.chosen));
      this.chosen = null;
    },
    removeCorner(index) {
      if (this.chosenZone.points.length <= 3) return;
      this.corner = null;
      this.replace(withoutCorner(this.chosenZone, index));
    },
    setArea(zone, text) {
      this.replace(withArea(zone, text));
    },
    setSide(zone, index, text) {
      this.replace(withSide(zone, index, text));
    },
    setContainer(zone, name) {
      this.replace({ ...copyOf(zone), container: name || null });
    },
    // --- mouse and finger ---
    onPress(event) {
      if (!this.picture || event.button > 0) return;
      const point = this.at(event);
      if (this.drawing) {
        // Put down when let go: a finger that moves the enlarged picture sets no corner.
        this.press = { x: event.clientX, y: event.clientY };
        return;
      }
      const { corner, middle, rim, zone } = event.target.dataset;
      if (corner === undefined && middle === undefined && rim === undefined) {
        this.chosen = zone ?? null;
        return;
      }
      event.preventDefault();
      this.corner = corner === undefined ? null : Number(corner);
      const held = copyOf(this.chosenZone);
      let index = Number(corner);
      if (middle !== undefined) {
        index = Number(middle) + 1;
        held.points.splice(index, 0, point);
      }
      this.drag = { zone: held, index: rim === undefined ? index : null, moved: middle !== undefined };
      this.$refs.canvas.setPointerCapture(event.pointerId);
    },
    onMove(event) {
      if (this.drawing) {
        if (event.pointerType === "mouse") this.pointer = this.at(event);
        return;
      }
      if (!this.drag) return;
      const point = this.at(event);
      this.drag.moved = true;
      if (this.drag.index === null) this.drag.zone.rim = rimAt(this.drag.zone, point[1]);
      else this.drag.zone.points[this.drag.index] = point;
    },
    onRelease(event) {
      const { press, drag } = this;
      Object.assign(this, { press: null, drag: null });
      const done = event.type === "pointerup";
      if (this.drawing && press && done) {
        if (Math.hypot(event.clientX - press.x, event.clientY - press.y) < STILL_PX) this.putDown(this.at(event));
      } else if (drag?.moved && done) this.replace(drag.zone);
    },
    putDown(point) {
      const [first] = this.drawing.points;
      const reach = 14 * this.unit;
      const near = first && Math.hypot((first[0] - point[0]) * this.width, (first[1] - point[1]) * this.height) < reach;
      if (near && this.drawing.points.length >= 3) this.finish();
      else this.drawing.points.push(point);
    },
    // --- keyboard ---
    onKey(event) {
      if (event.target.matches("input, select")) return;
      const control = event.ctrlKey || event.metaKey;
      if (control && event.key.toLowerCase() === "z") {
        event.preventDefault();
        if (event.shiftKey) this.redo();
        else this.undo();
      } else if (control && event.key.toLowerCase() === "y") {
        event.preventDefault();
        this.redo();
      } else if (event.key === "Escape" && this.drawing) this.cancel();
      else if (event.key === "Enter" && this.drawing && !this.drawing.points.length && this.picture) {
        // Who has no pointer gets a frame in the middle, to be moved by its corners.
        event.preventDefault();
        this.drawing.points = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]];
      } else if (event.key === "Enter" && this.drawing && this.drawing.points.length >= 3) {
        event.preventDefault();
        this.finish();
      } else if ((event.key === "Delete" || event.key === "Backspace") && this.chosen && !this.drawing) {
        event.preventDefault();
        this.removeChosen();
      }
    },
    onCornerKey(event, index) {
      if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        event.stopPropagation();
        this.removeCorner(index);
        return;
      }
      const step = event.shiftKey ? 5 * STEP : STEP;
      const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
      if (!dx && !dy) return;
      event.preventDefault();
      this.replace(withCornerMoved(this.chosenZone, index, dx, dy));
    },
    onRimKey(event, zone) {
      const way = { ArrowUp: -0.01, ArrowDown: 0.01 }[event.key];
      if (!way) return;
      event.preventDefault();
      this.replace(withRimMoved(zone, way));
    },
  },
};
