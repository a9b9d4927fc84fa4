/** The stage without WebGL: a plan on a plain canvas, with the same colours, picking and movement. */
import type {
  Air, Box, Eye, Graphics, Highlight, Paint, Scene, Side, Stage, StageEvents, StageOptions, Stats, Theme, Vector, View,
} from "../contract";
import { isShell, layout, thingBox } from "./layout";
import type { Layout } from "./layout";
import { declutter, font, write } from "./labels";
import type { Placed } from "./labels";
import { listen } from "./pointer";
import { NOTHING } from "./run";
import { followSize } from "./size";
import { PALETTES, layerColor } from "./themes";
import type { Rgb } from "./themes";
import { clamp } from "./vectors";

interface Sheet {
  scene: Scene;
  layout: Layout;
  /** Boxes from the ground up. */
  order: Uint32Array;
  paint: Paint | null;
  highlight: Highlight;
}

const css = (color: Rgb): string => `rgb(${color.map((part) => Math.round(255 * part)).join(",")})`;

export class FlatStage implements Stage {
  private readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d");
  private readonly sheets: [Sheet | null, Sheet | null] = [null, null];
  private readonly unlisten: () => void;
  private readonly unfollow: () => void;
  private readonly layers = new Map<string, boolean>();
  private side: Side = 0;
  private mask: Uint8Array | null = null;
  private cut: Box | null = null;
  private names = true;
  private dressed: Theme;
  private middle: [number, number] = [0, 0];
  private half = 10;
  private rect = { width: 1, height: 1 };
  private request = 0;
  private readonly began: number;
  private counts: Stats = { calls: 0, triangles: 0, script: 0, first: 0, frames: 0 };

  constructor(private readonly host: HTMLElement, private readonly events: StageEvents, options: StageOptions, readonly graphics: Graphics) {
    this.began = options.began ?? 0;
    this.dressed = options.theme ?? "light";
    if (getComputedStyle(host).position === "static") host.style.position = "relative";
    Object.assign(this.canvas.style, { position: "absolute", inset: "0", width: "100%", height: "100%", display: "block", touchAction: "none" });
    host.append(this.canvas);
    const picked = (x: number, y: number, then: (thing: number, side: Side) => void) => then(this.at(x, y).thing, this.side);
    this.unlisten = listen(this.canvas, {
      flat: () => true,
      turn: () => undefined,
      pan: (right, down) => this.shift(-right / this.rect.height, down / this.rect.height),
      zoom: (factor, x, y) => this.zoom(factor, x, y),
      hover: (x, y) => picked(x, y, (thing, side) => this.events.hover(thing, side, x, y)),
      leave: () => this.events.hover(-1, this.side, 0, 0),
      press: (x, y) => picked(x, y, (thing, side) => this.events.pick(thing, side)),
      open: (x, y) => picked(x, y, (thing, side) => this.events.open(thing, side)),
    });
    this.resize();
    this.unfollow = followSize(host, () => this.resize());
  }

  show(scene: Scene, side: Side, frame = false): void {
    const fresh = this.sheets.every((sheet) => sheet === null);
    const made = layout(scene);
    const order = Uint32Array.from({ length: made.count }, (_, k) => k).sort((a, b) => made.bounds[6 * a + 5]! - made.bounds[6 * b + 5]!);
    this.sheets[side] = { scene, layout: made, order, paint: null, highlight: NOTHING };
    if (fresh || frame) this.look();
    this.redraw();
  }

  single(): void {
    this.sheets[1] = null;
    this.arrange("first");
  }

  /** Two plans beside one another would be too small to read: `both` shows the first. */
  arrange(how: "first" | "second" | "both"): void {
    this.side = how === "second" && this.sheets[1] ? 1 : 0;
    this.redraw();
  }

  paint(side: Side, paint: Paint): void {
    if (this.sheets[side]) this.sheets[side].paint = paint;
    this.redraw();
  }

  visible(layer: string, on: boolean): void {
    this.layers.set(layer, on);
    this.redraw();
  }

  isolate(mask: Uint8Array | null): void {
    this.mask = mask;
    this.redraw();
  }

  section(box: Box | null): void {
    this.cut = box;
    this.redraw();
  }

  highlight(side: Side, what: Highlight): void {
    if (this.sheets[side]) this.sheets[side].highlight = what;
    this.redraw();
  }

  /** Fields and streamlines have no plan here; `graphics.ok` tells the page not to offer them. */
  air(_air: Air): void {}
  streams(_on: boolean, _lut: Uint8Array): void {}

  labels(on: boolean): void {
    this.names = on;
    this.redraw();
  }

  theme(theme: Theme): void {
    this.dressed = theme;
    this.redraw();
  }

  look(_view: View = "plan"): void {
    const sheet = this.sheets[this.side];
    if (!sheet) return;
    const { low, high } = sheet.layout;
    this.middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    this.half = Math.max(0.53 * Math.max(high[1] - low[1], ((high[0] - low[0]) * this.rect.height) / this.rect.width), 0.5);
    this.redraw();
  }

