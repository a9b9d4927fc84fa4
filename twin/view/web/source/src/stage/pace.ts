/** When to draw: only when asked, or while something moves; and how finely, so that moving stays smooth. */

/** Sharpest picture, where there is more than a pixel per pixel. */
const SHARPEST = 2;
const COARSEST = 0.4;
/** A frame that takes longer is felt. [ms] */
const FELT = 38;
/** Time between pictures where nothing but the air moves. [ms] */
const DRIFT = 30;
/** Stillness after which the picture is drawn in full. [ms] */
const REST = 160;
/** And after which there is time for more. [ms] */
const STILL = 300;

export class Pace {
  /** Device pixels per pixel, now. */
  ratio: number;
  /** Whether the picture is not as it should be. */
  dirty = true;
  frames = 0;
  private readonly times: number[] = [];
  private request = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private later: ReturnType<typeof setTimeout> | undefined;
  private last = 0;
  private coarse: number;
  private slow = 0;
  /** Of the last picture. */
  private shown = 0;
  private moved = false;
  private drifts = false;

  /**
   * `step` moves and draws, and says whether more is to come; `busy` tells that the last picture is not finished; `rested` is called
   * when it stands still, `still` when nothing was drawn for a while.
   */
  constructor(
    private readonly software: boolean,
    private readonly step: (at: number, passed: number) => { moving: boolean; alive: boolean },
    private readonly busy: () => boolean,
    private readonly rested: () => void,
    private readonly still: () => void,
  ) {
    this.coarse = software ? 0.6 : 1;
    this.ratio = this.full;
  }

  get full(): number {
    return Math.min(globalThis.devicePixelRatio || 1, this.software ? 1 : SHARPEST);
  }

  /** The device has other pixels now. */
  refresh(): void {
    if (!this.moved) this.ratio = this.full;
  }

  /** Ask for a step; `dirty`: for a drawn one. */
  ask(dirty = false): void {
    this.dirty ||= dirty;
    this.request ||= requestAnimationFrame((at) => this.run(at));
  }

  private run(at: number): void {
    this.request = 0;
    const passed = this.last ? at - this.last : 16;
    if (this.busy() || (this.drifts && !this.dirty && passed < DRIFT)) return this.ask();
    const before = performance.now();
    const drawn = this.dirty;
    const ratio = this.ratio;
    const { moving, alive } = this.step(at, passed);
    this.dirty = false;
    if (drawn || moving || alive) {
      this.measure(performance.now() - before);
      this.shown = ratio;
    }
    this.last = moving || alive ? at : 0;
    this.drifts = alive && !moving;
    if (moving) this.go(passed);
    else if (this.moved) this.settle();
    clearTimeout(this.later);
    if (moving || alive) this.ask();
    else this.later = setTimeout(this.still, STILL);
  }

  private measure(spent: number): void {
    // The first one waits for the compiler of the shaders; that is told by the time of the first picture.
    if (this.frames++ === 0) return;
    this.times.push(spent);
    if (this.times.length > 30) this.times.shift();
  }

  /** While it moves: coarser where frames take too long. */
  private go(passed: number): void {
    clearTimeout(this.timer);
    if (this.moved) this.slow = passed > FELT ? this.slow + 1 : Math.max(this.slow - 1, 0);
    this.moved = true;
    if (this.slow >= 3) {
      this.coarse = Math.max(this.coarse * 0.75, COARSEST);
      this.slow = 0;
    }
    this.ratio = Math.min(this.full, this.full * this.coarse);
  }

  private settle(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.moved = false;
      this.ratio = this.full;
      if (this.shown < this.full) this.ask(true);
      this.rested();
    }, REST);
  }

  /** Mean script time of the last 30 frames but the first of all. [ms] */
  get script(): number {
    return this.times.length ? this.times.reduce((sum, each) => sum + each, 0) / this.times.length : 0;
  }

  stop(): void {
    cancelAnimationFrame(this.request);
    clearTimeout(this.timer);
    clearTimeout(this.later);
  }
}
