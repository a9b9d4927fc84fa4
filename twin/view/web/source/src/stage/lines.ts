/** Lines of an even width on the screen: outlines of things, arcs between them, streamlines.  One draw call each. */
import {
  BufferAttribute, BufferGeometry, GLSL3, InstancedBufferAttribute, InstancedBufferGeometry, InstancedInterleavedBuffer,
  InterleavedBufferAttribute, Mesh, RawShaderMaterial,
} from "three";
import type { Uniforms } from "./boxes";
import type { Piece } from "./routes";
import { CLIP, FRAME, RIBBON, STRIP } from "./shaders";

/** A strip: 0, along, across. */
const QUAD = new Float32Array([0, 0, -1, 0, 0, 1, -1, 0, 0, 1, 1, 0, 0, 0, 1, 0]);

function mesh(shape: BufferGeometry, vertexShader: string, fragmentShader: string, uniforms: Uniforms, order: number, depthTest: boolean): Mesh {
  const material = new RawShaderMaterial({
    glslVersion: GLSL3, vertexShader, fragmentShader, uniforms, transparent: true, depthTest, depthWrite: false, side: 2,
  });
  const made = new Mesh(shape, material);
  made.frustumCulled = false;
  made.renderOrder = order;
  return made;
}

const OUTLINE_VERTEX = /* glsl */ `
${FRAME}${RIBBON}${CLIP}
in vec4 corner;            // edge 0 .. 11, along, across
in vec3 low;
in vec3 high;
in float sort;             // 1 selected, 0 hovered
uniform vec3 uSelected;
uniform vec3 uHovered;
out float vAcross;
flat out float vWidth;
flat out vec4 vColor;
void main() {
  vec3 a, b;
  int edge = int(corner.x);
  int axis = edge / 4, i = (axis + 1) % 3, j = (axis + 2) % 3;
  vec3 t = vec3(0.0);
  t[i] = float(edge & 1);
  t[j] = float((edge >> 1) & 1);
  bool gone = clipped(low, high, a, b);
  // Whether the two faces that meet here are seen: an edge of none is hidden, one of a single face is the outline.
  vec3 toHigh = uEye.xyz - b * uEye.w, toLow = a * uEye.w - uEye.xyz;
  bool first = (t[i] > 0.5 ? toHigh[i] : toLow[i]) > 0.0;
  bool second = (t[j] > 0.5 ? toHigh[j] : toLow[j]) > 0.0;
  if (gone || (!first && !second)) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  vec3 p = mix(a, b, t), q = p;
  q[axis] = b[axis];
  p[axis] = a[axis];
  bool rim = first != second;
  vWidth = rim ? (sort > 0.5 ? 3.0 : 2.0) : (sort > 0.5 ? 1.4 : 1.0);
  vColor = vec4(sort > 0.5 ? uSelected : uHovered, rim ? 1.0 : 0.75);
  gl_Position = ribbon(p, q, corner.yz, vWidth, vAcross);
}
`;

const PLAIN_FRAGMENT = /* glsl */ `
${FRAME}${STRIP}
in float vAcross;
flat in float vWidth;
flat in vec4 vColor;
out vec4 color;
void main() { color = vec4(vColor.rgb, vColor.a * strip(vAcross, vWidth)); }
`;

/** Quads along every edge of a box. */
function edgeShape(): BufferGeometry {
  const ends = [[0, -1], [1, -1], [1, 1], [0, 1]];
  const corners = Array.from({ length: 12 }, (_, edge) => ends.flatMap(([along, across]) => [edge, along!, across!, 0])).flat();
  const index = Array.from({ length: 12 }, (_, edge) => [0, 1, 2, 0, 2, 3].map((k) => 4 * edge + k)).flat();
  return new BufferGeometry().setAttribute("corner", new BufferAttribute(new Float32Array(corners), 4)).setIndex(index);
}

/** Outlines of boxes: of the selected thing, and of the one under the pointer. */
export class Outlines {
  readonly mesh: Mesh;

  constructor(uniforms: Uniforms) {
    this.mesh = mesh(new InstancedBufferGeometry(), OUTLINE_VERTEX, PLAIN_FRAGMENT, uniforms, 21, false);
    this.set(new Float32Array(0), 0);
  }

  /** (n, 6) boxes, those of the selected thing first. */
  set(bounds: Float32Array, selected: number): void {
    const count = bounds.length / 6;
    const geometry = new InstancedBufferGeometry();
    const shape = edgeShape();
    geometry.setIndex(shape.index).setAttribute("corner", shape.attributes.corner as BufferAttribute);
    const places = new InstancedInterleavedBuffer(bounds, 6, 1);
    geometry.setAttribute("low", new InterleavedBufferAttribute(places, 3, 0));
    geometry.setAttribute("high", new InterleavedBufferAttribute(places, 3, 3));
    geometry.setAttribute("sort", new InstancedBufferAttribute(Float32Array.from({ length: count }, (_, k) => (k < selected ? 1 : 0)), 1));
    replace(this.mesh, geometry, count);
  }
}