  eye(): Eye {
    const [x, y] = this.outward(this.middle);
    return { eye: [x, y, 4 * this.half], target: [x, y, 0], parallel: this.half };
  }

  go(eye: Eye): void {
    const origin = this.sheets[this.side]?.layout.origin ?? [0, 0, 0];
    const [x, y] = [eye.target[0] - origin[0], eye.target[1] - origin[1]];
    if (!Number.isFinite(x + y)) return;
    this.middle = [x, y];
    if (eye.parallel > 0) this.half = eye.parallel;
    this.redraw();
  }

  fly(to: number | Vector, side: Side = this.side, extent = 12): void {
    const sheet = this.sheets[side];
    const box = sheet && typeof to === "number" ? thingBox(sheet.layout, to) : null;
    if (box) this.middle = [(box.low[0] + box.high[0]) / 2, (box.low[1] + box.high[1]) / 2];
    else if (sheet && typeof to !== "number") this.middle = [to[0] - sheet.layout.origin[0], to[1] - sheet.layout.origin[1]];
    else return;
    this.half = extent / 2;
    this.redraw();
  }

  nudge(_turn: number, _tilt: number, near: number, right = 0, ahead = 0): void {
    if (near) this.zoom(Math.exp(-near), this.rect.width / 2, this.rect.height / 2);
    this.shift(right, ahead);
  }

  project(thing: number): { x: number; y: number } | null {
    const sheet = this.sheets[this.side];
    const box = sheet ? thingBox(sheet.layout, thing) : null;
    if (!box) return null;
    const [x, y] = this.onto((box.low[0] + box.high[0]) / 2, (box.low[1] + box.high[1]) / 2);
    return { x, y };
  }

  at(x: number, y: number): { thing: number; side: Side } {
    const sheet = this.sheets[this.side];
    if (!sheet) return { thing: -1, side: this.side };
    const [px, py] = this.under(x, y);
    const { bounds, thing, layer, layers } = sheet.layout;
    for (let n = sheet.order.length - 1; n >= 0; n--) {
      const box = sheet.order[n]!;
      const b = 6 * box;
      if (px < bounds[b]! || px > bounds[b + 3]! || py < bounds[b + 1]! || py > bounds[b + 4]!) continue;
      const each = layers[layer[box]!]!;
      if (this.seen(sheet, box) && thing[box]! >= 0 && each.opacity >= 0.6 && !isShell(each)) return { thing: thing[box]!, side: this.side };
    }
    return { thing: -1, side: this.side };
  }

