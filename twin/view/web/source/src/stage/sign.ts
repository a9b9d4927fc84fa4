/** The canvas over the picture on which names are written: letters stay sharp, and cost no draw call. */
import type { Theme } from "../contract";
import { CORNER, drawCompass } from "./compass";
import { declutter, font, write } from "./labels";
import type { Placed, Sized } from "./labels";
import type { Orbit } from "./orbit";
import { PALETTES } from "./themes";

export class Sign {
  readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d");
  private readonly widths = new Map<string, number>();

  constructor(host: HTMLElement) {
    Object.assign(this.canvas.style, { position: "absolute", inset: "0", width: "100%", height: "100%", pointerEvents: "none" });
    this.canvas.setAttribute("aria-hidden", "true");
    host.append(this.canvas);
  }

  /** Width of a text, measured once. */
  private measure(kind: Placed["kind"]): (text: string, size: number) => number {
    return (text, size) => {
      const key = `${kind} ${text}`;
      let wide = this.widths.get(key);
      if (wide === undefined) {
        if (this.context) this.context.font = font(100, kind);
        wide = (this.context?.measureText(text).width ?? 50 * text.length) / 100;
        this.widths.set(key, wide);
      }
      return wide * size;
    };
  }

  arrange(names: readonly Placed[], width: number, height: number): Sized[] {
    return declutter(names, this.measure("hall"), width, height);
  }

  /** Names, and a north arrow below what covers the upper edge. */
  show(names: readonly Placed[], orbit: Orbit, covered: number, width: number, height: number, ratio: number, theme: Theme): void {
    if (!this.context) return;
    const [w, h] = [Math.max(Math.round(width * ratio), 1), Math.max(Math.round(height * ratio), 1)];
    if (this.canvas.width !== w || this.canvas.height !== h) [this.canvas.width, this.canvas.height] = [w, h];
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.clearRect(0, 0, w, h);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    write(this.context, this.arrange(names, width, height), PALETTES[theme]);
    drawCompass(this.context, orbit, CORNER, CORNER + covered, PALETTES[theme]);
  }
}
