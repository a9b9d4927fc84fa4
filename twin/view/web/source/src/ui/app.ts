/** What all panels share: the runs, the stage, the situation, and what follows from them. */
import type { Eye, Graphics, Side, Stage, Theme } from "../contract";
import type { Quantity, State, Timeline } from "../generated/scene";
import { nearest } from "../scene/clock";
import { Run } from "../scene/run";
import {
  coatsOf,
  differenceColumns,
  differenceScale,
  scaleOf,
  stateColumns,
  textOn,
  timeColumns,
  type Columns,
  type Scale,
} from "../scene/scale";
import type { Scene } from "../contract";
import { Store } from "./store";

export interface Mistake {
  file: string;
  line: number;
  column: number;
  message: string;
  text: string;
}

/** What the server of a watched layout says. */
export interface Live {
  on: boolean;
  gone: boolean;
  progress: { stage: string; done: number; total: number } | null;
  mistakes: Mistake[];
  failed: string;
}

export class App {
  readonly store = new Store();
  runs: Run[] = [];
  stage!: Stage;
  live: Live = { on: false, gone: false, progress: null, mistakes: [], failed: "" };
  /** Names of the runs, where there are two. */
  names: string[] = [];
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");
  private painted?: { key: string; value: { scale: Scale; columns: Columns[][] } };

  constructor(
    private readonly status: HTMLElement,
    private readonly notices: (text: string, sort: "note" | "error") => void,
  ) {
    this.dark.addEventListener("change", () => this.store.tell("theme"));
  }

  get now() {
    return this.store.now;
  }

  get hasRun(): boolean {
    return this.runs.length > 0;
  }

  /** The run that panels tell of. */
  get run(): Run {
    return this.now.compare === "second" && this.runs[1] ? this.runs[1] : this.runs[0]!;
  }

  get side(): Side {
    return this.run === this.runs[1] ? 1 : 0;
  }

  get theme(): Theme {
    return this.now.theme || (this.dark.matches ? "dark" : "light");
  }

  get graphics(): Graphics {
    return this.stage.graphics;
  }

