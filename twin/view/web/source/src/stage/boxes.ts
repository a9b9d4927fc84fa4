/** All solid boxes of a run in one draw call, all translucent ones in another; how they look is decided in the shader. */
import {
  BufferGeometry, DataTexture, FloatType, GLSL3, Mesh, NearestFilter, NormalBlending, RGBAFormat, RawShaderMaterial, RedFormat, UnsignedByteType,
} from "three";
import type { IUniform, PixelFormat, TextureDataType } from "three";
import { FRAGMENT, PLAIN_FRAGMENT, VERTEX } from "./boxshaders";

export type Uniforms = Record<string, IUniform>;

/** Looks by number, as the shader knows them. */
export const LOOKS = ["box", "rack", "cdu", "crah", "cooler", "tower", "panel", "busway", "pipe", "tray", "glass", "floor", "wall"] as const;
/** What a thing is, beside its value. */
export const MARK = { hidden: 1, out: 2, faded: 4, selected: 8, up: 16, down: 32 } as const;
/** Shares that are none: no value (grey), and the layer's own colour. */
export const NO_VALUE = -1;
export const PLAIN = -2;

/** Boxes in a row of the textures that hold them. */
export const ROW = 1024;
/** Corners of the three faces of a box that can be seen. */
const CORNERS = 18;

/** What is kept of every box; the last row may be longer than there are boxes. */
export interface BoxArrays {
  count: number;
  /** (n, 6) */
  bounds: Float32Array;
  /** (rows, ROW, 4) layer, front, marks, 0 */
  info: Uint8Array<ArrayBuffer>;
  /** (rows, ROW) */
  share: Float32Array<ArrayBuffer>;
}

/**
 * Boxes as textures, from which the shaders take them by the number of a vertex.
 *
 * Instances of so small a shape would be slower: a processor begins anew with every one of them.
 */
export class BoxTables {
  readonly info: DataTexture;
  readonly share: DataTexture;
  private readonly places: DataTexture;

  constructor({ count, bounds, info, share }: BoxArrays) {
    const rows = share.length / ROW;
    const places = new Float32Array(8 * share.length);
    for (let k = 0, from = 0, to = 0; k < count; k++, from += 6, to += 8) {
      for (let side = 0; side < 3; side++) {
        places[to + side] = bounds[from + side]!;
        places[to + 4 + side] = bounds[from + 3 + side]!;
      }
    }
    this.places = table(places, 2 * ROW, rows, RGBAFormat, FloatType);
    this.info = table(info, ROW, rows, RGBAFormat, UnsignedByteType);
    this.share = table(share, ROW, rows, RedFormat, FloatType);
  }

  get uniforms(): Uniforms {
    return { uPlaces: { value: this.places }, uInfo: { value: this.info }, uParts: { value: this.share } };
  }

  dispose(): void {
    for (const each of [this.places, this.info, this.share]) each.dispose();
  }
}

function table(values: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>, wide: number, high: number, format: PixelFormat, type: TextureDataType): DataTexture {
  const made = new DataTexture(values, wide, high, format, type);
  [made.minFilter, made.magFilter] = [NearestFilter, NearestFilter];
  made.needsUpdate = true;
  return made;
}

/** A shape without numbers of its own: so many vertices of so many boxes. */
export function numbered(boxes: number, corners = CORNERS): BufferGeometry {
  const shape = new BufferGeometry();
  shape.setDrawRange(0, boxes * corners);
  return shape;
}

/** All looks, as bits. */
export const EVERY_LOOK = 2 ** LOOKS.length - 1;
/** Boxes that are drawn: those of some looks, between two numbers. */
export interface Span {
  from: number;
  to: number;
  glass: boolean;
  looks: number;
}

/** A mesh of boxes; `plain`: with few instructions. */
export function boxMesh(uniforms: Uniforms, { from, to, glass, looks }: Span, plain: boolean): Mesh {
  const material = new RawShaderMaterial({
    glslVersion: GLSL3, vertexShader: VERTEX, fragmentShader: plain ? PLAIN_FRAGMENT : FRAGMENT,
    defines: plain ? { PLAIN: 1, LOOKS: looks } : { LOOKS: looks }, uniforms: { ...uniforms, uGlass: { value: glass ? 1 : 0 }, uFirst: { value: from } },
    transparent: glass, depthWrite: !glass, blending: NormalBlending, side: 2,
    // Round pipes are cut out of their boxes: their outline is smoothed with the samples of the edges.
    alphaToCoverage: !glass && !plain && (looks & (1 << LOOKS.indexOf("pipe"))) !== 0,
  });
  const mesh = new Mesh(numbered(to - from), material);
  mesh.visible = to > from;
  mesh.frustumCulled = false;
  mesh.renderOrder = glass ? 10 : 0;
  return mesh;
}
