/**
 * How the faces of boxes look: a rack has a perforated door, a dry cooler has fans.
 *
 * Everything is computed from the place on the face in metres, so that it costs no texture and stays sharp.  `px` is the size of a
 * pixel on the face [m]; detail smaller than a pixel fades into its mean.  `paint` is the value's colour and stays on the body.
 */
export const FACES = /* glsl */ `
// A line around d = 0, so wide (half); thinner than a pixel it becomes fainter, not ragged.
float stroke(float d, float wide, float px) {
  return clamp((wide + 0.5 * px - abs(d)) / px, 0.0, 1.0) * min(1.0, 2.0 * wide / px + 0.15);
}
float comb(float x, float pitch, float wide, float px) {
  float seen = clamp(pitch / (3.0 * px) - 0.6, 0.0, 1.0);
  return seen <= 0.0 ? 0.0 : seen * stroke((fract(x / pitch + 0.5) - 0.5) * pitch, wide, px);
}
float inside(vec2 p, vec2 low, vec2 high, vec2 px) {
  vec2 d = clamp(min(p - low, high - p) / px + 0.5, 0.0, 1.0);
  return d.x * d.y;
}
float frame(vec2 p, vec2 low, vec2 high, float wide, vec2 px) {
  return inside(p, low - wide, high + wide, px) - inside(p, low + wide, high - wide, px);
}
float ring(vec2 p, float radius, float wide, float px) { return stroke(length(p) - radius, wide, px); }
float disc(vec2 p, float radius, float px) { return clamp((radius - length(p)) / px + 0.5, 0.0, 1.0); }
float grey(vec3 c) { return dot(c, vec3(0.3, 0.59, 0.11)); }

// Fans side by side on a lid; as many as fit.
vec3 fans(vec3 paint, vec2 p, vec2 size, float px) {
  float pitch = clamp(min(size.x, size.y) * (max(size.x, size.y) > 2.6 * min(size.x, size.y) ? 0.5 : 1.0), 0.5, 2.4);
  vec2 n = max(floor(size / pitch + 0.35), 1.0);
  vec2 cell = size / n;
  vec2 q = (fract(p / cell) - 0.5) * cell;
  float r = 0.42 * min(cell.x, cell.y);
  float turn = atan(q.y, q.x);
  float blade = smoothstep(0.25, 0.6, abs(fract(turn * 0.7957747 + 2.2 * length(q) / r) - 0.5) * 2.0);
  float close = clamp(r / (8.0 * px) - 0.3, 0.0, 1.0);
  float well = disc(q, r, px);
  vec3 c = mix(paint, paint * mix(0.42, 0.34 + 0.2 * blade, close), well);
  c = mix(c, paint * 0.7, 0.8 * close * disc(q, 0.22 * r, px));
  c = mix(c, paint * 0.25, 0.5 * close * max(ring(q, 0.5 * r, 0.006, px), ring(q, 0.75 * r, 0.006, px)) * well);
  return mix(c, mix(paint, vec3(1.0), 0.25), 0.8 * ring(q, r + 0.02, 0.025, px) * clamp(r / (6.0 * px), 0.0, 1.0));
}

// The door that the air enters: perforated steel tinted with the value's colour (only what is out of service is black), units behind it, a lit strip.
vec3 rackFront(vec3 paint, vec2 p, vec2 size, vec2 px) {
  float m = max(px.x, px.y);
  float near = clamp(0.05 / m - 0.25, 0.0, 1.0);
  vec2 low = vec2(0.035, 0.05), high = size - vec2(0.035, 0.07);
  vec3 steel = mix(vec3(0.20, 0.22, 0.25), paint, 0.5);
  float unit = comb(p.y - low.y, 0.04445, 0.0028, px.y);
  float shelf = comb(p.y - low.y, 0.4445, 0.007, px.y);
  vec2 hole = (fract(p / 0.016) - 0.5) * 0.016;
  float holes = clamp(0.0035 / m - 0.4, 0.0, 1.0) * disc(hole, 0.0055, m);
  // Bays with and without machines, and a sheen of the hall's lights down the glass.
  float bay = step(0.42, fract(sin(floor((p.y - low.y) / 0.4445) * 12.99) * 43.7));
  vec3 door = steel + near * (0.022 + 0.03 * bay);
  door += 0.045 * smoothstep(0.0, 1.0, (p.y - low.y) / size.y) * smoothstep(0.85, 0.1, p.x / size.x);
  door *= (1.0 - 0.38 * unit - 0.42 * shelf) * (1.0 - 0.35 * holes);
  // A light for every unit.
  vec2 lamp = vec2(p.x - low.x - 0.05, (fract((p.y - low.y) / 0.04445) - 0.5) * 0.04445);
  float lamps = inside(lamp, vec2(-0.014, -0.0035), vec2(0.014, 0.0035), px) * clamp(0.006 / m - 0.4, 0.0, 1.0);
  door = mix(door, mix(paint, vec3(1.0), 0.5), lamps);
  float strip = inside(p, vec2(high.x - 0.05, low.y + 0.05), vec2(high.x - 0.024, high.y - 0.05), px);
  door = mix(door, min(paint * 1.08 + 0.05, vec3(1.0)), strip);
  float grip = inside(p, vec2(low.x + 0.014, size.y * 0.43), vec2(low.x + 0.034, size.y * 0.57), px);
  door = mix(door, vec3(0.80, 0.82, 0.85), grip * near);
  // From afar a face is its value, only darker.
  door = mix(mix(steel, paint, 0.3), door, clamp(0.28 / m - 1.0, 0.0, 1.0) * 0.55 + 0.45);
  return mix(paint, door, inside(p, low, high, px));
}

vec3 rackBack(vec3 paint, vec2 p, vec2 size, vec2 px) {
  vec2 low = vec2(0.03, 0.05), high = size - vec2(0.03, 0.06);
  vec3 door = mix(vec3(0.11, 0.12, 0.14), paint, 0.38);
  door *= 1.0 - 0.35 * comb(p.y, 0.05, 0.008, px.y) * inside(p, low + 0.04, high - 0.04, px);
  door = mix(door, paint * 0.3, 0.8 * stroke(p.x - 0.5 * size.x, 0.005, px.x));
  return mix(paint, door, inside(p, low, high, px));
}

vec3 rackTop(vec3 paint, vec2 p, vec2 size, vec2 px) {
  float near = clamp(0.06 / max(px.x, px.y) - 0.6, 0.0, 1.0);
  vec2 low = size * vec2(0.18, 0.18), high = size * vec2(0.82, 0.82);
  return mix(paint, paint * 0.8, near * frame(p, low, high, 0.006, px));
}

vec3 cduFront(vec3 paint, vec2 p, vec2 size, vec2 px) {
  float near = clamp(0.08 / max(px.x, px.y) - 0.3, 0.0, 1.0);
  vec3 c = mix(paint, vec3(0.93, 0.94, 0.96), 0.30);
  c = mix(c, paint * 0.45, 0.8 * stroke(p.x - 0.5 * size.x, 0.005, px.x));
  c = mix(c, paint * 0.5, near * frame(p, vec2(0.04, 0.12), size - vec2(0.04, 0.05), 0.005, px));
  float grille = inside(p, vec2(0.09, 0.16), vec2(size.x - 0.09, 0.16 + 0.26 * size.y), px);
  c = mix(c, paint * (0.45 - 0.2 * comb(p.y, 0.03, 0.007, px.y)), 0.85 * grille);
  vec2 screen = vec2(0.27 * size.x, 0.72 * size.y);
  float glass = inside(p, screen - vec2(0.13, 0.085), screen + vec2(0.13, 0.085), px);
  c = mix(c, vec3(0.05, 0.09, 0.13), glass);
  c = mix(c, vec3(0.35, 0.85, 0.95), glass * near * 0.85 * comb(p.y - screen.y, 0.04, 0.006, px.y) * step(abs(p.x - screen.x), 0.1));
  c = mix(c, paint * 0.35, inside(p, vec2(0.0), vec2(size.x, 0.09), px) * 0.8);
  return mix(c, vec3(0.25), near * inside(p, vec2(0.5 * size.x + 0.03, 0.5 * size.y), vec2(0.5 * size.x + 0.05, 0.62 * size.y), px));
}

vec3 crahFront(vec3 paint, vec2 p, vec2 size, vec2 px) {
  vec2 low = vec2(0.08, 0.12), high = size - vec2(0.08, 0.14);
  float face = inside(p, low, high, px);
  vec3 c = mix(paint, paint * mix(0.55, 0.68 - 0.5 * comb(p.y, 0.07, 0.014, px.y), 0.9), face);
  c = mix(c, paint * 0.85, face * comb(p.x - low.x, max((high.x - low.x) / max(floor((high.x - low.x) / 0.9), 1.0), 0.2), 0.015, px.x));
  return mix(c, paint * 0.4, 0.8 * inside(p, vec2(0.0), vec2(size.x, 0.08), px));
}

vec3 coils(vec3 paint, vec2 p, vec2 size, vec2 px) {
  vec2 low = vec2(0.06, 0.24 * size.y), high = size - vec2(0.06, 0.14 * size.y);
  float face = inside(p, low, high, px);
  vec3 c = mix(paint, paint * (0.62 - 0.25 * comb(p.x, 0.05, 0.008, px.x)), face);
  float posts = comb(p.x, max(size.x / max(floor(size.x / 1.6 + 0.5), 1.0), 0.3), 0.035, px.x);
  c = mix(c, paint * 0.85, face * posts);
  float under = inside(p, vec2(0.0, -1.0), vec2(size.x, 0.2 * size.y), px);
  return mix(c, mix(vec3(0.16, 0.17, 0.19), paint, 0.25 + 0.6 * posts), under);
}

vec3 louvres(vec3 paint, vec2 p, vec2 size, vec2 px) {
  float face = inside(p, vec2(0.1, 0.1 * size.y), size - vec2(0.1, 0.28 * size.y), px);
  vec3 c = mix(paint, paint * (0.72 - 0.35 * comb(p.y, 0.18, 0.05, px.y)), face);
  return mix(c, paint * 0.55, 0.7 * stroke(p.y - 0.78 * size.y, 0.02, px.y));
}

vec3 panelFront(vec3 paint, vec2 p, vec2 size, vec2 px) {
  float near = clamp(0.1 / max(px.x, px.y) - 0.3, 0.0, 1.0);
  float pitch = size.x / max(floor(size.x / 0.8 + 0.4), 1.0);
  vec2 q = vec2(mod(p.x, pitch), p.y);
  vec3 c = paint;
  c = mix(c, paint * 0.5, 0.9 * comb(p.x, pitch, 0.006, px.x));
  c = mix(c, paint * 0.62, near * frame(q, vec2(0.06, 0.16), vec2(pitch - 0.06, size.y - 0.08), 0.005, px));
  float vent = inside(q, vec2(0.14, 0.22), vec2(pitch - 0.14, 0.22 + 0.12 * size.y), px);
  c = mix(c, paint * (0.6 - 0.25 * comb(p.y, 0.04, 0.01, px.y)), 0.8 * vent);
  vec2 meter = q - vec2(0.5 * pitch, 0.8 * size.y);
  c = mix(c, vec3(0.1, 0.12, 0.15), near * inside(meter, vec2(-0.1, -0.07), vec2(0.1, 0.07), px));
  c = mix(c, vec3(0.45, 0.95, 0.6), near * inside(meter, vec2(-0.07, -0.02), vec2(0.03, 0.02), px));
  c = mix(c, vec3(0.2), near * inside(q, vec2(pitch - 0.14, 0.48 * size.y), vec2(pitch - 0.11, 0.58 * size.y), px));
  return mix(c, paint * 0.4, 0.8 * inside(p, vec2(0.0), vec2(size.x, 0.1), px));
}

vec3 panelBack(vec3 paint, vec2 p, vec2 size, vec2 px) {
  float near = clamp(0.1 / max(px.x, px.y) - 0.3, 0.0, 1.0);
  float pitch = size.x / max(floor(size.x / 0.8 + 0.4), 1.0);
  vec2 q = vec2(mod(p.x, pitch), p.y);
  vec3 c = mix(paint, paint * 0.6, 0.8 * comb(p.x, pitch, 0.006, px.x));
  float vent = inside(q, vec2(0.14, size.y - 0.42), vec2(pitch - 0.14, size.y - 0.18), px);
  c = mix(c, paint * (0.62 - 0.25 * comb(p.y, 0.04, 0.01, px.y)), 0.8 * near * vent);
  return mix(c, paint * 0.4, 0.8 * inside(p, vec2(0.0), vec2(size.x, 0.1), px));
}

vec3 casing(vec3 paint, vec2 p, vec2 size, vec2 px, bool lid) {
  float near = clamp(0.1 / max(px.x, px.y) - 0.3, 0.0, 1.0);
  float pitch = size.x / max(floor(size.x / 1.1 + 0.3), 1.0);
  vec2 q = vec2(mod(p.x, pitch), p.y);
  float low = lid ? 0.1 : 0.2;
  vec3 c = mix(paint, paint * 0.72, near * frame(q, vec2(0.07, low), vec2(pitch - 0.07, size.y - 0.09), 0.006, px));
  return lid ? c : mix(c, paint * 0.42, 0.8 * inside(p, vec2(0.0), vec2(size.x, 0.11), px));
}

vec3 busway(vec3 paint, float along, float across, float wide, vec2 px) {
  vec3 c = paint * (1.0 - 0.22 * comb(along, 3.0, 0.02, px.x));
  c *= 1.0 - 0.16 * stroke(across - 0.5 * wide, 0.12 * wide, px.y);
  return mix(c, paint * 0.55, comb(along - 0.3, 0.6, 0.07, px.x) * stroke(across - 0.5 * wide, 0.3 * wide, px.y) * 0.6);
}

vec3 tray(vec3 paint, float along, float across, float wide, vec2 px) {
  float cables = 0.5 + 0.5 * sin(across * 190.0);
  vec3 c = mix(paint * 0.45, paint * 0.62, cables * clamp(0.02 / px.y - 0.4, 0.0, 1.0));
  c = mix(c, paint * 0.95, comb(along, 0.3, 0.018, px.x));
  return mix(c, paint, max(stroke(across, 0.025, px.y), stroke(wide - across, 0.025, px.y)));
}
`;