const LINK_VERTEX = /* glsl */ `
${FRAME}${RIBBON}
in vec4 corner;            // 0, along, across
in vec3 from;
in vec3 to;
in vec2 sort;              // 0 power, 1 cooling; steps from the chosen thing
uniform vec3 uPower;
uniform vec3 uCooling;
out float vAcross;
flat out float vWidth;
flat out vec4 vColor;
void main() {
  vWidth = sort.y < 1.5 ? 2.6 : sort.y < 2.5 ? 1.7 : 1.2;
  vColor = vec4(sort.x < 0.5 ? uPower : uCooling, sort.y < 1.5 ? 0.95 : sort.y < 2.5 ? 0.55 : 0.28);
  gl_Position = ribbon(from, to, corner.yz, vWidth, vAcross);
}
`;

/** Lines above the racks between things; what stands before them hides them. */
export class Links {
  readonly mesh: Mesh;

  constructor(uniforms: Uniforms) {
    this.mesh = mesh(new InstancedBufferGeometry(), LINK_VERTEX, PLAIN_FRAGMENT, uniforms, 20, true);
    this.set([]);
  }

  set(pieces: readonly Piece[]): void {
    const geometry = new InstancedBufferGeometry().setIndex([0, 1, 2, 0, 2, 3]);
    geometry.setAttribute("corner", new BufferAttribute(QUAD, 4));
    geometry.setAttribute("from", new InstancedBufferAttribute(new Float32Array(pieces.flatMap((piece) => piece.from)), 3));
    geometry.setAttribute("to", new InstancedBufferAttribute(new Float32Array(pieces.flatMap((piece) => piece.to)), 3));
    const sort = pieces.flatMap((piece) => [piece.sort === "cooling" ? 1 : 0, piece.step]);
    geometry.setAttribute("sort", new InstancedBufferAttribute(new Float32Array(sort), 2));
    replace(this.mesh, geometry, pieces.length);
  }
}

const STREAM_VERTEX = /* glsl */ `
${FRAME}${RIBBON}
in vec4 corner;            // 0, along, across
in vec4 begin;             // place and share
in vec4 end;
in vec2 times;             // seconds since the line began, at both ends; negative: no piece
uniform float uWidth;
out float vAcross;
out float vShare;
out float vTime;
void main() {
  if (times.y < 0.0) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  vShare = mix(begin.w, end.w, corner.y);
  vTime = mix(times.x, times.y, corner.y);
  gl_Position = ribbon(begin.xyz, end.xyz, corner.yz, uWidth, vAcross);
}
`;

const STREAM_FRAGMENT = /* glsl */ `
${FRAME}${STRIP}
in float vAcross;
in float vShare;
in float vTime;
uniform float uWidth;
uniform float uTime;
uniform float uPeriod;
uniform float uMoves;
uniform sampler2D uLut;
uniform vec4 uNone;
out vec4 color;
void main() {
  vec3 c = vShare < -0.5 ? uNone.rgb : texelFetch(uLut, ivec2(clamp(int(vShare * 256.0), 0, 255), 0), 0).rgb;
  // A dash that drifts with the air: bright head, fading tail.
  float dash = fract((vTime - uTime) / uPeriod);
  float pulse = mix(0.78, 0.25 + 0.75 * pow(dash, 1.6), uMoves);
  color = vec4(c, pulse * strip(vAcross, uWidth));
}
`;

/** Lines of moving air. */
export class Streamlines {
  readonly mesh: Mesh;
  /** Pieces. */
  count = 0;

  constructor(readonly uniforms: Uniforms) {
    this.mesh = mesh(new InstancedBufferGeometry(), STREAM_VERTEX, STREAM_FRAGMENT, uniforms, 14, true);
    this.mesh.visible = false;
  }

  /** (n, 4) places and shares, (n,) seconds; a line begins where the seconds fall back. */
  set(points: Float32Array, seconds: Float32Array, begins: Uint8Array): void {
    const count = (this.count = Math.max(seconds.length - 1, 0));
    const geometry = new InstancedBufferGeometry().setIndex([0, 1, 2, 0, 2, 3]);
    geometry.setAttribute("corner", new BufferAttribute(QUAD, 4));
    // The end of a piece is the next point of the same array.
    geometry.setAttribute("begin", new InstancedBufferAttribute(points.subarray(0, 4 * count), 4));
    geometry.setAttribute("end", new InstancedBufferAttribute(points.slice(4, 4 * (count + 1)), 4));
    const times = new Float32Array(2 * count);
    for (let k = 0; k < count; k++) times.set(begins[k + 1] ? [0, -1] : [seconds[k]!, seconds[k + 1]!], 2 * k);
    geometry.setAttribute("times", new InstancedBufferAttribute(times, 2));
    replace(this.mesh, geometry, count);
  }
}

function replace(mesh: Mesh, geometry: InstancedBufferGeometry, count: number): void {
  mesh.geometry.dispose();
  geometry.instanceCount = count;
  mesh.geometry = geometry;
  mesh.visible = count > 0;
}
