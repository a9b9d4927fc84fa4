/** One run on the stage: its boxes, marks and colours, and everything else that is drawn of it. */
import { Scene as ThreeScene, Vector3, Vector4 } from "three";
import type { Camera, DataTexture, Mesh, Object3D, WebGLRenderer } from "three";
import type { Box, Highlight, Paint, Scene, Theme, Vector } from "../contract";
import { AirField } from "./air";
import { BoxTables, EVERY_LOOK, MARK, NO_VALUE, PLAIN, boxMesh } from "./boxes";
import type { Uniforms } from "./boxes";
import { Shadow, groundMesh } from "./ground";
import { drawn, isShell, layout, lookOf, thingBox } from "./layout";
import type { Layout } from "./layout";
import { Links, Outlines } from "./lines";
import type { Manner } from "./picture";
import { routes } from "./routes";
import { StreamLayer } from "./streams";
import { firstHit } from "./rays";
import type { Cut, Hit } from "./rays";
import { colorTable, fill, numberTable } from "./tables";
import { PALETTES, layerColor } from "./themes";
import { minus } from "./vectors";
import type { Triple } from "./vectors";

/** Boxes that an outline may have: more would not be readable. */
const OUTLINED = 4000;
/** Looks of what belongs to a thing without being the thing. */
const BESIDE = new Set(["pipe", "tray", "wall", "glass"]);
const EVERYWHERE: Cut = { low: [-1e30, -1e30, -1e30], high: [1e30, 1e30, 1e30] };
export const NOTHING: Highlight = { selected: -1, hovered: -1, up: [], down: [], links: [] };

interface Name {
  text: string;
  kind: "hall" | "row" | "group";
  at: Triple;
}

const alike = <T>(a: readonly T[], b: readonly T[]): boolean => a === b || (a.length === b.length && a.every((each, k) => each === b[k]));

export class Run {
  readonly layout: Layout;
  readonly root = new ThreeScene();
  readonly air: AirField;
  readonly streams: StreamLayer;
  private readonly solids: Mesh;
  private readonly panes: Mesh;
  private readonly ground: Mesh;
  highlight: Highlight = NOTHING;
  private refined: { instead: Mesh; mesh: Mesh }[] | null = null;
  private readonly own: Uniforms;
  private readonly data: ReturnType<typeof drawn>;
  private readonly tables: BoxTables;
  private readonly shadow: Shadow;
  private readonly outlines: Outlines;
  private readonly lines: Links;
  private readonly table: DataTexture;
  private readonly lut: DataTexture;
  private readonly seen: boolean[];
  private painted = new Set<string>();
  private wanted: ReadonlyMap<string, boolean> = new Map();
  private mask: Uint8Array | null = null;
  private out: ReadonlySet<number> = new Set();
  private cut = EVERYWHERE;
  private stale = true;
  /** Names that are to be seen, until something is shown or hidden. */
  private names: Name[] | null = null;
  private theme: Theme = "light";

  constructor(readonly scene: Scene, private readonly frame: Uniforms, private readonly software: boolean, moves: boolean) {
    this.layout = layout(scene);
    this.data = drawn(this.layout);
    this.seen = this.layout.layers.map((layer) => !layer.hidden);
    this.table = numberTable(new Float32Array(4 * 2 * Math.max(this.layout.layers.length, 1)), Math.max(this.layout.layers.length, 1), 2);
    this.lut = colorTable();
    this.tables = new BoxTables(this.data);
    const uniforms = (this.own = this.uniforms());
    this.shadow = new Shadow(this.layout.solid, this.layout.low, this.layout.high, uniforms, software);
    uniforms.uShadow!.value = this.shadow.target.texture;
    uniforms.uShadowAt!.value = this.shadow.at;
    this.ground = groundMesh(uniforms, software);
    this.outlines = new Outlines(uniforms);
    this.lines = new Links(uniforms);
    this.air = new AirField(scene, this.layout.origin, this.root, uniforms, software);
    this.streams = new StreamLayer(scene, this.layout.origin, uniforms, moves);
    this.root.matrixWorldAutoUpdate = false;
    const { solid, count } = this.layout;
    this.solids = boxMesh(uniforms, { from: 0, to: solid, glass: false, looks: EVERY_LOOK }, software);
    this.panes = boxMesh(uniforms, { from: solid, to: count, glass: true, looks: EVERY_LOOK }, software);
    this.root.add(this.solids, this.panes);
    this.root.add(this.ground, this.outlines.mesh, this.lines.mesh, this.streams.mesh);
    this.recoat();
  }

