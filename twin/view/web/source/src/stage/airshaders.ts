/** How fields of air are drawn. */
import { FRAME } from "./shaders";

const FIELD = /* glsl */ `
precision highp sampler3D;
uniform sampler3D uField;
uniform sampler2D uLut;
uniform vec3 uOrigin;
uniform vec3 uSize;
uniform vec2 uShare;       // share of the colours = x + y * sample
vec2 sampled(vec3 at) {
  vec2 s = texture(uField, (at - uOrigin) / uSize).rg;
  return vec2(s.r / max(s.g, 1e-3), s.g);
}
vec3 colored(float value) {
  return texelFetch(uLut, ivec2(clamp(int((uShare.x + uShare.y * value) * 256.0), 0, 255), 0), 0).rgb;
}
`;

/** A place of a cut through a field. */
export const CUT_VERTEX = /* glsl */ `
${FRAME}
in vec3 position;
in vec4 spot;              // 0 or 1 along both sides, and how long they are
out vec3 vSeen;
out vec2 vAt;
flat out vec2 vWide;
void main() {
  vSeen = position;
  vWide = spot.zw;
  vAt = spot.xy * spot.zw;
  gl_Position = uMatrix * vec4(vSeen, 1.0);
}
`;

/** A place of a field. */
export const PLACE_VERTEX = /* glsl */ `
${FRAME}
in vec3 position;
uniform vec3 uOrigin;
uniform vec3 uSize;
out vec3 vSeen;
void main() {
  vSeen = uOrigin + position * uSize;
  gl_Position = uMatrix * vec4(vSeen, 1.0);
}
`;

/** Values in a plane, without light: they must look like those of the colour bar. */
export const CUT_FRAGMENT = /* glsl */ `
${FRAME}${FIELD}
in vec3 vSeen;
in vec2 vAt;
flat in vec2 vWide;
out vec4 color;
void main() {
  vec2 rim = min(vAt, vWide - vAt) / max(fwidth(vAt), vec2(1e-5));
  if (any(lessThan(vSeen, uLow)) || any(greaterThan(vSeen, uHigh))) discard;
  // A frame, so that a cut reads as a plane in the hall.
  float line = clamp(1.0 + 0.8 * uLine - min(rim.x, rim.y), 0.0, 1.0);
  vec2 s = sampled(vSeen);
  vec3 ink = uDark > 0.5 ? vec3(0.85, 0.9, 0.95) : vec3(0.16, 0.2, 0.26);
  if (s.y < 0.5 && line < 0.01) discard;
  color = vec4(mix(colored(s.x), ink, line), s.y < 0.5 ? 0.8 * line : mix(0.9, 1.0, line));
}
`;

const RAY = /* glsl */ `
// Where the ray to this place enters and leaves the field, as the section leaves it.
bool through(out vec3 from, out vec3 ray, out vec2 span) {
  float reach = 2.0 * length(uSize) + 1.0;
  ray = uEye.w > 0.5 ? normalize(vSeen - uEye.xyz) : -uEye.xyz;
  from = uEye.w > 0.5 ? uEye.xyz : vSeen - ray * reach;
  vec3 inverse = 1.0 / (abs(ray) + 1e-9) * mix(vec3(-1.0), vec3(1.0), greaterThanEqual(ray, vec3(0.0)));
  vec3 a = (max(uOrigin, uLow) - from) * inverse, b = (min(uOrigin + uSize, uHigh) - from) * inverse;
  vec3 first = min(a, b), last = max(a, b);
  span = vec2(max(max(first.x, first.y), max(first.z, 0.02)), min(last.x, min(last.y, last.z)));
  return span.y > span.x && all(lessThan(max(uOrigin, uLow), min(uOrigin + uSize, uHigh)));
}
// A little noise in where rays begin, instead of rings.
float jitter(vec2 p) { return fract(52.9829189 * fract(dot(p, vec2(0.06711056, 0.00583715)))); }
`;

