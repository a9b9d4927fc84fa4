/** How boxes are placed and coloured. */
import { FACES } from "./faces";
import { BOXES, CLIP, FRAME } from "./shaders";

export const VERTEX = /* glsl */ `
${FRAME}${CLIP}${BOXES}
uniform sampler2D uLayers; // row 0: colour and look; row 1: opacity, seen
uniform sampler2D uLut;
uniform vec4 uNone;        // colour without a value
uniform float uGlass;      // 1: the translucent layers
#define SHOWS(look) ((LOOKS & (1 << (look))) != 0)
flat out vec4 vPaint;
#ifdef PLAIN
uniform vec3 uUp;
uniform vec3 uDown;
uniform vec3 uOut;
out vec2 vAt;              // place on the face
out vec2 vGround;          // and on the ground
flat out vec2 vWide;
flat out vec4 vLine;       // colour of its edges, and what is on it: 1 a door, 2 fans, 3 one fan, 4 shadows, 5 hatches
#else
out vec3 vPlace;
out vec3 vSeen;            // the same, relative to the origin
flat out vec3 vSize;
flat out ivec4 vFace;      // axis, side, look, front
flat out ivec2 vMark;      // marks, whether the section cuts this face
#endif
void main() {
  int number = uFirst + gl_VertexID / 18, turn = gl_VertexID % 18, face_ = turn / 6;
  turn -= 6 * face_;
  vec3 low, high;
  ivec3 info = boxed(number, low, high);
  float share = texelFetch(uParts, ivec2(number & 1023, number >> 10), 0).r;
  vec2 uv = vec2(turn == 1 || turn == 2 || turn == 4 ? 1.0 : 0.0, turn == 2 || turn > 3 ? 1.0 : 0.0);
  vec3 corner = vec3(equal(ivec3(face_), ivec3(0, 1, 2))); // 1 along the axis of the face, of the three that can be seen
  vec3 spot = face_ == 0 ? vec3(0.0, uv) : face_ == 1 ? vec3(uv.y, 0.0, uv.x) : vec3(uv, 0.0); // place on it
  int layer = info.x;
  vec4 coat = texelFetch(uLayers, ivec2(layer, 0), 0);
  vec4 state = texelFetch(uLayers, ivec2(layer, 1), 0);
  int marks = info.z;
  vec3 a, b;
  bool gone = clipped(low, high, a, b) || state.y < 0.5 || (marks & 1) != 0 || !SHOWS(int(coat.w + 0.5));
  // Of two opposite faces only the one towards the eye can be seen; between both planes, none.
  bool upper = dot(corner, uEye.xyz - b * uEye.w) > 0.0;
  if (gone || (!upper && dot(corner, uEye.xyz - a * uEye.w) >= 0.0)) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  int axis = face_, side = upper ? 1 : 0;
  vec3 at = mix(a, b, upper ? spot + corner : spot);
  gl_Position = uMatrix * vec4(at, 1.0);
  int look = int(coat.w + 0.5), front = info.y;
  bool cut = dot(corner, upper ? high - b : a - low) > 0.0;
  vec3 paint = coat.rgb;
  if (share > -0.5) paint = texelFetch(uLut, ivec2(clamp(int(share * 256.0), 0, 255), 0), 0).rgb;
  else if (share > -1.5) paint = uNone.rgb;
#ifdef PLAIN
  vec3 place = at - low, size = high - low;
  vAt = axis == 0 ? place.yz : axis == 1 ? place.xz : place.xy;
  vWide = axis == 0 ? size.yz : axis == 1 ? size.xz : size.xy;
  vGround = at.xy;
  int face = axis == 2 ? 0 : axis == 1 ? (side == 0 ? 1 : 3) : (side == 1 ? 2 : 4);
  if ((marks & 2) != 0) paint = uOut;
  paint *= axis == 2 ? (side == 1 ? 1.0 : 0.62) : face == 1 ? 0.90 : face == 2 ? 0.81 : face == 3 ? 0.76 : 0.85;
  if (look == 9) paint *= 0.65;
  bool faded = (marks & 4) != 0;
  if (faded) paint = mix(paint, uBack, 0.72);
  vPaint = vec4(paint, state.x * (faded ? 0.6 : 1.0));
  float kind = cut ? 0.0 : look == 1 && face == front && face > 0 ? 1.0 : (look == 4 || look == 5) && axis == 2 ? float(look - 2) : 0.0;
  if (look == 11 && axis == 2) kind = 4.0;
  if ((marks & 2) != 0) kind = 5.0;
  vLine = vec4((marks & 48) != 0 ? ((marks & 16) != 0 ? uUp : uDown) : paint * 0.66, kind);
#else
  vPlace = at - low;
  vSeen = at;
  vSize = high - low;
  vFace = ivec4(axis, side, look, front);
  vMark = ivec2(marks, cut ? 1 : 0);
  vPaint = vec4(paint, state.x);
#endif
}
`;