  get calm(): boolean {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  get stateIndex(): number {
    return this.run.state(this.now.state);
  }

  get state(): State | undefined {
    return this.run.stateAt(this.stateIndex);
  }

  get selected(): number {
    return this.now.sel ? this.run.scene.thing(this.now.sel) : -1;
  }

  get quantity(): Quantity | undefined {
    const chosen = this.run.quantity(this.now.paint);
    const usual = this.run.document.quantities[this.run.document.painted];
    return chosen?.paint ? chosen : usual?.paint ? usual : this.run.document.quantities.find((one) => one.paint);
  }

  get timeline(): Timeline | undefined {
    return this.now.timeline ? this.run.timeline(this.now.timeline) : undefined;
  }

  get timeIndex(): number {
    const timeline = this.timeline;
    return timeline ? nearest(this.run.scene.numbers(timeline.times), this.now.time) : 0;
  }

  get differs(): boolean {
    return this.now.compare === "difference" && this.runs.length > 1;
  }

  /** Another first or second run; what is shown stays where it still exists. */
  take(scenes: Scene[], names: string[] = this.names): void {
    this.runs = scenes.map((scene) => new Run(scene));
    this.names = names;
    this.painted = undefined;
    this.store.tell("runs");
  }

  /** Values that are painted on a side, and their scale; kept until something of it changes. */
  paint(): { scale: Scale; columns: Columns[][] } | null {
    const quantity = this.quantity;
    if (!quantity) return null;
    const { timeline, safe, state, compare } = this.now;
    const time = this.timeline ? this.timeIndex : -1;
    const key = JSON.stringify([quantity.name, timeline, time, safe, state, compare, this.theme, this.runs.length]);
    if (this.painted?.key !== key) this.painted = { key, value: this.painting(quantity) };
    return this.painted.value;
  }

  private painting(quantity: Quantity): { scale: Scale; columns: Columns[][] } {
    const columns = this.runs.map((run) => {
      const own = run.quantity(quantity.name);
      const timeline = run.timeline(this.now.timeline);
      if (!own) return [];
      const index = timeline ? nearest(run.scene.numbers(timeline.times), this.now.time) : 0;
      return (
        (timeline && timeColumns(run, timeline.name, own, index)) || stateColumns(run, own, run.state(this.now.state))
      );
    });
    const scale = scaleOf(this.run, quantity, this.now.safe);
    if (!this.differs) return { scale, columns };
    const gap = differenceColumns(this.runs[0]!, this.runs[1]!, columns[0]!, columns[1]!);
    return { scale: differenceScale(this.runs[0]!, quantity, gap, this.theme === "dark"), columns: [gap, []] };
  }

  coats(side: Side) {
    const painted = this.paint();
    return painted ? coatsOf(this.runs[side]!, painted.scale, painted.columns[side] ?? []) : [];
  }

  /** Painted value of a thing. */
  shown(thing: number, side: Side): { quantity: Quantity; value: number } | null {
    for (const { quantity, thing: things, values } of this.paint()?.columns[side] ?? []) {
      const column = (things as Uint32Array).indexOf(thing);
      if (column >= 0) return { quantity, value: values[column]! };
    }
    return null;
  }

  /** Text of a painted value: differences with their sign. */
  valueText(quantity: Quantity, value: number): string {
    const scale = this.paint()?.scale;
    return scale ? textOn(this.run, scale, quantity, value) : this.run.text(quantity, value);
  }

  select(thing: number, side: Side = this.side): void {
    const id = thing < 0 ? "" : this.runs[side]!.id(thing);
    const only = side === 1 && id !== "" && this.runs[0]!.scene.thing(id) < 0;
    this.store.set({ sel: id, compare: only ? "second" : this.now.compare });
  }

  selectId(id: string): void {
    this.store.set({ sel: id });
  }

  fly(thing: number, extent?: number): void {
    if (thing >= 0 && this.run.position(thing)) this.stage.fly(thing, this.side, extent);
  }

  /** What the situation asks for and the run does not have. */
  missing(): string[] {
    const { sel, paint, state, timeline, layers, field } = this.now;
    const { run } = this;
    const known = new Set(run.document.layers.map((layer) => layer.name));
    return [
      sel && this.runs.every((one) => one.scene.thing(sel) < 0) ? sel : "",
      paint && !run.quantity(paint)?.paint ? `quantity ${paint}` : "",
      state && !run.hasState(state) ? `state ${state}` : "",
      timeline && !run.timeline(timeline) ? `timeline ${timeline}` : "",
      field && !run.document.volumes.some((volume) => volume.name === field) ? `air field ${field}` : "",
      ...Object.keys(layers).map((name) => (known.has(name) ? "" : `layer ${name}`)),
    ].filter(Boolean);
  }

  /** On a phone the dock is a sheet over the picture; it goes when something was chosen in it. */
  closeSheet(): void {
    document.documentElement.classList.remove("dock-open");
  }

  /** Fly to where all of some things are in sight. */
  flyAround(things: readonly number[]): void {
    const low = [Infinity, Infinity, Infinity];
    const high = [-Infinity, -Infinity, -Infinity];
    for (const thing of things)
      this.run.position(thing)?.forEach((value, k) => {
        low[k] = Math.min(low[k]!, value);
        high[k] = Math.max(high[k]!, value);
      });
    if (!Number.isFinite(low[0])) return;
    const middle = low.map((value, k) => (value + high[k]!) / 2) as [number, number, number];
    const span = Math.hypot(...low.map((value, k) => high[k]! - value));
    this.stage.fly(middle, this.side, Math.max(12, 1.4 * span));
  }

  /** Said to those who listen to the page. */
  say(text: string): void {
    this.status.textContent = text;
  }

  notice(text: string, sort: "note" | "error" = "note"): void {
    this.notices(text, sort);
  }

  eye(): Eye {
    return this.stage.eye();
  }
}
