/** Names in the picture: as many as there is room for, the important ones first. */
import type { Palette } from "./themes";

/** A name with its place in the picture, CSS pixels. */
export interface Placed {
  text: string;
  kind: "hall" | "row" | "group";
  x: number;
  y: number;
  /** Height of a metre there: far names are smaller, and give way. [px] */
  metre: number;
}

export interface Sized extends Placed {
  size: number;
  wide: number;
  alpha: number;
}

export const MOST = 80;
const LONGEST = 42;
const RANK = { hall: 0, group: 1, row: 2 };
/** Height of letters: that of metres in the scene, within what can be read and does not shout. [m, px, px] */
const LETTERS = { hall: [2.4, 12, 17], group: [1.0, 11, 14], row: [0.55, 10, 13] } as const;
/** Pixels of a metre below which a name is too far away to matter. */
const FAR = { hall: 0, group: 2.2, row: 7 };

export const shortened = (text: string): string => ([...text].length > LONGEST ? `${[...text].slice(0, LONGEST - 1).join("")}…` : text);

const inwards = (at: number, half: number, length: number): number => Math.min(Math.max(at, half), Math.max(length - half, half));

/** Names that do not cover one another; `measure` gives the width of a text at a size of letters. */
export function declutter(names: readonly Placed[], measure: (text: string, size: number) => number, width: number, height: number): Sized[] {
  const chosen: Sized[] = [];
  const order = [...names].sort((a, b) => RANK[a.kind] - RANK[b.kind] || b.metre - a.metre || (a.text < b.text ? -1 : 1));
  // Names in cells, so that a thousand rows are not compared with one another.
  const cells = new Map<string, Sized[]>();
  const cell = 64;
  for (const name of order) {
    if (chosen.length >= MOST) break;
    if (!(name.x > 0 && name.x < width && name.y > 0 && name.y < height) || name.metre < FAR[name.kind]) continue;
    const [metres, least, most] = LETTERS[name.kind];
    const size = Math.round(Math.min(Math.max(name.metre * metres, least), most));
    const text = shortened(name.text);
    const far = FAR[name.kind];
    const alpha = far > 0 ? Math.min(1, (name.metre - far) / (0.4 * far)) : 1;
    const placed: Sized = { ...name, text, size, wide: measure(text, size), alpha };
    const [w, h] = [placed.wide / 2 + 6, size * 0.75 + 3];
    // Names at the edge move inwards, so that they are not cut.
    [placed.x, placed.y] = [inwards(name.x, w, width), inwards(name.y, h, height)];
    const keys: string[] = [];
    for (let i = Math.floor((placed.x - w) / cell); i <= Math.floor((placed.x + w) / cell); i++)
      for (let j = Math.floor((placed.y - h) / cell); j <= Math.floor((placed.y + h) / cell); j++) keys.push(`${i} ${j}`);
    const free = keys.every((key) => (cells.get(key) ?? []).every((other) => {
      return Math.abs(other.x - placed.x) > w + other.wide / 2 + 6 || Math.abs(other.y - placed.y) > h + other.size * 0.75 + 3;
    }));
    if (!free) continue;
    for (const key of keys) cells.set(key, [...(cells.get(key) ?? []), placed]);
    chosen.push(placed);
  }
  return chosen;
}

export const font = (size: number, kind: Placed["kind"]): string =>
  `${kind === "row" ? 500 : 600} ${size}px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif`;

/** Draw names on a canvas whose scale is set to CSS pixels. */
export function write(context: CanvasRenderingContext2D, names: readonly Sized[], palette: Palette): void {
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { text, kind, x, y, size, wide, alpha } of names) {
    context.globalAlpha = alpha;
    context.font = font(size, kind);
    const [w, h] = [wide + 2 * (0.45 * size), 1.5 * size];
    context.fillStyle = palette.halo;
    context.beginPath();
    context.roundRect(x - w / 2, y - h / 2, w, h, h / 2);
    context.fill();
    context.fillStyle = palette.ink;
    context.fillText(text, x, y + 0.5);
  }
  context.globalAlpha = 1;
}