const GIVEN = /* glsl */ `
in vec3 vPlace;
in vec3 vSeen;
flat in vec3 vSize;
flat in vec4 vPaint;
flat in ivec4 vFace;
flat in ivec2 vMark;
uniform float uGlass;
uniform sampler2D uShadow;
uniform vec4 uShadowAt;    // corner and reciprocal size of the baked shadow
uniform vec3 uUp;          // colours of what serves, and of what is served
uniform vec3 uDown;
uniform vec3 uOut;
out vec4 color;
`;

export const FRAGMENT = /* glsl */ `
${FRAME}${GIVEN}#define SHOWS(look) ((LOOKS & (1 << (look))) != 0)
${FACES}
#if SHOWS(8)
// Round the pipe that a box stands for: where the ray meets the cylinder; the coverage of its outline.
float pipe(int along, vec3 ray, out float lit) {
  int i = (along + 1) % 3, j = (along + 2) % 3;
  vec2 radius = max(0.5 * vec2(vSize[i], vSize[j]), 1e-4);
  vec2 p = (vec2(vPlace[i], vPlace[j]) - radius) / radius;
  vec2 d = vec2(ray[i], ray[j]) / radius;
  lit = 1.0;
  float dd = dot(d, d);
  float soft = fwidth(p.x) + fwidth(p.y) + 1e-6;
  if (dd < 1e-9) return clamp((1.0 - length(p)) / soft + 0.5, 0.0, 1.0);
  float s = -dot(p, d) / dd;
  float miss = length(p + s * d);
  float back = sqrt(max(1.0 - miss * miss, 0.0) / dd);
  vec2 n = p + (s - back) * d;
  float first = s - back;
  // Seen through the end: the ray enters the lid of the cylinder, not its mantle.
  if (first < -1e-4) n = length(p) < 1.0 ? vec2(0.0) : n;
  vec3 normal = vec3(0.0);
  normal[i] = n.x;
  normal[j] = n.y;
  if (dot(n, n) > 0.0) normal = normalize(normal);
  else normal[along] = 1.0;
  lit = 0.74 + 0.26 * clamp(dot(normal, normalize(vec3(-0.35, -0.45, 0.85))), -0.6, 1.0);
  vec3 half_ = normalize(normalize(vec3(-0.35, -0.45, 0.85)) - ray);
  lit += 0.22 * pow(max(dot(normal, half_), 0.0), 24.0);
  return clamp((1.0 - miss) / (0.6 * soft) + 0.5, 0.0, 1.0);
}
#endif

void main() {
  int axis = vFace.x, look = vFace.z;
  int side = axis == 2 ? 4 + vFace.y : (axis == 1 ? (vFace.y == 0 ? 1 : 3) : (vFace.y == 1 ? 2 : 4));
  bool flatFace = axis == 2;
  vec2 p = axis == 0 ? vPlace.yz : axis == 1 ? vPlace.xz : vPlace.xy;
  vec2 size = axis == 0 ? vSize.yz : axis == 1 ? vSize.xz : vSize.xy;
  vec2 px = max(fwidth(p), 1e-5);
  vec3 paint = vPaint.rgb;
  float alpha = vPaint.a;
  bool out_ = (vMark.x & 2) != 0;
  if (out_) paint = uOut;
  // Tops keep the colour of the bar; sides are darker, each its own way, so that a corner reads without a line.
  float lit = flatFace ? (vFace.y == 1 ? 1.0 : 0.62) : side == 1 ? 0.90 : side == 2 ? 0.81 : side == 3 ? 0.76 : 0.85;
  if (!flatFace && look != 11) lit *= mix(0.80, 1.0, smoothstep(0.0, 0.9, vPlace.z));
  vec3 c = paint;
  float edge = 1.0;
  float cover = 1.0;
  float m = max(px.x, px.y);
  vec3 ray = uEye.w > 0.5 ? normalize(vSeen - uEye.xyz) : -uEye.xyz;
  int along = vSize.x >= vSize.y && vSize.x >= vSize.z ? 0 : vSize.y >= vSize.z ? 1 : 2;
  if (vMark.y == 1) {
    // The section shows matter: flat, hatched, in the thing's colour.
    float hatch = comb(dot(vSeen, vec3(1.0, 1.0, 1.0)), 0.12, 0.012, 0.7 * (px.x + px.y));
    c = mix(mix(paint, vec3(0.5), 0.15), paint * 0.55, 0.7 * hatch);
    lit = 0.94;
    if (look == 10 || look == 12) alpha = max(alpha, 0.85);
  }
#if SHOWS(1)
  else if (look == 1) {
    if (flatFace) c = rackTop(paint, p, size, px);
    else if (side == vFace.w) c = rackFront(paint, p, size, px);
    else if (vFace.w > 0 && (side - vFace.w + 4) % 4 == 2) c = rackBack(paint, p, size, px);
    else c = mix(paint, paint * 0.8, clamp(0.1 / m - 0.3, 0.0, 1.0) * frame(p, vec2(0.05, 0.06), size - vec2(0.05, 0.06), 0.004, px));
  }
#endif
#if SHOWS(2)
  else if (look == 2) {
    if (!flatFace && (side == vFace.w || vFace.w == 0)) c = cduFront(paint, p, size, px);
    else if (flatFace) c = rackTop(paint, p, size, px);
  }
#endif
#if SHOWS(3)
  else if (look == 3) {
    if (!flatFace && (side == vFace.w || vFace.w == 0)) c = crahFront(paint, p, size, px);
    else if (flatFace) c = mix(paint, paint * 0.72, frame(p, size * 0.14, size * 0.86, 0.012, px) * clamp(0.1 / m, 0.0, 1.0));
  }
#endif
#if SHOWS(4)
  else if (look == 4) {
    c = flatFace ? fans(paint, p, size, m) : coils(paint, p, size, px);
  }
#endif
#if SHOWS(5)
  else if (look == 5) {
    if (flatFace) {
      vec2 q = p - 0.5 * size;
      c = fans(paint, q + 0.5 * min(size.x, size.y), vec2(min(size.x, size.y)), m);
      if (max(abs(q.x), abs(q.y)) > 0.5 * min(size.x, size.y)) c = paint;
    } else c = louvres(paint, p, size, px);
  }
#endif
#if SHOWS(6)
  else if (look == 6) {
    bool wide = (axis == 1) == (vSize.x >= vSize.y);
    if (!flatFace && (side == vFace.w || (vFace.w == 0 && wide))) c = panelFront(paint, p, size, px);
    else if (!flatFace && wide) c = panelBack(paint, p, size, px);
    else if (!flatFace) c = mix(paint, paint * 0.75, clamp(0.1 / m - 0.3, 0.0, 1.0) * frame(p, vec2(0.08), size - 0.08, 0.005, px));
  }
#endif
#if SHOWS(0)
  else if (look == 0) {
    // Machines without a look of their own have a plinth and covers; columns and the like are too slender for them.
    if (min(size.x, size.y) > 0.6) c = casing(paint, p, size, px, flatFace);
  }
#endif
#if SHOWS(7) || SHOWS(9)
  else if (look == 7 || look == 9) {
    bool run = axis == 0 ? along == 1 : along == 0;
    vec2 q = run ? p : p.yx;
    vec2 s = run ? size : size.yx;
    vec2 w = run ? px : px.yx;
    if (axis != along) {
      if (look == 7) c = busway(paint, q.x, q.y, s.y, w);
      else if (flatFace) c = tray(paint, q.x, q.y, s.y, w);
      else c = paint * (0.9 - 0.3 * comb(q.x, 0.3, 0.02, w.x));
    }
  }
#endif
#if SHOWS(8)
  else if (look == 8) {
    cover = pipe(along, ray, lit);
    float x = vPlace[along];
    if (axis != along) c = mix(paint, paint * 0.72, comb(x, 6.0, 0.045, fwidth(x)));
    edge = 0.0;
  }
#endif
#if SHOWS(10)
  else if (look == 10) {
    vec2 d = min(p, size - p);
    float rim = max(clamp((0.05 - d.x) / px.x + 0.5, 0.0, 1.0), clamp((0.05 - d.y) / px.y + 0.5, 0.0, 1.0));
    float bars = flatFace ? 0.0 : comb(p.x, max(size.x / max(floor(size.x / 1.2), 1.0), 0.2), 0.018, px.x);
    rim = max(rim, bars) * clamp(min(size.x, size.y) / (6.0 * m), 0.0, 1.0);
    c = mix(paint, paint * 0.55, rim);
    alpha = mix(alpha, min(alpha * 2.6, 0.8), rim);
    alpha += 0.10 * pow(1.0 - abs(ray[axis]), 3.0);
    edge = 0.6;
  }
#endif
#if SHOWS(11)
  else if (look == 11) {
    if (flatFace) {
      vec2 tile = min(abs(fract(p / 0.6) - 0.5), 0.5);
      float joint = max(comb(p.x, 0.6, 0.004, px.x), comb(p.y, 0.6, 0.004, px.y));
      c = mix(paint, uDark > 0.5 ? paint * 1.28 + 0.015 : paint * 0.86, joint * clamp(0.28 / m - 0.6, 0.0, 1.0));
      float dim = texture(uShadow, (vSeen.xy - uShadowAt.xy) * uShadowAt.zw).r;
      c *= 1.0 - (uDark > 0.5 ? 0.72 : 0.55) * dim;
    }
    edge = 0.8;
  }
#endif
#if SHOWS(12)
  else if (look == 12) {
    edge = 1.4;
    if (flatFace) alpha = max(alpha, 0.5);
  }
#endif
  if (out_) {
    float stripe = comb(p.x + p.y, 0.24, 0.03, px.x + px.y);
    c = mix(c, c + (uDark > 0.5 ? 0.26 : 0.34), 0.8 * stripe);
  }
  c *= lit;
  // A dark line along the edges, a pixel wide; gone where a face is only a few pixels.
  vec2 d = min(p, size - p) / (px * max(uLine, 1.0));
  vec2 room = clamp((size / px - 5.0) / 12.0, 0.0, 1.0);
  float line = max(clamp(1.25 - d.x, 0.0, 1.0), clamp(1.25 - d.y, 0.0, 1.0)) * min(room.x, room.y);
  float strength = edge * (uDark > 0.5 ? 0.50 : 0.42);
  c = mix(c, uDark > 0.5 ? c * 0.35 : c * 0.42, clamp(line * strength, 0.0, 1.0));
  if (uGlass > 0.5) alpha = clamp(alpha + line * edge * (look == 12 ? 0.25 : 0.15), 0.0, 1.0);
  if ((vMark.x & 48) != 0) {
    vec3 tone = (vMark.x & 16) != 0 ? uUp : uDown;
    vec2 e = min(p, size - p) / (px * uLine);
    c = mix(c, tone, clamp(2.3 - min(e.x, e.y), 0.0, 1.0) * min(room.x, room.y) * 0.9);
  }
  if ((vMark.x & 4) != 0) {
    c = mix(vec3(grey(c)), c, 0.35);
    c = mix(c, uBack, 0.68);
    alpha *= 0.6;
  }
  if (uGlass > 0.5) {
    color = vec4(c, alpha);
  } else {
#if SHOWS(8)
    if (cover <= 0.0) discard;
#endif
    color = vec4(c, cover);
  }
}
`;

