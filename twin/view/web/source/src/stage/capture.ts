/** A picture larger than the screen: drawn in tiles into a canvas, with the names on top. */
import { WebGLRenderTarget } from "three";
import type { Theme } from "../contract";
import { CORNER, drawCompass } from "./compass";
import { write } from "./labels";
import type { Sized } from "./labels";
import type { Orbit } from "./orbit";
import type { Picture } from "./picture";
import type { Half } from "./places";
import type { Run } from "./run";
import { PALETTES } from "./themes";

const TILE = 2048;
/** Longest side of a canvas that every browser takes, and its area. [px] */
const LONGEST = 16384;
const AREA = 120e6;

/** The largest scale, up to the wanted one, for which a canvas can be had. */
export function possible(scale: number, width: number, height: number): number {
  const wanted = Number.isFinite(scale) ? Math.min(Math.max(scale, 0.1), 8) : 1;
  return Math.min(wanted, LONGEST / Math.max(width, height, 1), Math.sqrt(AREA / Math.max(width * height, 1)));
}

/** Tiles of a side: where each begins, and how long it is. */
export function tiles(length: number, tile = TILE): { at: number; size: number }[] {
  return Array.from({ length: Math.ceil(length / tile) }, (_, k) => ({ at: k * tile, size: Math.min(tile, length - k * tile) }));
}

export async function capture(
  picture: Picture, halves: Half[], orbit: Orbit, size: { width: number; height: number }, wanted: number, theme: Theme,
  names: readonly Sized[],
): Promise<Blob> {
  const scale = possible(wanted, size.width, size.height);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(Math.round(size.width * scale), 1), Math.max(Math.round(size.height * scale), 1)];
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser gives no canvas to draw the picture on.");
  context.fillStyle = PALETTES[theme].halo;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const target = new WebGLRenderTarget(TILE, TILE, { samples: 4 });
  for (const half of halves) {
    const [left, wide] = [Math.round(half.x * scale), Math.max(Math.round(half.width * scale), 1)];
    for (const column of tiles(wide))
      for (const row of tiles(canvas.height)) tile(picture, half.run, orbit, target, context, { column, row, left, wide, high: canvas.height, scale });
  }
  target.dispose();
  context.setTransform(scale, 0, 0, scale, 0, 0);
  write(context, names, PALETTES[theme]);
  drawCompass(context, orbit, CORNER, CORNER, PALETTES[theme]);
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("The picture is too large."))), "image/png"));
}

interface Tile {
  column: { at: number; size: number };
  row: { at: number; size: number };
  left: number;
  wide: number;
  high: number;
  scale: number;
}

function tile(picture: Picture, run: Run, orbit: Orbit, target: WebGLRenderTarget, into: CanvasRenderingContext2D, part: Tile): void {
  const { column, row, wide, high } = part;
  const crop = { left: column.at / wide, right: (column.at + column.size) / wide, bottom: row.at / high, top: (row.at + row.size) / high };
  const { renderer } = picture;
  renderer.setRenderTarget(target);
  picture.draw(run, orbit, { x: 0, y: 0, width: column.size, height: row.size }, { width: wide, height: high, line: part.scale }, crop, { fine: true, part: "all" });
  const pixels = new Uint8ClampedArray(4 * column.size * row.size);
  renderer.readRenderTargetPixels(target, 0, 0, column.size, row.size, pixels);
  renderer.setRenderTarget(null);
  // Rows come from the bottom, those of a canvas from the top; nothing of the picture is translucent.
  const upright = new Uint8ClampedArray(pixels.length);
  const line = 4 * column.size;
  for (let k = 0; k < row.size; k++) upright.set(pixels.subarray(line * k, line * (k + 1)), line * (row.size - 1 - k));
  for (let k = 3; k < upright.length; k += 4) upright[k] = 255;
  into.putImageData(new ImageData(upright, column.size, row.size), part.left + column.at, high - row.at - row.size);
}
