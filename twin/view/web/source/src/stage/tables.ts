/** Small textures of numbers and colours. */
import { DataTexture, FloatType, NearestFilter, RGBAFormat, UnsignedByteType } from "three";

/** Numbers that a shader reads one by one, four at a time. */
export function numberTable(values: Float32Array<ArrayBuffer>, wide: number, high: number): DataTexture {
  const made = new DataTexture(values, wide, high, RGBAFormat, FloatType);
  [made.minFilter, made.magFilter] = [NearestFilter, NearestFilter];
  made.needsUpdate = true;
  return made;
}

/** A table of 256 colours, grey until it is filled. */
export function colorTable(): DataTexture {
  const made = new DataTexture(new Uint8Array(1024).fill(160), 256, 1, RGBAFormat, UnsignedByteType);
  [made.minFilter, made.magFilter] = [NearestFilter, NearestFilter];
  made.needsUpdate = true;
  return made;
}

/** Put (256, 3) colours into a table; grey where they are missing. */
export function fill(table: DataTexture, lut: Uint8Array): void {
  const into = table.image.data as unknown as Uint8Array;
  for (let k = 0; k < 256; k++) into.set([lut[3 * k] ?? 160, lut[3 * k + 1] ?? 160, lut[3 * k + 2] ?? 160, 255], 4 * k);
  table.needsUpdate = true;
}
