/** The streamlines of a run, all of them in one draw call. */
import type { DataTexture, Mesh } from "three";
import type { Scene } from "../contract";
import type { Streams } from "../generated/scene";
import { NO_VALUE } from "./boxes";
import type { Uniforms } from "./boxes";
import { Streamlines } from "./lines";
import { colorTable, fill } from "./tables";
import type { Triple } from "./vectors";

/** Seconds of air between two dashes, and how much faster than the air they drift. */
const PERIOD = 2.4;
const HASTE = 1.6;

export class StreamLayer {
  private readonly lut: DataTexture = colorTable();
  private readonly lines: Streamlines;
  private built = false;

  constructor(private readonly scene: Scene, private readonly origin: Triple, frame: Uniforms, private readonly moves: boolean) {
    this.lines = new Streamlines({
      ...frame, uLut: { value: this.lut }, uWidth: { value: 2.2 }, uTime: { value: 0 }, uPeriod: { value: PERIOD },
      uMoves: { value: moves ? 1 : 0.55 },
    });
  }

  get mesh(): Mesh {
    return this.lines.mesh;
  }

  /** Whether the picture changes by itself. */
  get alive(): boolean {
    return this.moves && this.mesh.visible;
  }

  show(on: boolean, lut: Uint8Array): void {
    if (on && !this.built) this.build();
    if (on) fill(this.lut, lut);
    this.mesh.visible = on && this.lines.count > 0;
  }

  tick(seconds: number): void {
    this.lines.uniforms.uTime!.value = (seconds * HASTE) % (PERIOD * 1000);
  }

  private build(): void {
    this.built = true;
    const all = this.scene.document.streams;
    const total = all.reduce((sum, streams) => sum + (streams.values.shape[0] ?? 0), 0);
    const points = new Float32Array(4 * total);
    const seconds = new Float32Array(total);
    const begins = new Uint8Array(total);
    let at = 0;
    for (const streams of all) at = this.append(streams, points, seconds, begins, at);
    this.lines.set(points.subarray(0, 4 * at), seconds.subarray(0, at), begins);
  }

  private append(streams: Streams, points: Float32Array, seconds: Float32Array, begins: Uint8Array, at: number): number {
    const { scene, origin } = this;
    const [place, values, times] = [scene.numbers(streams.points), scene.numbers(streams.values), scene.numbers(streams.times)];
    const [low, high] = this.limits(streams, values);
    const count = Math.min(place.length / 3, values.length, times.length, seconds.length - at);
    for (const first of scene.numbers(streams.start)) if (first < count) begins[at + first] = 1;
    begins[at] = 1;
    for (let k = 0; k < count; k++) {
      const share = Math.min(Math.max((values[k]! - low) / (high - low), 0), 1);
      const x = place[3 * k]! - origin[0], y = place[3 * k + 1]! - origin[1], z = place[3 * k + 2]! - origin[2];
      const sound = Number.isFinite(x + y + z + times[k]!);
      points.set(sound ? [x, y, z, Number.isFinite(share) ? share : NO_VALUE] : [0, 0, 0, NO_VALUE], 4 * (at + k));
      seconds[at + k] = sound ? times[k]! : 0;
      if (!sound) {
        // A point that is none: the line ends before it, and another begins behind.
        begins[at + k] = 1;
        if (at + k + 1 < begins.length) begins[at + k + 1] = 1;
      }
    }
    return at + count;
  }

  private limits(streams: Streams, values: ArrayLike<number>): [number, number] {
    const quantity = this.scene.document.quantities[streams.quantity];
    if (quantity && quantity.high > quantity.low) return [quantity.low, quantity.high];
    let [low, high] = [Infinity, -Infinity];
    for (let k = 0; k < values.length; k++) {
      if (values[k]! < low) low = values[k]!;
      if (values[k]! > high) high = values[k]!;
    }
    return high > low ? [low, high] : [low - 0.5, low + 0.5];
  }

  dispose(): void {
    this.lut.dispose();
  }
}
