/**
 * The air of the halls: fields as textures in three dimensions, cut, enclosed by a surface, or seen through.
 *
 * Where there is no air a field has no value.  A texture that mixes neighbours would mix that into the values beside it, so
 * two numbers are kept for every cell, value times "is air" and "is air": their mixtures divided give the mean of the air alone.
 */
import {
  BufferAttribute, BufferGeometry, Data3DTexture, DoubleSide, BackSide, DynamicDrawUsage, GLSL3, LinearFilter, Mesh, RGFormat, RawShaderMaterial,
  UnsignedByteType, Vector2, Vector3, BoxGeometry,
} from "three";
import type { DataTexture, Scene as ThreeScene } from "three";
import type { Air, Scene } from "../contract";
import type { Volume } from "../generated/scene";
import { CUT_FRAGMENT, CUT_VERTEX, PLACE_VERTEX, SURFACE_FRAGMENT, VOLUME_FRAGMENT } from "./airshaders";
import type { Uniforms } from "./boxes";
import { colorTable, fill } from "./tables";
import { add, finite, minus } from "./vectors";
import type { Triple } from "./vectors";

/** Cells of one field that are taken; a larger one is damaged, or of no use on a screen. */
const MOST = 256 * 1024 * 1024;
/** Cuts at once. */
const CUTS = 12;

/** Steps along a ray: how many cells each, and the most of them; fewer where a processor draws what moves. */
const [FINE_STEP, FINE_STEPS] = [0.6, 320];
const [REST_STEP, REST_STEPS] = [0.9, 160];
const [PLAIN_STEP, PLAIN_STEPS] = [1.6, 48];

interface Field {
  volume: Volume;
  texture: Data3DTexture;
  uniforms: Uniforms;
  meshes: Record<"slice" | "surface" | "volume", Mesh>;
}

/** All volumes of a run; textures are made when they are first shown. */
export class AirField {
  /** Whether the depth of what is solid is needed before the picture. */
  seesThrough = false;
  private readonly fields = new Map<number, Field>();
  private readonly lut: DataTexture = colorTable();

  constructor(
    private readonly scene: Scene, private readonly origin: Triple, private readonly root: ThreeScene, private readonly frame: Uniforms,
    private readonly software: boolean,
  ) {}

  show(air: Air): void {
    fill(this.lut, air.lut);
    this.seesThrough = false;
    this.scene.document.volumes.forEach((volume, index) => {
      const on = air.mode !== "off" && volume.name === air.name;
      const field = on ? this.field(volume, index) : this.fields.get(index);
      if (!field) return;
      for (const [mode, mesh] of Object.entries(field.meshes)) mesh.visible = on && mode === air.mode;
      if (!on) return;
      const span = volume.high - volume.low;
      field.uniforms.uLevel01!.value = span > 0 ? (air.level - volume.low) / span : 0;
      if (air.mode === "slice") this.cut(field, air);
      if (air.mode === "volume") this.seesThrough = true;
    });
  }

  /** Finer steps along rays, nearly as where a card draws; the second call takes it back. */
  refine(): void {
    for (const { uniforms } of this.fields.values()) {
      const fine = uniforms.uSteps!.value === REST_STEPS;
      uniforms.uStep!.value *= fine ? PLAIN_STEP / REST_STEP : REST_STEP / PLAIN_STEP;
      uniforms.uSteps!.value = fine ? PLAIN_STEPS : REST_STEPS;
    }
  }

  private cut(field: Field, air: Air): void {
    const { volume } = field;
    const low = minus(volume.origin, this.origin);
    const high = add(low, volume.size);
    const places: number[] = [];
    const spots: number[] = [];
    for (const { axis, at } of air.axes.slice(0, CUTS)) {
      const k = "xyz".indexOf(axis);
      const level = at - this.origin[k]!;
      if (!(level >= low[k]! && level <= high[k]!)) continue;
      const [i, j] = [(k + 1) % 3, (k + 2) % 3];
      for (const [u, v] of [[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]] as const) {
        const place: Triple = [0, 0, 0];
        [place[k], place[i], place[j]] = [level, u ? high[i]! : low[i]!, v ? high[j]! : low[j]!];
        places.push(...place);
        spots.push(u, v, volume.size[i]!, volume.size[j]!);
      }
    }
    const geometry = field.meshes.slice.geometry;
    const positions = geometry.attributes.position as BufferAttribute;
    (positions.array as Float32Array).set(places);
    positions.needsUpdate = true;
    const corners = geometry.attributes.spot as BufferAttribute;
    (corners.array as Float32Array).set(spots);
    corners.needsUpdate = true;
    geometry.setDrawRange(0, places.length / 3);
    field.meshes.slice.visible = places.length > 0;
  }