  private uniforms(): Uniforms {
    const { low, high, origin } = this.layout;
    const reach = Math.max(Math.hypot(high[0] - low[0], high[1] - low[1]) * 1.3, 40);
    return {
      ...this.frame, ...this.tables.uniforms,
      uLow: { value: new Vector3(...this.cut.low) }, uHigh: { value: new Vector3(...this.cut.high) },
      uLayers: { value: this.table }, uLut: { value: this.lut }, uShadow: { value: null }, uShadowAt: { value: new Vector4() },
      uLevel: { value: Math.min(0 - origin[2], 0) - 0.02 }, uReach: { value: reach },
    };
  }

  /** Layers that are to be seen, by name; the others as the document says, or because they are painted. */
  show(wanted: ReadonlyMap<string, boolean>): void {
    this.wanted = wanted;
    let changed = false;
    this.layout.layers.forEach((layer, k) => {
      const on = wanted.get(layer.name) ?? (!layer.hidden || this.painted.has(layer.name));
      changed ||= on !== this.seen[k];
      this.seen[k] = on;
    });
    if (!changed) return;
    this.recoat();
    this.outline();
    this.stale = true;
    this.names = null;
  }

  dress(theme: Theme): void {
    if (theme === this.theme) return;
    this.theme = theme;
    this.recoat();
  }

  private recoat(): void {
    const palette = PALETTES[this.theme];
    const values = this.table.image.data as unknown as Float32Array;
    const wide = this.table.image.width;
    this.layout.layers.forEach((layer, k) => {
      values.set([...layerColor(layer.look, layer.color, palette), lookOf(layer)], 4 * k);
      values.set([layer.opacity, this.seen[k] ? 1 : 0, 0, 0], 4 * (wide + k));
    });
    this.table.needsUpdate = true;
  }

  paint(paint: Paint): void {
    const { layer, thing, layers, count } = this.layout;
    const coats = new Map(paint.coats.map((coat) => [coat.layer, coat.share]));
    const chosen = layers.map((each) => coats.get(each.name) ?? null);
    const share = this.data.share;
    for (let k = 0; k < count; k++) {
      const values = chosen[layer[k]!];
      if (!values) share[k] = PLAIN;
      else {
        const value = values[thing[k]!] ?? NaN;
        share[k] = value >= 0 ? Math.min(value, 1) : value < 0 ? 0 : NO_VALUE;
      }
    }
    this.tables.share.needsUpdate = true;
    fill(this.lut, paint.lut);
    const same = paint.out.size === this.out.size && [...paint.out].every((each) => this.out.has(each));
    this.out = new Set(paint.out);
    if (!same) this.mark();
    this.painted = new Set(coats.keys());
    this.show(this.wanted);
  }

  isolate(mask: Uint8Array | null): void {
    if (mask === null && this.mask === null) return;
    this.mask = mask;
    this.mark();
    this.stale = true;
    this.names = null;
  }

  section(box: Box | null): void {
    const inwards = (place: Vector): Triple => minus(place, this.layout.origin);
    this.cut = box ? { low: inwards(box.low), high: inwards(box.high) } : EVERYWHERE;
    (this.own.uLow!.value as Vector3).set(...(this.cut.low as Triple));
    (this.own.uHigh!.value as Vector3).set(...(this.cut.high as Triple));
    this.stale = true;
    this.names = null;
  }

  /** True: more changed than the outlines. */
  point(what: Highlight): boolean {
    const same = what.selected === this.highlight.selected && alike(what.up, this.highlight.up) && alike(what.down, this.highlight.down);
    const linked = alike(what.links, this.highlight.links);
    this.highlight = what;
    if (!same) this.mark();
    if (!linked) this.link();
    this.outline();
    return !same || !linked;
  }

