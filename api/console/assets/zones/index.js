// What a zone is and how it changes, without a page: coordinates are relative to the picture (0 to
// 1), sizes are those of the drawing. Nothing here changes what it is given.
export const DEFAULT_RIM = 0.275;

export const copyOf = (zones) => JSON.parse(JSON.stringify(zones));

export const within = (value) => Math.min(1, Math.max(0, Math.round(value * 1e4) / 1e4));

const rimWithin = (value) => Math.min(0.8, Math.max(0.05, Math.round(1e3 * value) / 1e3));

export const spanOf = ({ points }) => {
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  return { top: Math.min(...ys), bottom: Math.max(...ys), left: Math.min(...xs), right: Math.max(...xs) };
};

export const middlesOf = ({ points }) =>
  points.map((point, i) => {
    const next = points[(i + 1) % points.length];
    return [(point[0] + next[0]) / 2, (point[1] + next[1]) / 2];
  });

// --- what is drawn ---
export const outlineOf = (points, { width, height }) => points.map(([x, y]) => `${x * width},${y * height}`).join(" ");

export const rimLineOf = (zone, { width, height }) => {
  const { top, bottom, left, right } = spanOf(zone);
  const y = (top + (bottom - top) * (zone.rim ?? DEFAULT_RIM)) * height;
  return { x1: left * width, x2: right * width, y1: y, y2: y };
};

export const hasSides = (zone) => zone.kind === "ground" && zone.points.length === 4;

export const sidesOf = ({ points }, { width, height }) =>
  ["a", "b"].map((name, i) => {
    const [[x1, y1], [x2, y2]] = [points[i], points[i + 1]].map(([x, y]) => [x * width, y * height]);
    return { name, line: { x1, y1, x2, y2 }, x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
  });

export const squareOf = (scale, { width, height }) => {
  const side = Math.sqrt(scale.share * width * height);
  return { x: scale.centre[0] * width - side / 2, y: scale.centre[1] * height - side / 2, width: side, height: side };
};

// --- what somebody makes of it ---
export const newZone = (zones, kind, points) => {
  let number = 1;
  while (zones.some((zone) => zone.id === `${kind}-${number}`)) number += 1;
  return { id: `${kind}-${number}`, kind, points: copyOf(points), area: null, container: null, rim: DEFAULT_RIM, sides: null };
};

export const withoutLostSides = (zones) => zones.map((zone) => (zone.sides && !hasSides(zone) ? { ...zone, sides: null } : zone));

export const withArea = (zone, text) => {
  const area = Number.parseFloat(text);
  return { ...copyOf(zone), area: Number.isFinite(area) ? area : null };
};

export const withSide = (zone, index, text) => {
  const side = Number.parseFloat(text);
  const sides = [...(zone.sides ?? [null, null])];
  sides[index] = Number.isFinite(side) ? side : null;
  const [a, b] = sides;
  // The size follows the sides; who has measured it by itself may still write it.
  const area = a > 0 && b > 0 ? Math.round(10 * a * b) / 10 : zone.area;
  return { ...copyOf(zone), area, sides: a === null && b === null ? null : sides };
};

export const withoutCorner = (zone, index) => {
  const kept = copyOf(zone);
  kept.points.splice(index, 1);
  return kept;
};

export const withCornerMoved = (zone, index, dx, dy) => {
  const moved = copyOf(zone);
  const [x, y] = moved.points[index];
  moved.points[index] = [within(x + dx), within(y + dy)];
  return moved;
};

export const withRimMoved = (zone, by) => ({ ...copyOf(zone), rim: rimWithin(zone.rim + by) });

export const rimAt = (zone, y) => {
  const { top, bottom } = spanOf(zone);
  return rimWithin((y - top) / Math.max(1e-6, bottom - top));
};
