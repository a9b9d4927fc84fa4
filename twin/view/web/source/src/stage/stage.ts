/** The stage: what the page asks of the picture, and when it is drawn. */
import type {
  Air, Box, Eye, Graphics, Highlight, Paint, Scene, Side, Stage, StageEvents, StageOptions, Stats, Theme, Vector, View,
} from "../contract";
import { capture } from "./capture";
import { Fine } from "./fine";
import { FlatStage } from "./flat";
import { prefersCalm, prepare } from "./graphics";
import type { Placed } from "./labels";
import { Motion } from "./motion";
import { eyeOf, orbitOf } from "./orbit";
import type { Orbit } from "./orbit";
import { Pace } from "./pace";
import { Picture } from "./picture";
import { Places } from "./places";
import type { Half } from "./places";
import { listen } from "./pointer";
import { Run } from "./run";
import { Sign } from "./sign";
import { followSize } from "./size";
import { length, minus } from "./vectors";

const TURN = Math.PI;
/** Pictures wider than this, over their height, show more beside the same things. */
const WIDE = 2;

/** Time after the first picture in which the rest is made ready. [ms] */
const READY = 300;

const BEGAN = performance.now();

/** A stage in an element; draws a plan on a plain canvas where WebGL 2 is not to be had. */
export function createStage(host: HTMLElement, events: StageEvents, options: StageOptions = {}): Stage {
  if (options.webgl === false) {
    return new FlatStage(host, events, options, { ok: false, reason: "WebGL was not asked for.", renderer: "", software: false });
  }
  const { graphics, canvas, context } = prepare();
  if (context) {
    try {
      return new SpatialStage(host, events, options, graphics, canvas, context);
    } catch (error) {
      Object.assign(graphics, { ok: false, reason: `WebGL 2 cannot be started (${String(error)}).` });
    }
  }
  return new FlatStage(host, events, options, graphics);
}

