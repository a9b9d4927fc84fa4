/** The movement of the eye: where it is, where it wants to be, and the way between. */
import type { Orbit } from "./orbit";
import { STEEPEST, axes, halfHeight, isPlan, tangents } from "./orbit";
import { add, clamp, length, minus, times } from "./vectors";
import type { Triple } from "./vectors";

/** Time in which most of a turn is done, and of a flight. [ms] */
const SETTLE = 55;
const FLIGHT = 750;
const LOWEST = -0.05;

export class Motion {
  now: Orbit = { target: [0, 0, 0], azimuth: -1, tilt: 0.5, distance: 10, parallel: 0 };
  private goal: Orbit = this.now;
  private flight: { from: Orbit; begun: number } | null = null;
  /** Closest and farthest distance of the eye. [m] */
  private range: [number, number] = [0.2, 1000];

  /** It is elsewhere without having moved there. */
  private leapt = false;

  /** `calm`: everything at once, without a way between. */
  constructor(private readonly calm: boolean) {}

  get moving(): boolean {
    return this.leapt || this.flight !== null || !alike(this.now, this.goal);
  }

  /** How far the eye may go, from the extent of what is seen. */
  limit(extent: number): void {
    this.range = [Math.min(0.15, extent), Math.max(extent, 10) * 12];
  }

  /** Be there at once. */
  jump(to: Orbit): void {
    this.place(to);
    this.leapt = true;
  }

  /** Be there, as if it had been there all the time. */
  place(to: Orbit): void {
    this.flight = null;
    this.now = copy(to);
    this.goal = copy(to);
  }

  /** Fly there, slowing down at both ends. */
  fly(to: Orbit, at: number): void {
    if (this.calm) return this.jump(to);
    const goal = copy(to);
    // The shorter way around.
    goal.azimuth = this.now.azimuth + turned(goal.azimuth - this.now.azimuth);
    if (goal.parallel > 0 !== this.now.parallel > 0) this.now = this.converted(goal.parallel > 0);
    this.goal = goal;
    this.flight = { from: copy(this.now), begun: at };
  }

  /** The same picture of the target, with the other projection. */
  private converted(parallel: boolean): Orbit {
    const half = halfHeight(this.now);
    return parallel ? { ...this.now, parallel: half } : { ...this.now, parallel: 0, distance: half / tangents(1)[0] };
  }

  /** One step; true while it moves. */
  step(at: number, passed: number): boolean {
    if (this.leapt) {
      this.leapt = false;
      return true;
    }
    if (this.flight) {
      const way = clamp((at - this.flight.begun) / FLIGHT, 0, 1);
      const ease = way < 0.5 ? 4 * way ** 3 : 1 - (2 - 2 * way) ** 3 / 2;
      this.now = mixed(this.flight.from, this.goal, ease);
      if (way >= 1) this.place(this.goal);
      return true;
    }
    if (alike(this.now, this.goal)) return false;
    const share = this.calm ? 1 : 1 - Math.exp(-Math.min(passed, 100) / SETTLE);
    this.now = mixed(this.now, this.goal, share);
    if (alike(this.now, this.goal)) this.now = copy(this.goal);
    return true;
  }

  private set(next: Orbit): void {
    this.flight = null;
    this.goal = next;
  }

  /** Turn by angles. */
  turn(around: number, over: number): void {
    const { goal } = this;
    this.set({ ...goal, azimuth: goal.azimuth - around, tilt: clamp(goal.tilt + over, LOWEST, STEEPEST) });
  }

  /** Move the target along the picture; shares of its height. */
  pan(right: number, up: number): void {
    const { goal } = this;
    const way = axes(goal);
    const high = 2 * halfHeight(goal);
    this.set({ ...goal, target: add(goal.target, add(times(way.right, right * high), times(way.up, up * high))) });
  }

  /** Walk over the floor; shares of the picture's height. */
  walk(right: number, ahead: number): void {
    const { goal } = this;
    const high = 2 * halfHeight(goal);
    const level: Triple = [-Math.cos(goal.azimuth), -Math.sin(goal.azimuth), 0];
    this.set({ ...goal, target: add(goal.target, add(times(axes(goal).right, right * high), times(level, ahead * high))) });
  }

  /** Nearer (factor below 1) or away, with a place of the picture (-1 .. 1) kept where it is; `depth` of what is seen there. */
  zoom(factor: number, x: number, y: number, aspect: number, depth: number | null): void {
    const { goal } = this;
    const [low, high] = this.range;
    if (goal.parallel > 0) {
      const parallel = clamp(goal.parallel * factor, low / 4, high / 2);
      const gain = goal.parallel - parallel;
      const way = axes(goal);
      const shift = add(times(way.right, x * aspect * gain), times(way.up, y * gain));
      this.set({ ...goal, parallel, distance: (goal.distance * parallel) / goal.parallel, target: add(goal.target, shift) });
      return;
    }
    const distance = clamp(goal.distance * factor, low, high);
    // Towards what lies under the pointer: the target slides there with the eye.
    const way = axes(goal);
    const [tanV, tanH] = tangents(aspect);
    const eye = minus(goal.target, times(way.ahead, goal.distance));
    const reach = depth ?? goal.distance;
    const place = add(eye, times(add(way.ahead, add(times(way.right, x * tanH), times(way.up, y * tanV))), reach));
    const kept = distance / goal.distance;
    const to = add(place, times(minus(eye, place), kept));
    this.set({ ...goal, distance, target: add(to, times(way.ahead, distance)) });
  }

  get plan(): boolean {
    return isPlan(this.goal);
  }

  /** Where it will be at rest. */
  get aim(): Orbit {
    return copy(this.goal);
  }
}

const copy = (orbit: Orbit): Orbit => ({ ...orbit, target: [...orbit.target] });

function turned(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}

function mixed(a: Orbit, b: Orbit, share: number): Orbit {
  const mix = (x: number, y: number) => x + (y - x) * share;
  const ratio = (x: number, y: number) => (x > 0 && y > 0 ? x * (y / x) ** share : mix(x, y));
  return {
    target: [mix(a.target[0], b.target[0]), mix(a.target[1], b.target[1]), mix(a.target[2], b.target[2])],
    azimuth: mix(a.azimuth, b.azimuth), tilt: mix(a.tilt, b.tilt),
    distance: ratio(a.distance, b.distance), parallel: b.parallel > 0 ? ratio(a.parallel, b.parallel) : 0,
  };
}

/** So alike that nobody sees the difference. */
function alike(a: Orbit, b: Orbit): boolean {
  const near = 2e-4 * Math.max(halfHeight(b), 1e-3);
  return (
    length(minus(a.target, b.target)) < near && Math.abs(a.azimuth - b.azimuth) < 2e-4 && Math.abs(a.tilt - b.tilt) < 2e-4 &&
    Math.abs(a.distance - b.distance) < near && Math.abs(a.parallel - b.parallel) < near
  );
}
