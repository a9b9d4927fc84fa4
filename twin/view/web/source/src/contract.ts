/**
 * What the parts of the page know of one another: the scene that was read, and the stage that draws it.
 *
 * `scene/` reads documents, `stage/` draws with three.js and knows nothing of panels, `ui/` is everything around the picture and
 * draws nothing in it.  `main.ts` joins them.
 */
import type { Block, Document } from "./generated/scene";

export type Numbers = Float32Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;

/** A scene whose bytes were checked; arrays are decoded when they are first asked for, and kept. */
export interface Scene {
  readonly document: Document;
  /** The numbers of an array, row by row; throws SceneError if they do not lie in the buffer. */
  numbers(ref: Block): Numbers;
  /** One row of a table, without a copy; the only row where there is one for all. */
  row(ref: Block, row: number): Numbers;
  /** Index of a thing by its id; -1 without. */
  thing(id: string): number;
}

/** Which of two runs: the first, or the one it is compared with. */
export type Side = 0 | 1;

export type Vector = readonly [number, number, number];

/** Where the eye is; plain numbers, so that it fits into an address. */
export interface Eye {
  eye: Vector;
  target: Vector;
  /** Half the height that is seen, of a parallel view; 0 for perspective. [m] */
  parallel: number;
}

export type View = "iso" | "plan" | "south" | "east" | "north" | "west";
export type Theme = "light" | "dark";
export type Axis = "x" | "y" | "z";

/** Colours of one layer's things. */
export interface Coat {
  layer: string;
  /** (things of the document): 0 .. 1 along the table; NaN: no value (grey). */
  share: Float32Array;
}

export interface Paint {
  coats: Coat[];
  /** (256 x 3) */
  lut: Uint8Array;
  /** Things out of service, which are drawn dark. */
  out: ReadonlySet<number>;
}

export interface Air {
  mode: "off" | "slice" | "surface" | "volume";
  /** Index of the volume whose kind is shown; all halls' volumes of that name are. */
  name: string;
  axes: { axis: Axis; at: number }[];
  /** Cuts: place along the axis [m]. */
  level: number;
  /** Value of the surface, or from which the volume is opaque. */
  lut: Uint8Array;
}

export interface Highlight {
  /** -1 for none. */
  selected: number;
  hovered: number;
  /** Things that serve it, and that it serves; everything else fades a little while either holds any. */
  up: readonly number[];
  down: readonly number[];
  /** Pairs of things to join by lines, by sort. */
  links: { from: number; to: number; sort: "power" | "cooling" }[];
}

export interface Box {
  low: Vector;
  high: Vector;
}

export interface Graphics {
  /** False: WebGL 2 is not to be had, nothing is drawn, every call does nothing. */
  ok: boolean;
  reason: string;
  renderer: string;
  /** Drawn by the processor: material and resolution step down. */
  software: boolean;
}

export interface Stats {
  /** Of the last frame. */
  calls: number;
  triangles: number;
  /** Mean script time of the last 30 frames, without the first one, which waits for the shaders' compiler. [ms] */
  script: number;
  /** From the beginning of the script to the first picture. [ms] */
  first: number;
  frames: number;
}

export interface StageEvents {
  /** -1: beside everything. */
  hover(thing: number, side: Side, x: number, y: number): void;
  pick(thing: number, side: Side): void;
  /** Double click or double tap: fly there. */
  open(thing: number, side: Side): void;
  /** The eye came to rest. */
  moved(): void;
  /** The context was lost, or came back. */
  lost(gone: boolean): void;
}

/** Addition: how a stage is made, `createStage(host, events, options)` of `stage/stage.ts`; everything may be left out. */
export interface StageOptions {
  /** When the script began. [ms of performance.now] */
  began?: number;
  /** No movement without being asked for; follows the system's setting without. */
  calm?: boolean;
  /** False: draw the plan that is drawn without WebGL. */
  webgl?: boolean;
  theme?: Theme;
  /** Addition: edges of the canvas that panels cover, CSS pixels; what is fitted into the picture keeps off them. */
  inset?: () => { left: number; top: number; right: number; bottom: number };
}

/** The picture.  It draws only when something changed or moves; all units are metres, z is up. */
export interface Stage {
  readonly graphics: Graphics;
  /** Build, or replace, what is seen of a run; keeps the eye unless `frame`. */
  show(scene: Scene, side: Side, frame?: boolean): void;
  /** Forget the second run. */
  single(): void;
  /** `both`: beside one another with one eye; `first` or `second` alone. */
  arrange(how: "first" | "second" | "both"): void;
  paint(side: Side, paint: Paint): void;
  /** Layer on or off. */
  visible(layer: string, on: boolean): void;
  /** Only the things with 1 are seen (shells and floor always are); null for all. */
  isolate(mask: Uint8Array | null): void;
  section(box: Box | null): void;
  highlight(side: Side, what: Highlight): void;
  air(air: Air): void;
  /** Lines along which the air moves; `lut` over the streams' quantity. */
  streams(on: boolean, lut: Uint8Array): void;
  labels(on: boolean): void;
  theme(theme: Theme): void;
  look(view: View): void;
  eye(): Eye;
  go(eye: Eye, swift?: boolean): void;
  /** Fly to a thing or a place; `extent` is how much around it is seen. [m] */
  fly(to: number | Vector, side?: Side, extent?: number): void;
  /** Turn, move and near by keys: shares of the picture. */
  nudge(turn: number, tilt: number, near: number, right?: number, ahead?: number): void;
  /** Place of a thing in the canvas, CSS pixels: of its lid's middle from above, else of its own; null behind the eye. */
  project(thing: number, side?: Side): { x: number; y: number } | null;
  /** What lies under a place of the canvas. */
  at(x: number, y: number): { thing: number; side: Side };
  /** PNG of the picture at a multiple of its size, without panels. */
  capture(scale: number): Promise<Blob>;
  resize(): void;
  stats(): Stats;
  dispose(): void;
}
