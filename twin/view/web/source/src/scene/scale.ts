/** Scales: which value has which colour, for states, times and differences; and the coats that the stage wears. */
import type { Coat } from "../contract";
import type { Band, Dimension, Quantity, Tick, Unit, Volume } from "../generated/scene";
import { fixed, formatDifference, general, isTemperature } from "./quantity";
import type { Run } from "./run";

/** What a colour bar shows. */
export interface Scale {
  title: string;
  unit: string;
  /** SI values of one and of zero of the unit. */
  factor: number;
  offset: number;
  low: number;
  high: number;
  lut: Uint8Array;
  ticks: Tick[];
  bands: readonly Band[];
  limits: readonly Tick[];
  /** Values on both sides of zero. */
  signed: boolean;
}

/** Values of things: column `k` belongs to `thing[k]`. */
export interface Columns {
  quantity: Quantity;
  thing: ArrayLike<number>;
  values: ArrayLike<number>;
}

export function lutOf(run: Run, quantity: { lut: number; safe: number }, safe: boolean): Uint8Array {
  const block = run.document.luts[safe ? quantity.safe : quantity.lut] ?? run.document.luts[0];
  return block ? (run.scene.numbers(block) as Uint8Array) : grey();
}

function unitFields(unit: Unit | null): Pick<Scale, "unit" | "factor" | "offset"> {
  return { unit: unit?.text ?? "", factor: unit?.factor || 1, offset: unit?.offset ?? 0 };
}

export function scaleOf(run: Run, quantity: Quantity, safe: boolean): Scale {
  return {
    title: quantity.label,
    ...unitFields(quantity.unit),
    low: quantity.low,
    high: quantity.high,
    lut: lutOf(run, quantity, safe),
    ticks: quantity.ticks,
    bands: quantity.bands,
    limits: quantity.limits,
    signed: false,
  };
}

/** Scale of an air field: that of the quantity whose colours it shares, or its own. */
export function airScale(run: Run, volume: Volume, safe: boolean): Scale {
  const shared = run.document.quantities[volume.quantity];
  if (shared) return { ...scaleOf(run, shared, safe), title: volume.label };
  const { unit, ticks } = marks(volume.low, volume.high, run.document.dimensions[volume.dimension]);
  const lut = lutOf(run, volume, safe);
  return {
    title: volume.label,
    ...unitFields(unit),
    low: volume.low,
    high: volume.high,
    lut,
    ticks,
    bands: [],
    limits: [],
    signed: false,
  };
}

/** Round values in the unit that the larger end of a range is shown in. */
export function marks(low: number, high: number, dimension: Dimension | undefined): { unit: Unit; ticks: Tick[] } {
  const unit = rangeUnit(Math.max(Math.abs(low), Math.abs(high)), dimension);
  const offset = unit.offset ?? 0;
  const [from, to] = [(low - offset) / unit.factor, (high - offset) / unit.factor];
  const step = nice((to - from) / 6);
  const ticks: Tick[] = [];
  if (!(step > 0)) return { unit, ticks };
  for (let k = Math.ceil(from / step - 1e-9); k <= Math.floor(to / step + 1e-9); k++)
    ticks.push({ value: k * step * unit.factor + offset, text: general(k * step + 0, 4) });
  return { unit, ticks };
}

function rangeUnit(size: number, dimension: Dimension | undefined): Unit {
  let chosen = dimension?.units[0] ?? { text: "", factor: 1, offset: 0 };
  for (const unit of dimension?.units ?? []) if (size / unit.factor >= 1) chosen = unit;
  return chosen;
}

function nice(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 2.5, 5, 10].find((step) => step >= rough / power - 1e-9) ?? 10) * power;
}

/** Blue over white to red, 256 colours; white is zero. */
export function diverging(dark: boolean): Uint8Array {
  const middle = dark ? [233, 236, 240] : [247, 247, 247];
  const stops = [[5, 72, 145], [67, 147, 195], [170, 208, 229], middle, [244, 180, 150], [214, 96, 77], [150, 10, 40]];
  const lut = new Uint8Array(768);
  for (let k = 0; k < 256; k++) {
    const at = (k / 255) * (stops.length - 1);
    const left = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++)
      lut[3 * k + c] = Math.round(stops[left]![c]! + (at - left) * (stops[left + 1]![c]! - stops[left]![c]!));
  }
  return lut;
}

function grey(): Uint8Array {
  return Uint8Array.from({ length: 768 }, (_, k) => Math.floor(k / 3));
}

/**
 * Quantities that mean the same on other layers, so that one bar colours them all: coolant on racks, CDUs and loops.
 * Never the floor: so large an area would be all that one sees.
 */
export function companions(run: Run, quantity: Quantity): Quantity[] {
  const floors = run.document.layers.filter((layer) => layer.look === "floor").map((layer) => layer.name);
  const taken = new Set([...quantity.layers, ...floors]);
  const found: Quantity[] = [];
  const last = (name: string) => name.slice(name.indexOf(".") + 1);
  for (const other of run.document.quantities) {
    const alike =
      other !== quantity &&
      other.paint &&
      other.dimension === quantity.dimension &&
      other.low === quantity.low &&
      other.high === quantity.high &&
      other.lut === quantity.lut &&
      (quantity.dimension === "temperature" || last(other.name) === last(quantity.name));
    if (!alike || other.layers.length === 0 || other.layers.some((layer) => taken.has(layer))) continue;
    other.layers.forEach((layer) => taken.add(layer));
    found.push(other);
  }
  return found;
}