/** The surface of a value, found along the ray through every pixel and lit by its slope. */
export const SURFACE_FRAGMENT = /* glsl */ `
${FRAME}${FIELD}
in vec3 vSeen;
uniform float uLevel01;    // the surface's value as a sample
uniform float uStep;
uniform int uSteps;
out vec4 color;
${RAY}
void main() {
  vec3 from, ray;
  vec2 span;
  if (!through(from, ray, span)) discard;
  float dt = max(uStep, (span.y - span.x) / float(uSteps));
  vec2 last = vec2(0.0);
  float t = span.x + dt * 0.5 * jitter(gl_FragCoord.xy);
  bool met = false;
  for (int k = 0; k < 512; k++) {
    if (k >= uSteps + 1 || t > span.y) break;
    vec2 s = sampled(from + ray * t);
    if (s.y > 0.5 && last.y > 0.5 && (s.x - uLevel01) * (last.x - uLevel01) < 0.0) {
      met = true;
      break;
    }
    last = s;
    t += dt;
  }
  if (!met) discard;
  // Halve the step on which it was met.
  float a = t - dt, b = t;
  for (int k = 0; k < 5; k++) {
    float middle = 0.5 * (a + b);
    bool past = (sampled(from + ray * middle).x - uLevel01) * (last.x - uLevel01) < 0.0;
    a = past ? a : middle;
    b = past ? middle : b;
  }
  vec3 at = from + ray * b;
  vec3 e = uSize / vec3(textureSize(uField, 0)) * 1.2;
  vec3 slope = vec3(
    sampled(at + vec3(e.x, 0.0, 0.0)).x - sampled(at - vec3(e.x, 0.0, 0.0)).x,
    sampled(at + vec3(0.0, e.y, 0.0)).x - sampled(at - vec3(0.0, e.y, 0.0)).x,
    sampled(at + vec3(0.0, 0.0, e.z)).x - sampled(at - vec3(0.0, 0.0, e.z)).x) / e;
  vec3 normal = normalize(slope + 1e-9);
  if (dot(normal, ray) > 0.0) normal = -normal;
  vec3 key = normalize(vec3(-0.4, -0.5, 0.8));
  float lit = 0.66 + 0.30 * max(dot(normal, key), 0.0) + 0.10 * normal.z;
  float glint = 0.18 * pow(max(dot(normal, normalize(key - ray)), 0.0), 30.0);
  float rim = pow(1.0 - abs(dot(normal, ray)), 2.0);
  color = vec4(colored(uLevel01) * lit + glint, mix(0.66, 0.92, rim));
  vec4 clip = uMatrix * vec4(at, 1.0);
  gl_FragDepth = 0.5 * clip.z / clip.w + 0.5;
}
`;

/** Air that is the more opaque the higher its value. */
export const VOLUME_FRAGMENT = /* glsl */ `
${FRAME}${FIELD}
in vec3 vSeen;
uniform float uLevel01;
uniform float uStep;
uniform int uSteps;
uniform sampler2D uDepth;  // of what is solid
uniform mat4 uInverse;
out vec4 color;
${RAY}
void main() {
  vec3 from, ray;
  vec2 span;
  if (!through(from, ray, span)) discard;
  vec4 clip = uMatrix * vec4(vSeen, 1.0);
  vec2 screen = clip.xy / clip.w * 0.5 + 0.5;
  float depth = texture(uDepth, screen).r;
  if (depth < 1.0) {
    vec4 solid = uInverse * vec4(screen * 2.0 - 1.0, depth * 2.0 - 1.0, 1.0);
    span.y = min(span.y, dot(solid.xyz / solid.w - from, ray));
  }
  if (span.y <= span.x) discard;
  float dt = max(uStep, (span.y - span.x) / float(uSteps));
  vec3 sum = vec3(0.0);
  float through_ = 1.0;
  float t = span.x + dt * jitter(gl_FragCoord.xy);
  for (int k = 0; k < 512; k++) {
    if (k >= uSteps + 1 || t > span.y || through_ < 0.02) break;
    vec2 s = sampled(from + ray * t);
    if (s.y > 0.5) {
      float dense = smoothstep(uLevel01 - 0.22, uLevel01 + 0.05, s.x);
      float pass = exp(-dense * dense * dt * 0.55);
      sum += through_ * (1.0 - pass) * colored(s.x);
      through_ *= pass;
    }
    t += dt;
  }
  float alpha = 1.0 - through_;
  if (alpha < 0.004) discard;
  color = vec4(sum / alpha, alpha);
}
`;
