/** All solid boxes of a run in one draw call, all translucent ones in another; how they look is decided in the shader. */
import {
  BufferAttribute, BufferGeometry, GLSL3, InstancedBufferAttribute, InstancedBufferGeometry, InstancedInterleavedBuffer,
  InterleavedBufferAttribute, Mesh, NormalBlending, RawShaderMaterial,
} from "three";
import type { IUniform } from "three";
import { FRAGMENT, PLAIN_FRAGMENT, VERTEX } from "./boxshaders";

export type Uniforms = Record<string, IUniform>;

/** Looks by number, as the shader knows them. */
export const LOOKS = ["box", "rack", "cdu", "crah", "cooler", "tower", "panel", "busway", "pipe", "tray", "glass", "floor", "wall"] as const;
/** What a thing is, beside its value. */
export const MARK = { hidden: 1, out: 2, faded: 4, selected: 8, up: 16, down: 32 } as const;
/** Shares that are none: no value (grey), and the layer's own colour. */
export const NO_VALUE = -1;
export const PLAIN = -2;

/** Of every vertex: the axis of its face, and its place on it. */
const AXES = [0, 1, 2].flatMap((axis) => [0, 1, 2, 3].flatMap(() => [0, 1, 2].map((k) => Number(k === axis))));
const SPOTS = [0, 1, 2].flatMap((axis) =>
  [[0, 0], [1, 0], [1, 1], [0, 1]].flatMap(([u, v]) => [0, 1, 2].map((k) => (k === axis ? 0 : k === (axis + 1) % 3 ? u! : v!))),
);
const FACES_OF = [0, 1, 2].flatMap((face) => [0, 1, 2, 0, 2, 3].map((k) => 4 * face + k));

/** What every box has, as the drawing card keeps it. */
export interface BoxArrays {
  count: number;
  /** (n, 6) */
  bounds: Float32Array;
  /** (n, 4) layer, front, marks, 0 */
  info: Uint8Array;
  /** (n,) */
  share: Float32Array;
}

/** The attributes of boxes, shared by all meshes that draw them. */
export class BoxAttributes {
  readonly info: InstancedBufferAttribute;
  readonly share: InstancedBufferAttribute;
  private readonly low: InterleavedBufferAttribute;
  private readonly high: InterleavedBufferAttribute;

  constructor(readonly arrays: BoxArrays) {
    const bounds = new InstancedInterleavedBuffer(arrays.bounds, 6, 1);
    this.low = new InterleavedBufferAttribute(bounds, 3, 0);
    this.high = new InterleavedBufferAttribute(bounds, 3, 3);
    this.info = new InstancedBufferAttribute(arrays.info, 4);
    this.share = new InstancedBufferAttribute(arrays.share, 1);
  }

  /** The boxes as instances of a shape. */
  instances(shape: BufferGeometry): InstancedBufferGeometry {
    const geometry = new InstancedBufferGeometry();
    geometry.index = shape.index;
    for (const [name, attribute] of Object.entries(shape.attributes)) geometry.setAttribute(name, attribute as BufferAttribute);
    geometry.setAttribute("low", this.low).setAttribute("high", this.high);
    geometry.setAttribute("info", this.info).setAttribute("share", this.share);
    geometry.instanceCount = this.arrays.count;
    return geometry;
  }
}

/** The three faces of a box that can be seen. */
export function faceShape(): BufferGeometry {
  const shape = new BufferGeometry().setIndex(FACES_OF);
  return shape.setAttribute("corner", new BufferAttribute(new Float32Array(AXES), 3)).setAttribute("spot", new BufferAttribute(new Float32Array(SPOTS), 3));
}

/** The mesh of the solid boxes, or of the translucent ones. */
export function boxMesh(attributes: BoxAttributes, uniforms: Uniforms, glass: boolean, plain: boolean): Mesh {
  const material = new RawShaderMaterial({
    glslVersion: GLSL3, vertexShader: VERTEX, fragmentShader: plain ? PLAIN_FRAGMENT : FRAGMENT,
    defines: plain ? { PLAIN: 1 } : {}, uniforms: { ...uniforms, uGlass: { value: glass ? 1 : 0 } },
    transparent: glass, depthWrite: !glass, blending: NormalBlending, side: 2,
    // Round pipes are cut out of their boxes: their outline is smoothed with the samples of the edges.
    alphaToCoverage: !glass && !plain,
  });
  const mesh = new Mesh(attributes.instances(faceShape()), material);
  mesh.frustumCulled = false;
  mesh.renderOrder = glass ? 10 : 0;
  return mesh;
}
