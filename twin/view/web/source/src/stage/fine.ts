/**
 * The picture at rest in full quality, where the processor draws.
 *
 * It comes strip by strip, each begun when the one before is done, so that it can be given up whenever something moves; whether it
 * is worth beginning is told by how long earlier ones took.  It is kept, so that outlines of what the pointer meets are drawn over it.
 */
import { WebGLRenderTarget } from "three";
import type { Orbit } from "./orbit";
import type { Picture } from "./picture";
import type { Half } from "./places";

/** Height of a strip [px]: what a person has to wait for who begins to move. */
const STRIP = 150;
/** Begun only if it is expected to be done by then, and given up if it would last much longer. [ms] */
const PATIENCE = 1500;
const LIMIT = 3500;
/** Boxes of which every strip alone takes too long. */
const MANY = 60_000;
/** Expected time before anything was measured. [ms per pixel, ms per box] */
const PER_PIXEL = 0.35e-3;
const PER_BOX = 0.02;
/** A machine that was busy may not be so any more: what was too slow is tried again after some rests. */
const HOPE = 0.8;
/** Between two looks at whether the shaders are ready. [ms] */
const LOOK = 60;

/** A strip of the picture of a run. */
export interface Part {
  half: Half;
  /** In the whole picture, pixels from its lower left. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Height of the half's picture. */
  tall: number;
}

/** Strips of the halves, from the middle of the picture outwards: where one looks first. */
export function strips(halves: readonly Half[], scale: number, height: number): Part[] {
  const parts = halves.flatMap((half) => {
    const [x, width] = [Math.round(half.x * scale), Math.max(Math.floor(half.width * scale), 1)];
    return Array.from({ length: Math.ceil(height / STRIP) }, (_, k) => {
      return { half, x, y: k * STRIP, width, height: Math.min(STRIP, height - k * STRIP), tall: height };
    });
  });
  const off = (part: Part): number => Math.abs(part.y + part.height / 2 - height / 2);
  return parts.sort((a, b) => off(a) - off(b));
}

/** How long a fine picture takes, learned from earlier ones. */
export class Estimate {
  private factor = 1;

  private plain(boxes: number, pixels: number): number {
    return PER_BOX * boxes + PER_PIXEL * pixels;
  }

  /** Whether to begin. */
  worth(boxes: number, pixels: number): boolean {
    if (boxes > MANY) return false;
    const worth = this.factor * this.plain(boxes, pixels) < PATIENCE;
    if (!worth) this.factor *= HOPE;
    return worth;
  }

  /** Whether to go on after a share of it took so long. */
  learn(boxes: number, pixels: number, share: number, spent: number): boolean {
    const on = spent < LIMIT;
    // The middle of the picture costs most: only what is done for the most part tells of the rest.
    if (share > 0 && (!on || share >= 1)) this.factor = 0.5 * (this.factor + spent / share / this.plain(boxes, pixels));
    return on;
  }
}

export class Fine {
  /** Whether the kept picture is what is to be seen. */
  ready = false;
  private readonly strip = new WebGLRenderTarget(4, 4, { samples: 4 });
  private readonly whole = new WebGLRenderTarget(4, 4);
  private readonly estimate = new Estimate();
  private parts: Part[] = [];
  private total = 0;
  private boxes = 0;
  private spent = 0;
  private request = 0;
  private tried = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly picture: Picture, private readonly done: () => void) {}

  /** Whether it is being drawn. */
  working = false;

  get texture(): WebGLRenderTarget["texture"] {
    return this.whole.texture;
  }

  /** Begin, if it is worth it. */
  begin(halves: readonly Half[], orbit: Orbit, size: { width: number; height: number }, scale: number, gap: number): void {
    this.drop();
    const [width, height] = [Math.max(Math.floor(size.width * scale), 1), Math.max(Math.floor(size.height * scale), 1)];
    this.boxes = halves.reduce((sum, half) => sum + half.run.layout.count, 0);
    if (halves.length === 0 || !this.estimate.worth(this.boxes, width * height)) return;
    this.working = true;
    const runs = halves.map((half) => half.run);
    this.picture.warm(runs, true);
    const compiled = (): void => {
      if (!this.picture.compiled) {
        this.timer = setTimeout(compiled, LOOK);
        return;
      }
      this.parts = strips(halves, scale, height);
      this.total = width * height;
      this.spent = 0;
      this.whole.setSize(width, height);
      this.picture.fill(this.whole, gap);
      this.next(orbit, Math.max(scale, 1), performance.now(), 0);
    };
    compiled();
  }

  private next(orbit: Orbit, line: number, since: number, drawn: number): void {
    this.request = requestAnimationFrame(() => {
      if (this.picture.busy()) return this.next(orbit, line, since, drawn);
      const now = performance.now();
      if (drawn > 0) this.spent += now - since;
      if (!this.estimate.learn(this.boxes, this.total, drawn / this.total, this.spent)) return this.drop();
      const part = this.parts[0];
      if (!part) {
        [this.ready, this.working] = [true, false];
        return this.done();
      }
      if (this.tried) this.parts.shift();
      // At the first pixels the processor's own compiler is waited for, which says nothing about how long the others take.
      const sliver = this.tried ? part : { ...part, height: 1 };
      this.picture.strip(sliver, orbit, line, this.strip, this.whole);
      this.next(orbit, line, now, this.tried ? drawn + part.width * part.height : 0);
      this.tried = true;
    });
  }

  /** Give up, or forget what was drawn. */
  drop(): void {
    cancelAnimationFrame(this.request);
    clearTimeout(this.timer);
    this.parts = [];
    this.ready = this.working = false;
  }

  dispose(): void {
    this.drop();
    this.strip.dispose();
    this.whole.dispose();
  }
}