  /** Marks of every box, from what is known of its thing. */
  private mark(): void {
    const { thing, layer, layers, count, first } = this.layout;
    const { selected, up, down } = this.highlight;
    const marks = new Uint8Array(Math.max(first.length - 1, 0));
    const faded = up.length + down.length > 0 ? MARK.faded : 0;
    marks.fill(faded);
    for (const each of this.out) if (each < marks.length) marks[each]! |= MARK.out;
    const bright = (each: number, mark: number): void => {
      if (each >= 0 && each < marks.length) marks[each] = (marks[each]! & ~MARK.faded) | mark;
    };
    for (const each of up) bright(each, MARK.up);
    for (const each of down) bright(each, MARK.down);
    bright(selected, MARK.selected);
    const shell = layers.map(isShell);
    const info = this.data.info;
    for (let k = 0; k < count; k++) {
      const owner = thing[k]!;
      let mark = owner >= 0 ? marks[owner]! : faded;
      if (shell[layer[k]!]) mark = 0;
      else if (this.mask && !(owner >= 0 && this.mask[owner])) mark |= MARK.hidden;
      info[4 * k + 2] = mark;
    }
    this.tables.info.needsUpdate = true;
  }

  private outline(): void {
    const { selected, hovered } = this.highlight;
    const chosen = this.boxesOf(selected);
    const under = hovered === selected ? [] : this.boxesOf(hovered);
    const boxes = [...chosen, ...under];
    const bounds = new Float32Array(6 * boxes.length);
    boxes.forEach((box, k) => bounds.set(this.layout.bounds.subarray(6 * box, 6 * box + 6), 6 * k));
    this.outlines.set(bounds, chosen.length);
  }

  private boxesOf(thing: number): number[] {
    const { first, order, layer, layers } = this.layout;
    if (!(thing >= 0 && thing + 1 < first.length)) return [];
    const found = [...order.subarray(first[thing], first[thing + 1])].filter((box) => {
      return this.seen[layer[box]!] && layers[layer[box]!]!.look !== "wall" && !(this.data.info[4 * box + 2]! & MARK.hidden);
    });
    return found.slice(0, OUTLINED);
  }

  private link(): void {
    const { links, selected } = this.highlight;
    const { first, order, front } = this.layout;
    this.lines.set(routes(links, selected >= 0 ? selected : (links[0]?.from ?? -1), (thing) => {
      const box = this.body(thing);
      // What faces east or west stands in a row that runs from south to north.
      const face = front[order[first[thing] ?? 0] ?? 0] ?? 0;
      return box && { lid: [(box.low[0] + box.high[0]) / 2, (box.low[1] + box.high[1]) / 2, box.high[2]], northward: face === 2 || face === 4 };
    }));
  }

  private rowsOf(mask: Uint8Array): Set<string> {
    const { row, rows } = this.scene.document.things;
    return new Set(row.flatMap((number, thing) => (mask[thing] && number >= 0 ? [rows[number] ?? ""] : [])));
  }

  /** The thing that a ray meets first, as it is drawn: hidden boxes are not met, glass only where nothing is behind it. */
  hit(from: Triple, along: Triple): Hit & { thing: number } {
    const { layer, layers, thing } = this.layout;
    const ranks = layers.map((each, k) => (!this.seen[k] || isShell(each) ? 0 : each.opacity < 0.6 ? 1 : 2));
    const { info } = this.data;
    const rank = (box: number): number => (thing[box]! < 0 || info[4 * box + 2]! & MARK.hidden ? 0 : ranks[layer[box]!]!);
    const hit = firstHit(this.layout, from, along, rank, this.cut === EVERYWHERE ? null : this.cut);
    return { ...hit, thing: hit.box < 0 ? -1 : thing[hit.box]! };
  }

  /** Corners of the machine itself, where a thing also has pipes or walls. */
  private body(thing: number): { low: Triple; high: Triple } | null {
    const runs = this.layout.layers.map((layer) => BESIDE.has(layer.look));
    return thingBox(this.layout, thing, (layer) => !runs[layer]) ?? thingBox(this.layout, thing);
  }

