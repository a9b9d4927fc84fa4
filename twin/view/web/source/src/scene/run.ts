/** A run as the panels ask for it: things by name, values by thing, quantity and state. */
import type { Scene } from "../contract";
import type { Finding, Quantity, State, Timeline } from "../generated/scene";
import { counts, type Rank } from "./findings";
import { Graph } from "./graph";
import { formatQuantity } from "./quantity";

/** Extreme values of a thing over all states. */
export interface Range {
  low: number;
  high: number;
  lowState: number;
  highState: number;
}

export class Run {
  readonly graph: Graph;
  private readonly byName: Map<string, number>;
  private readonly stateByName: Map<string, number>;
  private layerThings?: Map<number, string[]>;
  private findingsOf?: Map<number, number[]>;
  private sums?: Record<Rank, number>;

  constructor(readonly scene: Scene) {
    this.graph = new Graph(scene);
    this.byName = new Map(scene.document.quantities.map((quantity, index) => [quantity.name, index]));
    this.stateByName = new Map(scene.document.states.map((state, index) => [state.name, index]));
  }

  get document() {
    return this.scene.document;
  }

  get count(): number {
    return this.document.things.id.length;
  }

  id(thing: number): string {
    return this.document.things.id[thing] ?? "";
  }

  kind(thing: number): string {
    const { kind, kinds } = this.document.things;
    return kinds[kind[thing]!] ?? "";
  }

  /** Product and its description. */
  product(thing: number): { name: string; text: string } {
    const { type, types } = this.document.things;
    const [name = "", text = ""] = (types[type[thing]!] ?? "").split("\t");
    return { name, text };
  }

  place(thing: number): string {
    const { place, places } = this.document.things;
    return places[place[thing]!] ?? "";
  }

  group(thing: number, sort: "row" | "pod" | "hall"): string {
    const { things } = this.document;
    const names = { row: things.rows, pod: things.pods, hall: things.halls }[sort];
    return names[things[sort][thing]!] ?? "";
  }

  /** Where it is written. */
  source(thing: number): { file: string; line: number } | null {
    const { file, files, line } = this.document.things;
    const name = files[file[thing]!];
    return name && line[thing] ? { file: name, line: line[thing]! } : null;
  }

  /** Middle of a thing; null without a place. */
  position(thing: number): [number, number, number] | null {
    const all = this.scene.numbers(this.document.things.position);
    const [x, y, z] = all.subarray(3 * thing, 3 * thing + 3);
    return x !== undefined && Number.isFinite(x) ? [x, y!, z!] : null;
  }

  quantity(name: string): Quantity | undefined {
    return this.document.quantities[this.byName.get(name) ?? -1];
  }

  /** Index of a state; the normal one (or the first) where the name is not known. */
  state(name: string): number {
    const found = this.stateByName.get(name);
    return found ?? this.normal;
  }

  hasState(name: string): boolean {
    return this.stateByName.has(name);
  }

  get normal(): number {
    return Math.max(
      0,
      this.document.states.findIndex((state) => state.normal),
    );
  }

  stateAt(index: number): State | undefined {
    return this.document.states[index];
  }

  timeline(name: string): Timeline | undefined {
    return this.document.timelines.find((timeline) => timeline.name === name);
  }

  /** Column of a thing in the table of a quantity; -1 without. */
  column(quantity: Quantity, thing: number): number {
    return (this.scene.numbers(quantity.thing) as Uint32Array).indexOf(thing);
  }

  value(quantity: Quantity, thing: number, state: number): number {
    const column = this.column(quantity, thing);
    return column < 0 ? NaN : (this.scene.row(quantity.values, state)[column] ?? NaN);
  }

  /** Lowest and highest value of a thing in any state; null without any. */
  range(quantity: Quantity, thing: number): Range | null {
    const column = this.column(quantity, thing);
    const [rows = 1, columns = 0] = quantity.values.shape;
    if (column < 0) return null;
    const all = this.scene.numbers(quantity.values);
    const range: Range = { low: Infinity, high: -Infinity, lowState: 0, highState: 0 };
    for (let state = 0; state < rows; state++) {
      const value = all[state * columns + column]!;
      if (value < range.low) [range.low, range.lowState] = [value, state];
      if (value > range.high) [range.high, range.highState] = [value, state];
    }
    return Number.isFinite(range.low) ? range : null;
  }

  text(quantity: Quantity, value: number): string {
    return formatQuantity(value, this.document.dimensions[quantity.dimension]);
  }

  /** All quantities that hold a thing. */
  quantitiesOf(thing: number): { quantity: Quantity; column: number }[] {
    return this.document.quantities
      .map((quantity) => ({ quantity, column: this.column(quantity, thing) }))
      .filter(({ column }) => column >= 0);
  }

  /** Layers that a thing has boxes in. */
  layersOf(thing: number): string[] {
    if (!this.layerThings) {
      this.layerThings = new Map();
      for (const layer of this.document.layers)
        for (const owner of new Set(this.scene.numbers(layer.thing))) {
          const known = this.layerThings.get(owner);
          if (known) known.push(layer.name);
          else this.layerThings.set(owner, [layer.name]);
        }
    }
    return this.layerThings.get(thing) ?? [];
  }

  /** Findings of a thing, worst first. */
  findings(thing: number): number[] {
    if (!this.findingsOf) {
      this.findingsOf = new Map();
      this.document.findings.forEach((finding, index) => {
        const known = this.findingsOf!.get(finding.thing);
        if (known) known.push(index);
        else this.findingsOf!.set(finding.thing, [index]);
      });
    }
    return this.findingsOf.get(thing) ?? [];
  }

  /** How many findings there are of every rank. */
  get counts(): Record<Rank, number> {
    return (this.sums ??= counts(this.document.findings));
  }

  /** The quantity that a finding is about. */
  about(finding: Finding): Quantity | undefined {
    return this.document.quantities[finding.quantity];
  }
}
