// The district on the Leaflet that comes with NiceGUI. Outlines are the base map; tiles only when
// an address was configured. Markers are links, so a click needs no way to the server.
import { leaflet as L } from "nicegui-leaflet";
import { loadResource } from "../../static/utils/resources.js";

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
      zoomSnap: 0.25,
      scrollWheelZoom: true,
    });
    if (this.tileUrl) {
      L.tileLayer(this.tileUrl, { attribution: this.tileAttribution }).addTo(this.map);
    }
    this.drawn = new Map();
    this.drawOutlines();
    this.drawMarkers();
    this.fit();
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
      for (const outline of this.outlines) {
        L.polygon(outline.points, { className: "outline", interactive: false }).addTo(this.map);
        const label = L.divIcon({ className: "outline-label", html: `<span>${this.escaped(outline.label)}</span>`, iconSize: [0, 0] });
        L.marker(L.latLngBounds(outline.points).getCenter(), {
          icon: label,
          interactive: false,
          keyboard: false,
          zIndexOffset: -10000,
        }).addTo(this.map);
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
