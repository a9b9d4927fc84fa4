/** What the shaders share.  Places are relative to the run's origin, colours are those of the screen (no conversion anywhere). */

/** Numbers of the picture as a whole; set before a run is drawn. */
export const FRAME = /* glsl */ `
precision highp float;
precision highp int;
uniform mat4 uMatrix;      // to the clip volume
uniform vec4 uEye;         // place and 1; direction towards a parallel eye and 0
uniform vec3 uAhead;
uniform vec2 uPixels;      // size of the whole picture, device pixels
uniform float uLine;       // device pixels of a line that is one pixel wide on a plain screen
uniform vec3 uLow;         // the section
uniform vec3 uHigh;
uniform vec3 uBack;        // colour of the distance
uniform float uDark;       // 1: dark theme
`;

/** A line from a to b as a flat strip that faces the eye; `corner` is (0 or 1 along, -1 or 1 across), `width` in plain pixels. */
export const RIBBON = /* glsl */ `
vec4 ribbon(vec3 a, vec3 b, vec2 corner, float width, out float across) {
  vec4 p = uMatrix * vec4(a, 1.0);
  vec4 q = uMatrix * vec4(b, 1.0);
  // What lies behind the eye is cut off before the division, or the line would turn around.
  float near = 1e-3;
  if (p.w < near && q.w < near) return vec4(2.0, 2.0, 2.0, 1.0);
  if (p.w < near) p = mix(p, q, (near - p.w) / (q.w - p.w));
  if (q.w < near) q = mix(q, p, (near - q.w) / (p.w - q.w));
  vec2 along = (q.xy / q.w - p.xy / p.w) * uPixels;
  along = length(along) > 1e-6 ? normalize(along) : vec2(1.0, 0.0);
  float reach = 0.5 * width * uLine + 1.0;
  across = corner.y * reach;
  vec4 at = corner.x < 0.5 ? p : q;
  vec2 aside = (vec2(-along.y, along.x) * corner.y + along * (corner.x * 2.0 - 1.0) * 0.5) * reach;
  at.xy += 2.0 * aside / uPixels * at.w;
  return at;
}
`;

/** Opacity of a strip at a distance from its middle, both device pixels. */
export const STRIP = /* glsl */ `
float strip(float across, float width) {
  return clamp(0.5 * width * uLine + 0.5 - abs(across), 0.0, 1.0);
}
`;

/** Where a box is seen, after the section; false: nowhere. */
export const CLIP = /* glsl */ `
bool clipped(vec3 low, vec3 high, out vec3 a, out vec3 b) {
  a = max(low, uLow);
  b = min(high, uHigh);
  return any(greaterThan(a, b));
}
`;

/** A box by its number: layer, front and marks, and its corners. */
export const BOXES = /* glsl */ `
precision highp sampler2D;
uniform sampler2D uPlaces; // rows of 1024 boxes, two corners each
uniform sampler2D uInfo;
uniform sampler2D uParts;  // shares along the colours
uniform int uFirst;
ivec3 boxed(int number, out vec3 low, out vec3 high) {
  ivec2 at = ivec2(number & 1023, number >> 10);
  low = texelFetch(uPlaces, ivec2(2 * at.x, at.y), 0).xyz;
  high = texelFetch(uPlaces, ivec2(2 * at.x + 1, at.y), 0).xyz;
  return ivec3(texelFetch(uInfo, at, 0).xyz * 255.0 + 0.5);
}
`;