  private field(volume: Volume, index: number): Field | null {
    const known = this.fields.get(index);
    if (known) return known;
    const [nz = 0, ny = 0, nx = 0] = volume.samples.shape;
    const cells = nx * ny * nz;
    const sound = finite(volume.origin) && finite(volume.size) && volume.size.every((side) => side > 0);
    if (!(cells > 0 && cells <= MOST) || !sound) return null;
    const texture = textureOf(this.scene.numbers(volume.samples) as Uint8Array, nx, ny, nz);
    const cell = Math.min(volume.size[0] / nx, volume.size[1] / ny, volume.size[2] / nz);
    const uniforms: Uniforms = {
      ...this.frame, uField: { value: texture }, uLut: { value: this.lut }, uOrigin: { value: new Vector3(...minus(volume.origin, this.origin)) },
      uSize: { value: new Vector3(...volume.size) }, uShare: { value: this.shares(volume) }, uLevel01: { value: 0.5 },
      uStep: { value: cell * (this.software ? PLAIN_STEP : FINE_STEP) }, uSteps: { value: this.software ? PLAIN_STEPS : FINE_STEPS },
    };
    const cuts = new BufferGeometry().setAttribute("position", new BufferAttribute(new Float32Array(CUTS * 18), 3).setUsage(DynamicDrawUsage));
    cuts.setAttribute("spot", new BufferAttribute(new Float32Array(CUTS * 24), 4).setUsage(DynamicDrawUsage));
    const box = new BoxGeometry(1, 1, 1).translate(0.5, 0.5, 0.5);
    const meshes = {
      slice: made(cuts, CUT_VERTEX, CUT_FRAGMENT, uniforms, 5, DoubleSide, true, true, true),
      surface: made(box, PLACE_VERTEX, SURFACE_FRAGMENT, uniforms, 12, BackSide, true, true, false),
      volume: made(box, PLACE_VERTEX, VOLUME_FRAGMENT, uniforms, 12, BackSide, false, true, false),
    };
    const field = { volume, texture, uniforms, meshes };
    this.root.add(...Object.values(meshes));
    this.fields.set(index, field);
    return field;
  }

  /** From a sample 0 .. 1 to the share along the colours: those of the quantity that the field shares them with. */
  private shares(volume: Volume): Vector2 {
    const quantity = this.scene.document.quantities[volume.quantity];
    if (!quantity || !(quantity.high > quantity.low)) return new Vector2(0, 1);
    const span = quantity.high - quantity.low;
    return new Vector2((volume.low - quantity.low) / span, (volume.high - volume.low) / span);
  }

  dispose(): void {
    for (const field of this.fields.values()) {
      field.texture.dispose();
      for (const mesh of Object.values(field.meshes)) {
        this.root.remove(mesh);
        mesh.geometry.dispose();
        (mesh.material as RawShaderMaterial).dispose();
      }
    }
    this.lut.dispose();
  }
}

function made(
  geometry: BufferGeometry, vertexShader: string, fragmentShader: string, uniforms: Uniforms, order: number, side: typeof DoubleSide | typeof BackSide,
  depthTest: boolean, transparent: boolean, depthWrite: boolean,
): Mesh {
  const material = new RawShaderMaterial({
    glslVersion: GLSL3, vertexShader, fragmentShader, uniforms, transparent, depthTest, depthWrite, side,
  });
  const mesh = new Mesh(geometry, material);
  mesh.frustumCulled = false;
  mesh.renderOrder = order;
  mesh.visible = false;
  return mesh;
}

/** Samples as value times "is air" and "is air". */
function textureOf(samples: Uint8Array, nx: number, ny: number, nz: number): Data3DTexture {
  const pairs = new Uint8Array(2 * nx * ny * nz);
  for (let k = 0, n = Math.min(samples.length, pairs.length / 2); k < n; k++) {
    const sample = samples[k]!;
    if (sample === 0) continue;
    pairs[2 * k] = Math.round(((sample - 1) * 255) / 254);
    pairs[2 * k + 1] = 255;
  }
  const texture = new Data3DTexture(pairs, nx, ny, nz);
  [texture.format, texture.type] = [RGFormat, UnsignedByteType];
  [texture.minFilter, texture.magFilter] = [LinearFilter, LinearFilter];
  texture.unpackAlignment = 1;
  texture.needsUpdate = true;
  return texture;
}