/** The same in few instructions, for drawing by the processor: colours, doors, fans and edges, no detail. */
export const PLAIN_FRAGMENT = /* glsl */ `
precision highp float;
in vec2 vAt;
in vec2 vGround;
flat in vec2 vWide;
flat in vec4 vPaint;
flat in vec4 vLine;
uniform float uGlass;
uniform float uDark;
uniform sampler2D uShadow;
uniform vec4 uShadowAt;
out vec4 color;
void main() {
  vec4 c = vPaint;
  vec2 rim = min(vAt, vWide - vAt);
  if (vLine.w > 4.5) {
    if (abs(fract((vAt.x + vAt.y) / 0.24) - 0.5) < 0.125) c.rgb += uDark > 0.5 ? 0.14 : 0.2;
  } else if (vLine.w > 3.5) {
    c.rgb *= 1.0 - (uDark > 0.5 ? 0.72 : 0.55) * textureLod(uShadow, (vGround - uShadowAt.xy) * uShadowAt.zw, 0.0).r;
  } else if (vLine.w > 1.5) {
    float least = min(vWide.x, vWide.y);
    vec2 cell = vWide / max(floor(vWide / (vLine.w > 2.5 ? least : clamp(0.5 * least, 0.5, 2.4)) + 0.35), 1.0);
    vec2 q = (fract(vAt / cell) - 0.5) * cell;
    if (dot(q, q) < 0.17 * min(cell.x * cell.x, cell.y * cell.y)) c.rgb *= 0.45;
  } else if (vLine.w > 0.5 && rim.x > 0.04 && rim.y > 0.06) {
    c.rgb = c.rgb * 0.56 + 0.09;
  }
  vec2 px = fwidth(vAt);
  if ((rim.x < px.x || rim.y < px.y) && min(vWide.x / px.x, vWide.y / px.y) > 7.0) c = vec4(vLine.rgb, uGlass > 0.5 ? c.a + 0.2 : 1.0);
  color = vec4(c.rgb, uGlass > 0.5 ? c.a : 1.0);
}
`;
