// The district on the Leaflet that comes with NiceGUI. Outlines are the base map; tiles only when
// an address was configured. Markers are links, so a click needs no way to the server.
import { leaflet as L } from "nicegui-leaflet";
import { loadResource } from "../../static/utils/resources.js";

const MARK = 20; // px: what most of a mark's 26 px is drawn in
const STEPS = 16;

const boxAround = (at, width, height) => {
  const half = L.point(width / 2, height / 2);
  return L.bounds(at.subtract(half), at.add(half));
};

const cornersOf = ({ min, max }) => [min, max, L.point(min.x, max.y), L.point(max.x, min.y)];

const shared = (one, other) => {
  const side = (axis) => Math.min(one.max[axis], other.max[axis]) - Math.max(one.min[axis], other.min[axis]);
  return Math.max(0, side("x")) * Math.max(0, side("y"));
};

const isInside = ({ x, y }, polygon) => {
  let inside = false;
  polygon.forEach((here, index) => {
    const before = polygon.at(index - 1);
    const crosses = here.y > y !== before.y > y;
    if (crosses && x < here.x + ((before.x - here.x) * (y - here.y)) / (before.y - here.y)) inside = !inside;
  });
  return inside;
};

export default {
  template: '<div class="district-map"></div>',
  props: {
    resourcePath: String,
    outlines: Array,
    markers: Array,
    symbols: Object,
    tileUrl: String,
    tileAttribution: String,
  },
  async mounted() {
    await this.$nextTick(); // NiceGUI sets window.path_prefix first
    await loadResource(window.path_prefix + `${this.resourcePath}/leaflet/leaflet.css`);
    this.map = L.map(this.$el, {
      attributionControl: Boolean(this.tileUrl),
      zoomSnap: this.tileUrl ? 0.25 : 0.05, // outlines fill their room; tiles blur between zooms
      scrollWheelZoom: true,
    });
    if (this.tileUrl) {
      L.tileLayer(this.tileUrl, { attribution: this.tileAttribution }).addTo(this.map);
    }
    this.drawn = new Map();
    this.drawOutlines();
    this.drawMarkers();
    this.fit();
    this.placeLabels();
    this.map.on("zoomend", () => this.placeLabels());
    this.resizing = new ResizeObserver(() => this.map.invalidateSize());
    this.resizing.observe(this.$el);
  },
  unmounted() {
    this.resizing?.disconnect();
    this.map?.remove();
  },
  watch: {
    markers() {
      this.drawMarkers();
    },
  },
  methods: {
    drawOutlines() {
      this.labels = [];
      for (const outline of this.outlines) {
        L.polygon(outline.points, { className: "outline", interactive: false }).addTo(this.map);
        const icon = L.divIcon({ className: "outline-label", html: `<span>${this.escaped(outline.label)}</span>`, iconSize: [0, 0] });
        const options = { icon, interactive: false, keyboard: false, zIndexOffset: -10000 };
        const layer = L.marker(L.latLngBounds(outline.points).getCenter(), options);
        this.labels.push({ layer, points: outline.points });
      }
    },
    // Each name goes to where it lies within its outline and is covered least.
    placeLabels() {
      const taken = this.markers.map(({ position }) => boxAround(this.map.latLngToLayerPoint(position), MARK, MARK));
      for (const { layer, points } of this.labels) {
        layer.addTo(this.map);
        const text = layer.getElement().firstChild;
        const corners = points.map((point) => this.map.latLngToLayerPoint(point));
        const bounds = L.bounds(corners);
        text.style.maxWidth = `${Math.max(60, 0.4 * bounds.getSize().x)}px`;
        const { offsetWidth: width, offsetHeight: height } = text;
        let best = { cost: Infinity, at: bounds.getCenter(), box: null };
        for (let column = 1; column < STEPS; column++) {
          for (let row = 1; row < STEPS; row++) {
            const at = bounds.min.add(bounds.getSize().scaleBy(L.point(column / STEPS, row / STEPS)));
            const box = boxAround(at, width, height);
            const outside = cornersOf(box).filter((corner) => !isInside(corner, corners)).length;
            const covered = taken.reduce((sum, other) => sum + shared(box, other), 0) / (width * height);
            const cost = 10 * outside + 20 * covered + at.distanceTo(bounds.getCenter()) / bounds.getSize().x;
            if (cost < best.cost) best = { cost, at, box };
          }
        }
        layer.setLatLng(this.map.layerPointToLatLng(best.at));
        if (best.box) taken.push(best.box);
      }
    },
    drawMarkers() {
      if (!this.map) return;
      const present = new Set();
      for (const place of this.markers) {
        present.add(place.key);
        const known = this.drawn.get(place.key);
        if (known?.mark === place.mark && known?.detail === place.detail) continue;
        known?.layer.remove();
        this.drawn.set(place.key, { ...place, layer: this.drawMarker(place) });
      }
      for (const [key, known] of this.drawn) {
        if (present.has(key)) continue;
        known.layer.remove();
        this.drawn.delete(key);
      }
    },
    drawMarker(place) {
      const name = this.escaped(`${place.label}: ${place.detail}`);
      const icon = L.divIcon({
        className: `place-marker place-${place.mark}`,
        html: `<a href="${this.escaped(place.href)}" aria-label="${name}">${this.symbols[place.mark]}</a>`,
        iconSize: [26, 26],
      });
      const order = Object.keys(this.symbols).indexOf(place.mark);
      return L.marker(place.position, { icon, keyboard: false, zIndexOffset: -1000 * order })
        .bindTooltip(`<b>${this.escaped(place.label)}</b><br>${this.escaped(place.detail)}`, {
          direction: "top",
          offset: [0, -12],
        })
        .addTo(this.map);
    },
    fit() {
      const points = [
        ...this.outlines.flatMap((outline) => outline.points),
        ...this.markers.map((place) => place.position),
      ];
      if (points.length) this.map.fitBounds(points, { padding: [16, 16] });
      else this.map.setView([35, 105], 4);
    },
    escaped(text) {
      const box = document.createElement("span");
      box.textContent = text;
      return box.innerHTML.replaceAll('"', "&quot;");
    },
  },
};