  capture(scale: number): Promise<Blob> {
    const canvas = document.createElement("canvas");
    const factor = clamp(scale || 1, 0.1, 8);
    [canvas.width, canvas.height] = [Math.round(this.rect.width * factor), Math.round(this.rect.height * factor)];
    const context = canvas.getContext("2d");
    if (context) this.draw(context, factor);
    return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("The picture is too large."))), "image/png"));
  }

  resize(): void {
    const box = this.host.getBoundingClientRect();
    this.rect = { width: Math.max(box.width, 1), height: Math.max(box.height, 1) };
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [Math.round(this.rect.width * ratio), Math.round(this.rect.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    this.redraw();
  }

  stats(): Stats {
    return this.counts;
  }

  dispose(): void {
    cancelAnimationFrame(this.request);
    this.unlisten();
    this.unfollow();
    this.canvas.remove();
  }

  private outward([x, y]: readonly [number, number]): [number, number] {
    const origin = this.sheets[this.side]?.layout.origin ?? [0, 0, 0];
    return [x + origin[0], y + origin[1]];
  }

  private shift(right: number, up: number): void {
    this.middle = [this.middle[0] + 2 * right * this.half, this.middle[1] + 2 * up * this.half];
    this.redraw();
    this.events.moved();
  }

  private zoom(factor: number, x: number, y: number): void {
    const [px, py] = this.under(x, y);
    const half = clamp(this.half * factor, 0.2, 1e5);
    const kept = half / this.half;
    this.middle = [px + (this.middle[0] - px) * kept, py + (this.middle[1] - py) * kept];
    this.half = half;
    this.redraw();
    this.events.moved();
  }

  private onto(x: number, y: number): [number, number] {
    const scale = this.rect.height / (2 * this.half);
    return [this.rect.width / 2 + (x - this.middle[0]) * scale, this.rect.height / 2 - (y - this.middle[1]) * scale];
  }

  private under(x: number, y: number): [number, number] {
    const scale = (2 * this.half) / this.rect.height;
    return [this.middle[0] + (x - this.rect.width / 2) * scale, this.middle[1] - (y - this.rect.height / 2) * scale];
  }

  private seen(sheet: Sheet, box: number): boolean {
    const { layer, layers, thing, bounds, origin } = sheet.layout;
    const each = layers[layer[box]!]!;
    const painted = sheet.paint?.coats.some((coat) => coat.layer === each.name) ?? false;
    if (!(this.layers.get(each.name) ?? (!each.hidden || painted))) return false;
    if (this.mask && !isShell(each) && !(thing[box]! >= 0 && this.mask[thing[box]!])) return false;
    const { cut } = this;
    return !cut || [0, 1, 2].every((k) => bounds[6 * box + k]! + origin[k]! <= cut.high[k]! && bounds[6 * box + 3 + k]! + origin[k]! >= cut.low[k]!);
  }

  private redraw(): void {
    this.request ||= requestAnimationFrame(() => {
      this.request = 0;
      const before = performance.now();
      if (this.context) this.draw(this.context, globalThis.devicePixelRatio || 1);
      const after = performance.now();
      this.counts = { ...this.counts, script: after - before, frames: this.counts.frames + 1, first: this.counts.first || after - this.began };
    });
  }

  private draw(context: CanvasRenderingContext2D, ratio: number): void {
    const palette = PALETTES[this.dressed];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = css(palette.ground);
    context.fillRect(0, 0, this.rect.width, this.rect.height);
    const sheet = this.sheets[this.side];
    if (!sheet) return;
    const colors = this.colors(sheet);
    const { bounds, layer, layers } = sheet.layout;
    for (const box of sheet.order) {
      if (!this.seen(sheet, box)) continue;
      const each = layers[layer[box]!]!;
      const [x0, y1] = this.onto(bounds[6 * box]!, bounds[6 * box + 1]!);
      const [x1, y0] = this.onto(bounds[6 * box + 3]!, bounds[6 * box + 4]!);
      if (x1 < 0 || y1 < 0 || x0 > this.rect.width || y0 > this.rect.height) continue;
      context.globalAlpha = each.look === "wall" ? 1 : Math.max(each.opacity, 0.15);
      context.fillStyle = colors(box);
      context.fillRect(x0, y0, Math.max(x1 - x0, 0.5), Math.max(y1 - y0, 0.5));
      if (x1 - x0 < 5 || y1 - y0 < 5) continue;
      context.strokeStyle = this.dressed === "dark" ? "rgba(0,0,0,0.55)" : "rgba(20,28,38,0.45)";
      context.strokeRect(x0 + 0.5, y0 + 0.5, x1 - x0 - 1, y1 - y0 - 1);
    }
    context.globalAlpha = 1;
    this.outline(context, sheet);
    if (this.names) this.write(context, sheet);
  }

  private colors(sheet: Sheet): (box: number) => string {
    const { layer, layers, thing } = sheet.layout;
    const palette = PALETTES[this.dressed];
    const plain = layers.map((each) => css(layerColor(each.look, each.color, palette)));
    const coats = layers.map((each) => sheet.paint?.coats.find((coat) => coat.layer === each.name)?.share);
    const lut = sheet.paint?.lut ?? new Uint8Array(0);
    const [none, out] = [css(palette.none), css(palette.out)];
    return (box) => {
      const owner = thing[box]!;
      if (sheet.paint?.out.has(owner)) return out;
      const share = coats[layer[box]!];
      if (!share) return plain[layer[box]!]!;
      const value = share[owner] ?? NaN;
      if (Number.isNaN(value)) return none;
      const k = 3 * clamp(Math.floor(value * 256), 0, 255);
      return `rgb(${lut[k] ?? 160},${lut[k + 1] ?? 160},${lut[k + 2] ?? 160})`;
    };
  }

  private outline(context: CanvasRenderingContext2D, sheet: Sheet): void {
    const palette = PALETTES[this.dressed];
    const { selected, hovered, up, down } = sheet.highlight;
    const sorts: [readonly number[], Rgb, number][] = [[up, palette.power, 2], [down, palette.cooling, 2], [[hovered], palette.hovered, 2], [[selected], palette.selected, 3]];
    for (const [things, color, wide] of sorts) {
      context.strokeStyle = css(color);
      context.lineWidth = wide;
      for (const thing of things) {
        const box = thing >= 0 ? thingBox(sheet.layout, thing) : null;
        if (!box) continue;
        const [x0, y1] = this.onto(box.low[0], box.low[1]);
        const [x1, y0] = this.onto(box.high[0], box.high[1]);
        context.strokeRect(x0, y0, x1 - x0, y1 - y0);
      }
    }
    context.lineWidth = 1;
  }

  private write(context: CanvasRenderingContext2D, sheet: Sheet): void {
    const metre = this.rect.height / (2 * this.half);
    const names = sheet.scene.document.labels.map(({ text, kind, position }): Placed => {
      const [x, y] = this.onto(position[0] - sheet.layout.origin[0], position[1] - sheet.layout.origin[1]);
      return { text, kind, x, y, metre };
    });
    const measure = (text: string, size: number): number => {
      context.font = font(size, "hall");
      return context.measureText(text).width;
    };
    write(context, declutter(names, measure, this.rect.width, this.rect.height), PALETTES[this.dressed]);
  }
}