/** Values of a quantity (and of its companions) in a state. */
export function stateColumns(run: Run, quantity: Quantity, state: number): Columns[] {
  return [quantity, ...companions(run, quantity)].map((one) => ({
    quantity: one,
    thing: run.scene.numbers(one.thing),
    values: run.scene.row(one.values, state),
  }));
}

/** Values at a time where the timeline has the quantity; null without. */
export function timeColumns(run: Run, timeline: string, quantity: Quantity, index: number): Columns[] | null {
  const along = run.timeline(timeline)?.paints ?? [];
  const wanted = [quantity, ...companions(run, quantity)];
  const found: Columns[] = [];
  for (const one of wanted) {
    const paint = along.find((paint) => run.document.quantities[paint.quantity] === one);
    if (paint)
      found.push({ quantity: one, thing: run.scene.numbers(paint.thing), values: run.scene.row(paint.values, index) });
  }
  return found.some((columns) => columns.quantity === quantity) ? found : null;
}

/** Second minus first, matched by id. */
export function differenceColumns(first: Run, second: Run, one: Columns[], other: Columns[]): Columns[] {
  const byName = new Map(other.map((columns) => [columns.quantity.name, columns]));
  return one.flatMap((columns) => {
    const partner = byName.get(columns.quantity.name);
    if (!partner) return [];
    const there = new Map<string, number>();
    for (let k = 0; k < partner.thing.length; k++) there.set(second.id(partner.thing[k]!), partner.values[k]!);
    const values = new Float32Array(columns.thing.length);
    for (let k = 0; k < values.length; k++)
      values[k] = (there.get(first.id(columns.thing[k]!)) ?? NaN) - columns.values[k]!;
    return [{ quantity: columns.quantity, thing: columns.thing, values }];
  });
}

/** Symmetric about zero, to the next round number above the largest difference. */
export function differenceScale(run: Run, quantity: Quantity, columns: Columns[], dark: boolean): Scale {
  let size = 0;
  for (const { values } of columns)
    for (let k = 0; k < values.length; k++) if (Math.abs(values[k]!) > size) size = Math.abs(values[k]!);
  const dimension = run.document.dimensions[quantity.dimension];
  const kelvin = isTemperature(dimension);
  const unit: Unit = kelvin ? { text: "K", factor: 1, offset: 0 } : rangeUnit(size, dimension);
  const end = nice(size / unit.factor || 1) * unit.factor;
  const ticks = [-1, -0.5, 0, 0.5, 1].map((share) => {
    const number = (share * end) / unit.factor;
    const text = number === 0 ? "0" : `${number > 0 ? "+" : "\u2212"}${general(Math.abs(number), 4)}`;
    return { value: share * end, text };
  });
  const title = `${quantity.label}: second minus first`;
  return {
    title,
    ...unitFields(unit),
    low: -end,
    high: end,
    lut: diverging(dark),
    ticks,
    bands: [],
    limits: [],
    signed: true,
  };
}

/** Shares along the table for every layer that the columns colour. */
export function coatsOf(run: Run, scale: Scale, all: Columns[]): Coat[] {
  const coats: Coat[] = [];
  for (const { quantity, thing, values } of all) {
    const share = new Float32Array(run.count).fill(NaN);
    const span = scale.high - scale.low || 1;
    for (let k = 0; k < thing.length; k++) {
      const at = (values[k]! - scale.low) / span;
      share[thing[k]!] = at < 0 ? 0 : at > 1 ? 1 : at;
    }
    for (const layer of quantity.layers) coats.push({ layer, share });
  }
  return coats;
}

/** Text of a value on a scale: differences with their sign. */
export function textOn(run: Run, scale: Scale, quantity: Quantity, value: number): string {
  return scale.signed
    ? formatDifference(value, run.document.dimensions[quantity.dimension])
    : run.text(quantity, value);
}

/** A label without the conditions that follow it. */
export function shortLabel(label: string): string {
  return label.split(";")[0]!;
}

/** Table of a quantity as people call it. */
export function tableLabel(name: string): string {
  const labels: Record<string, string> = {
    rack: "Racks",
    cdu: "CDUs",
    crah: "Air handlers",
    plant: "Plant",
    pump: "Pumps",
    power: "Power machines",
    feed: "Feeds",
    loop: "Loops",
    hall: "Halls",
    rear_door: "Rear doors",
    site: "Site",
    margin: "Margins",
    machine: "Machines",
  };
  const table = name.split(".")[0] ?? "";
  return labels[table] ?? (table.charAt(0).toUpperCase() + table.slice(1)).replaceAll("_", " ");
}

/** The words of a band, and shorter ones where there is no room for them. */
export function shortened(text: string): string[] {
  const brief = text
    .replace(/^(below|less than) (class )?/, "< ")
    .replace(/^(above|more than) (class )?/, "> ")
    .replace(/ to a limit$/, "");
  const name = /^\w+ ([A-Z]\d)$/.exec(brief)?.[1];
  const last = /^\w+ (\w+)$/.exec(brief)?.[1];
  return [...new Set([text, brief, name ?? last ?? brief])];
}

/** Limits that lie beyond an end of the bar, with their value. */
export function beyond(scale: Scale): { high: boolean; text: string }[] {
  const outside = scale.limits.filter(({ value }) => value < scale.low || value > scale.high);
  return outside.map(({ value, text }) => {
    const number = general((value - scale.offset) / scale.factor, 4);
    return { high: value > scale.high, text: `${text} at ${number}${scale.unit ? ` ${scale.unit}` : ""}` };
  });
}

/** Axis numbers without needless digits, in metres. */
export function metres(value: number): string {
  return `${fixed(value, 2)} m`;
}
