/** Colours of the picture that mean nothing by themselves. */
import type { Theme } from "../contract";

export type Rgb = [number, number, number];

export interface Palette {
  back: Rgb;
  sky: Rgb;
  ground: Rgb;
  floor: Rgb;
  wall: Rgb;
  /** What plain machines are mixed with, so that values stand out. */
  calm: Rgb;
  none: Rgb;
  out: Rgb;
  selected: Rgb;
  hovered: Rgb;
  power: Rgb;
  cooling: Rgb;
  /** Of the labels, as CSS. */
  ink: string;
  halo: string;
}

/** `#rrggbb`; a middle grey for anything else. */
export function rgb(text: string): Rgb {
  if (!/^#[0-9a-f]{6}$/i.test(text)) return [0.6, 0.62, 0.65];
  const bits = Number.parseInt(text.slice(1), 16);
  return [(bits >> 16) / 255, ((bits >> 8) & 255) / 255, (bits & 255) / 255];
}

/** Share of the calm colour in that of a machine without a value; pipes keep their own, busways are bare metal. */
const CALM = 0.38;

/** The colour of a layer where no value is painted. */
export function layerColor(look: string, color: string, palette: Palette): Rgb {
  if (look === "floor") return palette.floor;
  if (look === "wall") return palette.wall;
  const own = rgb(color);
  if (look === "pipe" || look === "glass") return own;
  const share = look === "busway" ? 0.7 : CALM;
  return own.map((part, k) => part + (palette.calm[k]! - part) * share) as Rgb;
}

export const PALETTES: Record<Theme, Palette> = {
  light: {
    back: rgb("#f3f5f7"), sky: rgb("#dfe7ef"), ground: rgb("#e9ecef"), floor: rgb("#f7f8f9"), wall: rgb("#8593a3"), calm: rgb("#c9d0d7"), none: rgb("#b0b0b0"),
    out: rgb("#28282e"), selected: rgb("#0b63f6"), hovered: rgb("#14213d"), power: rgb("#e08600"), cooling: rgb("#0898c4"),
    ink: "#1c2733", halo: "rgba(255,255,255,0.88)",
  },
  dark: {
    back: rgb("#141a22"), sky: rgb("#0c1016"), ground: rgb("#1a212b"), floor: rgb("#28323e"), wall: rgb("#8ea3bb"), calm: rgb("#56626f"), none: rgb("#7d838b"),
    out: rgb("#0d0f13"), selected: rgb("#5cc8ff"), hovered: rgb("#f2f6fa"), power: rgb("#ffb02e"), cooling: rgb("#3fd2f5"),
    ink: "#e8eef5", halo: "rgba(16,21,28,0.82)",
  },
};
