/** The stage: what the page asks of the picture, and when it is drawn. */
import type {
  Air, Box, Eye, Graphics, Highlight, Paint, Scene, Side, Stage, StageEvents, StageOptions, Stats, Theme, Vector, View,
} from "../contract";
import { capture } from "./capture";
import type { Half } from "./capture";
import { FlatStage } from "./flat";
import { prefersCalm, prepare } from "./graphics";
import type { Placed } from "./labels";
import { Motion } from "./motion";
import { axes, eyeOf, isPlan, orbitOf, preset, projection, ray, tangents } from "./orbit";
import { Pace } from "./pace";
import { Picture } from "./picture";
import { listen } from "./pointer";
import { Run } from "./run";
import { Sign } from "./sign";
import { add, apply, between, dot, finite, length, minus } from "./vectors";
import type { Three, Triple } from "./vectors";

/** Pixels between two runs. */
const GAP = 2;
const TURN = Math.PI;
/** Pictures wider than this, over their height, show more beside the same things. */
const WIDE = 1.5;

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
  private readonly runs: [Run | null, Run | null] = [null, null];
  private readonly began: number;
  private readonly calm: boolean;
  private how: "first" | "second" | "both" = "first";
  private readonly layers = new Map<string, boolean>();
  private mask: Uint8Array | null = null;
  private cut: Box | null = null;
  private names = true;
  private dressed: Theme = "light";
  private wind: { air: Air | null; streams: boolean; lut: Uint8Array } = { air: null, streams: false, lut: new Uint8Array(0) };
  private pointer: { x: number; y: number } | null = null;
  private rect = { width: 1, height: 1 };
  private gone = false;
  private first = 0;

  constructor(
    private readonly host: HTMLElement, private readonly events: StageEvents, options: StageOptions, readonly graphics: Graphics,
    private readonly canvas: HTMLCanvasElement, context: WebGL2RenderingContext,
  ) {
    this.began = options.began ?? BEGAN;
    this.calm = (options.calm ?? prefersCalm()) || graphics.software;
    if (getComputedStyle(host).position === "static") host.style.position = "relative";
    Object.assign(this.canvas.style, { position: "absolute", inset: "0", width: "100%", height: "100%", display: "block", touchAction: "none" });
    this.picture = new Picture(canvas, context, graphics.software);
    host.append(this.canvas);
    this.sign = new Sign(host);
    this.motion = new Motion(this.calm);
    this.pace = new Pace(graphics.software, (at, passed) => this.step(at, passed), () => this.picture.busy(), () => this.events.moved());
    this.unlisten = listen(this.canvas, {
      flat: () => this.motion.plan,
      turn: (right, down) => this.turned(right, down),
      pan: (right, down) => this.moves(() => this.motion.pan(-right / this.rect.height, down / this.rect.height)),
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
    const before = Math.min(this.aspect(), WIDE);
    this.how = how;
    const { now } = this.motion;
    // In half the width the same things are seen from farther away.
    const away = before / Math.min(this.aspect(), WIDE);
    if (away !== 1) this.motion.jump({ ...now, distance: now.distance * away, parallel: now.parallel * away });
    this.redraw();
  }

  paint(side: Side, paint: Paint): void {
    this.runs[side]?.paint(paint);
    this.redraw();
  }

  visible(layer: string, on: boolean): void {
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
    this.runs[side]?.point(what);
    this.redraw();
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
    this.motion.fly(this.preset(view, this.halves()[0]?.side ?? 0), performance.now());
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
    const run = this.runs[side];
    const box = typeof to === "number" ? run?.place(to) : { low: to, high: to };
    if (!run || !box) return;
    const middle = between(box.low, box.high);
    const target = typeof to === "number" ? add(middle, run.layout.origin) : middle;
    if (!finite(target)) return;
    const wide = extent ?? Math.max(2.2 * length(minus(box.high, box.low)), 7);
    const aim = this.motion.aim;
    const half = (0.5 * wide) / Math.min(1, this.aspect());
    const plan = isPlan(aim);
    const next = { ...aim, target, distance: half / tangents(1)[0], parallel: aim.parallel > 0 ? half : 0 };
    if (!plan) next.tilt = Math.min(Math.max(aim.tilt, 0.38), 0.85);
    this.motion.fly(next, performance.now());
    this.pace.ask(true);
  }

  nudge(turn: number, tilt: number, near: number, right = 0, ahead = 0): void {
    if (turn || tilt) this.motion.turn(turn * TURN, tilt * TURN);
    if (near) this.motion.zoom(Math.exp(-near), 0, 0, this.aspect(), null);
    if (this.motion.plan ? right || ahead : 0) this.motion.pan(right, ahead);
    else if (right || ahead) this.motion.walk(right, ahead);
    this.pace.ask(true);
  }

  private preset(view: View, side: Side): ReturnType<typeof preset> {
    const run = this.runs[side];
    let { low, high }: { low: Three; high: Three } = { low: [-5, -5, 0], high: [5, 5, 3] };
    if (run) {
      const { document } = run.scene;
      const sound = finite(document.low) && finite(document.high) && document.low.every((part, k) => part <= document.high[k]!);
      [low, high] = sound ? [document.low, document.high] : [run.layout.low, run.layout.high].map((place) => add(place, run.layout.origin)) as [Triple, Triple];
    }
    return preset(view, low, high, this.aspect());
  }

  private turned(right: number, down: number): void {
    this.moves(() => this.motion.turn((right / this.rect.height) * TURN, (down / this.rect.height) * TURN));
  }

  private zoomed(factor: number, x: number, y: number): void {
    const [u, v, half] = this.share(x, y);
    let depth: number | null = null;
    if (half) {
      const orbit = this.motion.aim;
      const { origin } = half.run.layout;
      const { from, along } = ray(orbit, origin, u, v, this.aspect());
      const hit = half.run.hit(from, along);
      const ground = along[2] < -1e-3 ? -from[2] / along[2] : Infinity;
      const met = Math.min(hit.distance, ground > 0 ? ground : Infinity);
      if (orbit.parallel === 0 && met < 8 * orbit.distance) depth = met * dot(along, axes(orbit).ahead);
    }
    this.moves(() => this.motion.zoom(factor, u, v, this.aspect(), depth));
  }

  private moves(change: () => void): void {
    change();
    this.pace.ask(true);
  }

  // Places of the canvas

  private halves(): (Half & { side: Side })[] {
    const [first, second] = this.runs;
    const { width } = this.rect;
    if (this.how === "both" && first && second) {
      const half = Math.max((width - GAP) / 2, 1);
      return [{ run: first, side: 0, x: 0, width: half }, { run: second, side: 1, x: half + GAP, width: half }];
    }
    const side: Side = this.how === "second" && second ? 1 : first ? 0 : 1;
    const run = this.runs[side];
    return run ? [{ run, side, x: 0, width }] : [];
  }

  private aspect(): number {
    const half = this.how === "both" && this.runs[0] && this.runs[1] ? (this.rect.width - GAP) / 2 : this.rect.width;
    return Math.max(half, 1) / Math.max(this.rect.height, 1);
  }

  /** A place as -1 .. 1 of the half that it lies in. */
  private share(x: number, y: number): [number, number, (Half & { side: Side }) | null] {
    const half = this.halves().find((each) => x >= each.x && x <= each.x + each.width) ?? null;
    if (!half) return [0, 0, null];
    return [(2 * (x - half.x)) / half.width - 1, 1 - (2 * y) / this.rect.height, half];
  }

  at(x: number, y: number): { thing: number; side: Side } {
    const [u, v, half] = this.share(x, y);
    if (!half) return { thing: -1, side: 0 };
    const { from, along } = ray(this.motion.now, half.run.layout.origin, u, v, this.aspect());
    return { thing: half.run.hit(from, along).thing, side: half.side };
  }

  project(thing: number, side: Side = 0): { x: number; y: number } | null {
    const half = this.halves().find((each) => each.side === side);
    const box = half?.run.place(thing);
    if (!half || !box) return null;
    const middle = between(box.low, box.high);
    // From above it is the lid that is seen of a machine in a row: its middle lies behind the neighbours.
    if (this.motion.now.tilt > 0.1) middle[2] = box.high[2];
    const placed = this.placer(half)(middle);
    return placed && { x: placed.x, y: placed.y };
  }

  /** From a place of a run to the canvas, and the pixels of a metre there. */
  private placer(half: Half): (place: Three) => { x: number; y: number; metre: number } | null {
    const { origin, low, high } = half.run.layout;
    const orbit = this.motion.now;
    const { matrix } = projection(orbit, origin, low, high, this.aspect());
    const { height } = this.rect;
    return (place) => {
      const [x, y, , w] = apply(matrix, place);
      if (!(w > 0)) return null;
      const metre = orbit.parallel > 0 ? height / (2 * orbit.parallel) : height / (2 * tangents(1)[0] * w);
      return { x: half.x + ((x / w + 1) / 2) * half.width, y: ((1 - y / w) / 2) * height, metre };
    };
  }

  private labelled(): Placed[] {
    if (!this.names) return [];
    return this.halves().flatMap((half) => {
      const place = this.placer(half);
      return half.run.labels().flatMap((label) => {
        const at = place(label.at);
        return at && at.x > half.x && at.x < half.x + half.width ? [{ text: label.text, kind: label.kind, ...at }] : [];
      });
    });
  }

  // Drawing

  private all(change: (run: Run) => void): void {
    for (const run of this.runs) if (run) change(run);
    this.redraw();
  }

  private redraw(): void {
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
    const halves = this.halves();
    const alive = halves.some((half) => half.run.streams.alive);
    for (const half of halves) half.run.streams.tick(at / 1000);
    if (moving || alive || this.pace.dirty) this.draw(halves);
    return { moving: moving || this.motion.moving, alive };
  }

  private draw(halves: Half[]): void {
    if (this.gone) return;
    const { renderer } = this.picture;
    const { ratio, full } = this.pace;
    this.picture.onto(this.rect, ratio, full, (width, height) => {
      if (halves.length !== 1) {
        renderer.setScissorTest(false);
        renderer.setClearColor(this.dressed === "dark" ? 0x3a4655 : 0xc3cad2, 1);
        renderer.clear(true, true, false);
      }
      const scale = width / this.rect.width;
      for (const half of halves) {
        const window = { x: Math.round(half.x * scale), y: 0, width: Math.max(Math.floor(half.width * scale), 1), height };
        this.picture.draw(half.run, this.motion.now, window, { ...window, line: Math.max(ratio, 1) });
      }
    });
    this.sign.show(this.labelled(), this.rect.width, this.rect.height, Math.min(devicePixelRatio || 1, 2), this.dressed);
    if (!this.first && halves.length) this.first = performance.now() - this.began;
  }

  async capture(scale: number): Promise<Blob> {
    const { width, height } = this.rect;
    const names = this.sign.arrange(this.labelled(), width, height);
    const made = await capture(this.picture, this.halves(), this.motion.now, this.rect, scale, this.dressed, names);
    this.redraw();
    return made;
  }

  resize(): void {
    const box = this.host.getBoundingClientRect();
    this.rect = { width: Math.max(box.width, 1), height: Math.max(box.height, 1) };
    this.picture.renderer.setSize(this.rect.width, this.rect.height, false);
    this.redraw();
  }

  stats(): Stats {
    const { render } = this.picture.renderer.info;
    return { calls: render.calls, triangles: render.triangles, script: this.pace.script, first: this.first, frames: this.pace.frames };
  }

  dispose(): void {
    this.pace.stop();
    this.unlisten();
    for (const run of this.runs) run?.dispose();
    this.picture.dispose();
    this.canvas.remove();
    this.sign.canvas.remove();
  }
}

