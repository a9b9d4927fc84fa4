/** What is shown, as one plain value; and its way into an address and back. */
import type { Air, Axis, Box, Eye, View } from "../contract";

export type Comparing = "first" | "second" | "both" | "difference";
export type Tab = "findings" | "layers" | "states" | "figures";

export interface Situation {
  /** Id of the selected thing. */
  sel: string;
  /** Name of the painted quantity; empty for the document's own choice. */
  paint: string;
  /** Name of the state; empty for the normal one. */
  state: string;
  /** Step of the state's cascade; -1 for the end of it. */
  step: number;
  /** Layers that are switched otherwise than the document has them. */
  layers: Readonly<Record<string, boolean>>;
  /** `pod:p1`, `row:p1.s`, `hall:h1`, `id:p1.s.08`; empty for everything. */
  isolate: string;
  box: Box | null;
  air: Air["mode"];
  /** Name of the air field. */
  field: string;
  cuts: readonly { axis: Axis; at: number }[];
  level: number | null;
  streams: boolean;
  labels: boolean;
  timeline: string;
  time: number;
  compare: Comparing;
  theme: "" | "light" | "dark";
  /** Colours that all eyes can tell apart. */
  safe: boolean;
  view: Eye | View | null;
  tab: Tab;
}

export const START: Situation = {
  sel: "",
  paint: "",
  state: "",
  step: -1,
  layers: {},
  isolate: "",
  box: null,
  air: "off",
  field: "",
  cuts: [],
  level: null,
  streams: false,
  labels: true,
  timeline: "",
  time: 0,
  compare: "first",
  theme: "",
  safe: false,
  view: null,
  tab: "findings",
};

export const VIEWS: readonly View[] = ["iso", "plan", "south", "east", "north", "west"];
const AIRS: readonly Air["mode"][] = ["off", "slice", "surface", "volume"];
const COMPARING: readonly Comparing[] = ["first", "second", "both", "difference"];
const TABS: readonly Tab[] = ["findings", "layers", "states", "figures"];

/** The part of an address after `#`; empty where everything is as at the start. */
export function toHash(now: Situation): string {
  const parts: string[] = [];
  const put = (key: string, value: string) => parts.push(`${key}=${escaped(value)}`);
  const layers = Object.entries(now.layers).map(([name, on]) => (on ? "+" : "-") + name);
  if (now.sel) put("sel", now.sel);
  if (now.paint) put("paint", now.paint);
  if (now.state) put("state", now.state);
  if (now.step >= 0) put("step", String(now.step));
  if (layers.length) put("layers", layers.join(","));
  if (now.isolate) put("isolate", now.isolate);
  if (now.box) put("box", [...now.box.low, ...now.box.high].map(short).join(","));
  if (now.air !== "off") put("air", now.air);
  if (now.field) put("field", now.field);
  if (now.cuts.length) put("cut", now.cuts.map(({ axis, at }) => `${axis}:${short(at)}`).join(","));
  if (now.level !== null) put("level", short(now.level));
  if (now.streams) put("streams", "on");
  if (!now.labels) put("labels", "off");
  if (now.timeline) put("time", `${now.timeline},${short(now.time)}`);
  if (now.compare !== "first") put("compare", now.compare);
  if (now.theme) put("theme", now.theme);
  if (now.safe) put("safe", "on");
  if (now.view) put("view", typeof now.view === "string" ? now.view : eyeText(now.view));
  if (now.tab !== "findings") put("tab", now.tab);
  return parts.join("&");
}