  /** Corners of a thing, relative to the origin; null where it has no place. */
  place(thing: number): { low: Triple; high: Triple } | null {
    const box = this.body(thing);
    if (box) return box;
    const position = this.scene.numbers(this.scene.document.things.position).subarray(3 * thing, 3 * thing + 3);
    if (position.length < 3 || !position.every(Number.isFinite)) return null;
    const at = minus([position[0]!, position[1]!, position[2]!], this.layout.origin);
    return { low: at, high: at };
  }

  /** Draw again what is drawn once: after the context came back. */
  refresh(): void {
    this.stale = true;
  }

  prepare(renderer: WebGLRenderer, camera: Camera): void {
    if (this.stale) this.shadow.bake(renderer, camera);
    this.stale = false;
  }

  /** Draw with nothing but the solid boxes in it. */
  onlySolids(draw: () => void): void {
    this.without((child) => child !== this.solids, draw);
  }

  private without(hides: (child: Object3D) => boolean, draw: () => void): void {
    const hidden = this.root.children.filter((child) => child.visible && hides(child));
    for (const child of hidden) child.visible = false;
    draw();
    for (const child of hidden) child.visible = true;
  }

  /** Draw in a manner, and be as before afterwards. */
  drawn({ fine, part }: Manner, draw: () => void): void {
    const marks = (child: Object3D): boolean => child === this.outlines.mesh;
    const refined = fine ? this.fine() : [];
    const shown = new Map(refined.map(({ instead, mesh }) => [mesh, instead.visible]));
    if (refined.length) this.air.refine();
    for (const [mesh, on] of shown) mesh.visible = on;
    const replaced = new Set<Object3D>(refined.map(({ instead }) => instead));
    this.without((child) => replaced.has(child) || (part !== "all" && marks(child) === (part === "base")), draw);
    for (const mesh of shown.keys()) mesh.visible = false;
    if (refined.length) this.air.refine();
  }

  /** What is drawn in full instead of what, where the processor draws. */
  fine(): readonly { instead: Mesh; mesh: Mesh }[] {
    return this.software ? (this.refined ??= this.fully()) : [];
  }

  /**
   * What is drawn in full instead of what a processor draws with few instructions.  It computes every branch of a shader for every
   * pixel: each look has a shader of its own, without the branches of the others.
   */
  private fully(): { instead: Mesh; mesh: Mesh }[] {
    const { layer, layers, solid, count } = this.layout;
    const made: { instead: Mesh; mesh: Mesh }[] = [];
    for (let from = 0; from < count; ) {
      const look = lookOf(layers[layer[from]!]!);
      const end = from < solid ? solid : count;
      let to = from;
      while (to < end && lookOf(layers[layer[to]!]!) === look) to++;
      const instead = from < solid ? this.solids : this.panes;
      made.push({ instead, mesh: boxMesh(this.own, { from, to, glass: from >= solid, looks: 1 << look }, false) });
      from = to;
    }
    made.push({ instead: this.ground, mesh: groundMesh(this.own, false) });
    for (const { mesh } of made) mesh.visible = false;
    this.root.add(...made.map(({ mesh }) => mesh));
    return made;
  }

  /** Names whose things are to be seen, with their places relative to the origin. */
  labels(): readonly Name[] {
    return (this.names ??= this.named());
  }

  private named(): Name[] {
    const { low, high } = this.cut;
    const seen = new Map(this.layout.layers.map((layer, k) => [layer.name, this.seen[k]]));
    const rows = this.mask && this.rowsOf(this.mask);
    return this.scene.document.labels.flatMap(({ text, kind, position, layer, thing }) => {
      const at = minus(position, this.layout.origin);
      const cut = at.some((part, k) => !(part >= low[k]! - 1 && part <= high[k]! + 3));
      const apart = this.mask !== null && (thing >= 0 ? !this.mask[thing] && kind !== "hall" : kind === "group");
      const hidden = seen.get(layer) === false || apart || (rows && kind === "row" && !rows.has(text));
      return cut || hidden ? [] : [{ text, kind, at }];
    });
  }

  dispose(): void {
    this.air.dispose();
    for (const mesh of this.root.children as Mesh[]) {
      mesh.geometry.dispose();
      (mesh.material as unknown as { dispose(): void }).dispose();
    }
    this.shadow.dispose();
    this.streams.dispose();
    this.table.dispose();
    this.tables.dispose();
    this.lut.dispose();
  }
}