class SpatialStage implements Stage {
  private readonly picture: Picture;
  private readonly sign: Sign;
  private readonly motion: Motion;
  private readonly pace: Pace;
  private readonly unlisten: () => void;
  private readonly unfollow: () => void;
  private readonly places = new Places();
  private readonly runs = this.places.runs;
  private readonly began: number;
  private readonly calm: boolean;
  private readonly inset: NonNullable<StageOptions["inset"]>;
  private readonly layers = new Map<string, boolean>();
  private mask: Uint8Array | null = null;
  private cut: Box | null = null;
  private names = true;
  private dressed: Theme = "light";
  private wind: { air: Air | null; streams: boolean; lut: Uint8Array } = { air: null, streams: false, lut: new Uint8Array(0) };
  private pointer: { x: number; y: number } | null = null;
  /** Where the processor draws: the picture at rest in full quality. */
  private readonly fine: Fine | null;
  /** More than outlines changed since the last picture. */
  private changed = true;
  private gone = false;
  private first = 0;
  /** What covers the upper edge, as it was when nothing moved: to ask for it makes the page arrange itself. [px] */
  private upper = 0;
  /** Of the last picture. */
  private drawn = { calls: 0, triangles: 0 };
  private ready: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: HTMLElement, private readonly events: StageEvents, options: StageOptions, readonly graphics: Graphics,
    private readonly canvas: HTMLCanvasElement, context: WebGL2RenderingContext,
  ) {
    this.began = options.began ?? BEGAN;
    this.inset = options.inset ?? (() => ({ left: 0, top: 0, right: 0, bottom: 0 }));
    this.calm = (options.calm ?? prefersCalm()) || graphics.software;
    if (getComputedStyle(host).position === "static") host.style.position = "relative";
    Object.assign(this.canvas.style, { position: "absolute", inset: "0", width: "100%", height: "100%", display: "block", touchAction: "none" });
    this.picture = new Picture(canvas, context, graphics.software);
    host.append(this.canvas);
    this.sign = new Sign(host);
    this.motion = new Motion(this.calm);
    this.pace = new Pace(graphics.software, (at, passed) => this.step(at, passed), () => this.picture.busy(), () => this.events.moved(), () => this.refine());
    this.fine = graphics.software ? new Fine(this.picture, () => this.pace.ask(true)) : null;
    this.unlisten = listen(this.canvas, {
      flat: () => this.motion.plan,
      turn: (right, down) => this.turned(right, down),
      pan: (right, down) => this.moves(() => this.motion.pan(-right / this.places.rect.height, down / this.places.rect.height)),
      zoom: (factor, x, y) => this.zoomed(factor, x, y),
      hover: (x, y) => {
        this.pointer = { x, y };
        this.pace.ask();
      },
      leave: () => {
        this.pointer = null;
        this.events.hover(-1, 0, 0, 0);
      },
      press: (x, y) => {
        const { thing, side } = this.at(x, y);
        this.events.pick(thing, side);
      },
      open: (x, y) => {
        const { thing, side } = this.at(x, y);
        this.events.open(thing, side);
      },
    });
    this.canvas.addEventListener("webglcontextlost", () => {
      this.gone = true;
      this.picture.forget();
      this.fine?.drop();
      this.events.lost(true);
    });
    this.canvas.addEventListener("webglcontextrestored", () => {
      this.gone = false;
      for (const run of this.runs) run?.refresh();
      this.events.lost(false);
      this.redraw();
    });
    this.theme(options.theme ?? "light");
    this.resize();
    this.unfollow = followSize(host, () => this.resize());
  }

  // What is shown

  show(scene: Scene, side: Side, frame = false): void {
    const fresh = this.runs.every((run) => run === null);
    this.runs[side]?.dispose();
    const run = new Run(scene, this.picture.frame, this.graphics.software, !this.calm);
    this.runs[side] = run;
    run.dress(this.dressed);
    run.show(this.layers);
    run.section(this.cut);
    this.conceal(side);
    if (this.wind.air) run.air.show(this.wind.air);
    if (this.wind.streams) run.streams.show(true, this.wind.lut);
    this.motion.limit(length(minus(run.layout.high, run.layout.low)));
    if (fresh || frame) this.motion.place(this.preset("iso", side));
    this.redraw();
  }

  single(): void {
    this.arrange("first");
    this.runs[1]?.dispose();
    this.runs[1] = null;
  }

  arrange(how: "first" | "second" | "both"): void {
    this.reshape(() => (this.places.how = how));
    this.redraw();
  }

  /** Change the shape of the picture: in less width the same things are seen from farther away. */
  private reshape(change: () => void): void {
    const before = Math.min(this.places.aspect(), WIDE);
    change();
    const { now } = this.motion;
    const away = before / Math.min(this.places.aspect(), WIDE);
    if (away !== 1 && this.runs.some(Boolean)) this.motion.jump({ ...now, distance: now.distance * away, parallel: now.parallel * away });
  }

  paint(side: Side, paint: Paint): void {
    this.runs[side]?.paint(paint);
    this.redraw();
  }

  visible(layer: string, on: boolean): void {
    if (this.layers.get(layer) === on) return;
    this.layers.set(layer, on);
    this.all((run) => run.show(this.layers));
  }

  isolate(mask: Uint8Array | null): void {
    this.mask = mask;
    this.conceal(0);
    this.conceal(1);
    this.redraw();
  }

  /** The mask counts the things of the first run; those of the second are found by their names. */
  private conceal(side: Side): void {
    const [first, run] = [this.runs[0], this.runs[side]];
    if (!run) return;
    const { mask } = this;
    if (!mask || !first || run === first) return run.isolate(mask);
    run.isolate(Uint8Array.from(run.scene.document.things.id, (id) => mask[first.scene.thing(id)] ?? 0));
  }

  section(box: Box | null): void {
    this.cut = box;
    this.all((run) => run.section(box));
  }

  highlight(side: Side, what: Highlight): void {
    if (this.runs[side]?.point(what) ?? true) this.changed = true;
    this.pace.ask(true);
  }

  air(air: Air): void {
    this.wind.air = air;
    this.all((run) => run.air.show(air));
  }

  streams(on: boolean, lut: Uint8Array): void {
    Object.assign(this.wind, { streams: on, lut });
    this.all((run) => run.streams.show(on, lut));
  }

  labels(on: boolean): void {
    this.names = on;
    this.redraw();
  }

  theme(theme: Theme): void {
    this.dressed = theme;
    this.picture.dress(theme);
    this.all((run) => run.dress(theme));
  }

  // The eye

  look(view: View): void {
    this.motion.fly(this.preset(view, this.places.halves()[0]?.side ?? 0), performance.now());
    this.pace.ask(true);
  }

  eye(): Eye {
    return eyeOf(this.motion.now);
  }

  go(eye: Eye, swift = false): void {
    const orbit = orbitOf(eye);
    if (!orbit) return;
    if (swift) this.motion.jump(orbit);
    else this.motion.fly(orbit, performance.now());
    this.redraw();
  }

  fly(to: number | Vector, side: Side = 0, extent?: number): void {
    const next = this.places.around(to, side, this.motion.aim, this.inset(), extent);
    if (!next) return;
    this.motion.fly(next, performance.now());
    this.pace.ask(true);
  }

  nudge(turn: number, tilt: number, near: number, right = 0, ahead = 0): void {
    if (turn || tilt) this.motion.turn(turn * TURN, tilt * TURN);
    if (near) this.motion.zoom(Math.exp(-near), 0, 0, this.places.aspect(), null);
    if (this.motion.plan ? right || ahead : 0) this.motion.pan(right, ahead);
    else if (right || ahead) this.motion.walk(right, ahead);
    this.pace.ask(true);
  }

  private preset(view: View, side: Side): Orbit {
    return this.places.preset(view, side, this.inset());
  }

  private turned(right: number, down: number): void {
    this.moves(() => this.motion.turn((right / this.places.rect.height) * TURN, (down / this.places.rect.height) * TURN));
  }

  private zoomed(factor: number, x: number, y: number): void {
    const { u, v, depth } = this.places.met(this.motion.aim, x, y);
    this.moves(() => this.motion.zoom(factor, u, v, this.places.aspect(), depth));
  }

  private moves(change: () => void): void {
    change();
    this.pace.ask(true);
  }

  at(x: number, y: number): { thing: number; side: Side } {
    return this.places.at(this.motion.now, x, y);
  }

  project(thing: number, side: Side = 0): { x: number; y: number } | null {
    return this.places.project(this.motion.now, thing, side);
  }

  // Drawing

  private labelled(): Placed[] {
    return this.names ? this.places.names(this.motion.now) : [];
  }

  private all(change: (run: Run) => void): void {
    for (const run of this.runs) if (run) change(run);
    this.redraw();
  }

  private redraw(): void {
    this.changed = true;
    this.pace.ask(true);
  }

  private step(at: number, passed: number): { moving: boolean; alive: boolean } {
    const moving = this.motion.step(at, passed);
    if (this.pointer && !moving) {
      const { x, y } = this.pointer;
      this.pointer = null;
      const { thing, side } = this.at(x, y);
      this.events.hover(thing, side, x, y);
    }
    const halves = this.places.halves();
    const alive = halves.some((half) => half.run.streams.alive);
    for (const half of halves) half.run.streams.tick(at / 1000);
    this.changed ||= moving || alive;
    if (moving || alive || this.pace.dirty) this.draw(halves);
    return { moving: moving || this.motion.moving, alive };
  }

  private draw(halves: readonly Half[]): void {
    if (this.gone) return;
    const { renderer } = this.picture;
    const { ratio, full } = this.pace;
    const kept = this.fine?.ready && !this.changed ? this.fine.texture : null;
    if (!kept) this.fine?.drop();
    this.changed = false;
    this.picture.onto(this.places.rect, kept ? full : ratio, full, (width, height) => {
      if (kept) this.picture.paste(kept, this.places.rect);
      else if (halves.length !== 1) {
        renderer.setScissorTest(false);
        renderer.setClearColor(this.between, 1);
        renderer.clear(true, true, false);
      }
      const scale = width / this.places.rect.width;
      for (const half of halves) {
        const window = { x: Math.round(half.x * scale), y: 0, width: Math.max(Math.floor(half.width * scale), 1), height };
        this.picture.draw(half.run, this.motion.now, window, { ...window, line: Math.max(ratio, 1) }, null, { fine: false, part: kept ? "marks" : "all" });
      }
    });
    const { calls, triangles } = renderer.info.render;
    const { width, height } = this.places.rect;
    this.drawn = { calls, triangles };
    this.sign.show(this.labelled(), this.motion.now, this.upper, width, height, Math.min(devicePixelRatio || 1, 2), this.dressed);
    if (this.first || halves.length === 0) return;
    this.first = performance.now() - this.began;
    // What is not seen yet is made ready behind the first picture, not when a pointer first meets something.
    this.ready = setTimeout(() => this.picture.warm(halves.map((half) => half.run), false), READY);
  }

  /** Colour between two runs. */
  private get between(): number {
    return this.dressed === "dark" ? 0x3a4655 : 0xc3cad2;
  }

  /** Begin the picture in full quality. */
  private refine(): void {
    const { top } = this.inset();
    if (top !== this.upper) {
      this.upper = top;
      this.pace.ask(true);
      return;
    }
    if (!this.fine || this.fine.ready || this.fine.working || this.gone || this.pace.dirty) return;
    this.fine.begin(this.places.halves(), this.motion.now, this.places.rect, this.pace.full, this.between);
  }

  async capture(scale: number): Promise<Blob> {
    const { width, height } = this.places.rect;
    const names = this.sign.arrange(this.labelled(), width, height);
    const made = await capture(this.picture, this.places.halves(), this.motion.now, this.places.rect, scale, this.dressed, names);
    this.redraw();
    return made;
  }

  resize(): void {
    const box = this.host.getBoundingClientRect();
    // Hidden, as a page in the background or a tab of a notebook: the picture waits as it is.
    if (this.first && !(box.width > 0 && box.height > 0)) return;
    this.reshape(() => (this.places.rect = { width: Math.max(box.width, 1), height: Math.max(box.height, 1) }));
    this.pace.refresh();
    this.redraw();
  }

  stats(): Stats {
    return { ...this.drawn, script: this.pace.script, first: this.first, frames: this.pace.frames };
  }

  dispose(): void {
    this.pace.stop();
    clearTimeout(this.ready);
    this.unlisten();
    this.unfollow();
    for (const run of this.runs) run?.dispose();
    this.fine?.dispose();
    this.picture.dispose();
    this.canvas.remove();
    this.sign.canvas.remove();
  }
}