/** What an address asks for, and what of it nobody understands. */
export function fromHash(hash: string): { situation: Situation; ignored: string[] } {
  const found: { -readonly [Key in keyof Situation]: Situation[Key] } = { ...START };
  const ignored: string[] = [];
  for (const part of hash.replace(/^#/, "").split("&").filter(Boolean)) {
    const cut = part.indexOf("=");
    const value = plain(cut < 0 ? "" : part.slice(cut + 1));
    if (value === null || !take(found, part.slice(0, cut), value)) ignored.push(part.slice(0, 80));
  }
  if (found.cuts.length && found.air === "off") found.air = "slice";
  return { situation: found, ignored };
}

function take(into: { -readonly [Key in keyof Situation]: Situation[Key] }, key: string, value: string): boolean {
  const choose = <T extends string>(allowed: readonly T[], put: (one: T) => void) => {
    const one = allowed.find((candidate) => candidate === value);
    if (one !== undefined) put(one);
    return one !== undefined;
  };
  switch (key) {
    case "sel":
    case "paint":
    case "state":
    case "field":
      into[key] = value;
      return true;
    case "isolate":
      into.isolate = value;
      return /^(pod|row|hall|id):./.test(value);
    case "step":
      into.step = /^\d{1,4}$/.test(value) ? Number(value) : -1;
      return into.step >= 0;
    case "layers": {
      const named = value.split(",").filter((name) => /^[+-]./.test(name));
      into.layers = Object.fromEntries(named.map((name) => [name.slice(1), name.startsWith("+")]));
      return named.length > 0;
    }
    case "box": {
      const [a, b, c, d, e, f, ...more] = numbers(value);
      if (f === undefined || more.length) return false;
      into.box = { low: [a!, b!, c!], high: [d!, e!, f] };
      return true;
    }
    case "air":
      return choose(AIRS, (mode) => (into.air = mode));
    case "cut": {
      const cuts = value.split(",").map((text) => /^([xyz]):(-?[\d.]+)$/.exec(text));
      if (cuts.some((found) => !found || !Number.isFinite(Number(found[2])))) return false;
      into.cuts = cuts.slice(0, 3).map((found) => ({ axis: found![1] as Axis, at: Number(found![2]) }));
      return true;
    }
    case "level": {
      const [level] = numbers(value);
      into.level = level ?? null;
      return level !== undefined;
    }
    case "streams":
      return choose(["on", "off"], (one) => (into.streams = one === "on"));
    case "labels":
      return choose(["on", "off"], (one) => (into.labels = one === "on"));
    case "time": {
      const cut = value.lastIndexOf(",");
      const time = Number(value.slice(cut + 1));
      if (cut < 1 || !Number.isFinite(time)) return false;
      [into.timeline, into.time] = [value.slice(0, cut), time];
      return true;
    }
    case "compare":
      return choose(COMPARING, (one) => (into.compare = one));
    case "theme":
      return choose(["light", "dark"] as const, (one) => (into.theme = one));
    case "safe":
      return choose(["on", "off"], (one) => (into.safe = one === "on"));
    case "view":
      return choose(VIEWS, (one) => (into.view = one)) || takeEye(into, value);
    case "tab":
      return choose(TABS, (one) => (into.tab = one));
    default:
      return false;
  }
}

function takeEye(into: { view: Eye | View | null }, value: string): boolean {
  const [a, b, c, d, e, f, parallel = 0, ...more] = numbers(value);
  if (f === undefined || more.length) return false;
  into.view = { eye: [a!, b!, c!], target: [d!, e!, f], parallel };
  return true;
}

function eyeText({ eye, target, parallel }: Eye): string {
  return [...eye, ...target, ...(parallel ? [parallel] : [])].map(short).join(",");
}

/** All numbers of a list, or none where one of them is not a number. */
function numbers(text: string): number[] {
  const found = text.split(",").map((part) => (part.trim() ? Number(part) : NaN));
  return found.every((number) => Number.isFinite(number) && Math.abs(number) < 1e7) ? found : [];
}

function short(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** Names stay readable in the address: only what would break it is escaped. */
function escaped(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%3A", ":")
    .replaceAll("%2C", ",")
    .replaceAll("%2B", "+")
    .replaceAll("%2F", "/");
}

function plain(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
