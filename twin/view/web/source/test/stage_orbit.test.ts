import { describe, expect, it } from "vitest";
import type { View } from "../src/contract";
import { Motion } from "../src/stage/motion";
import { axes, cropped, eyeOf, fitted, isPlan, orbitOf, preset, projection, ray, standpoint, withinInset } from "../src/stage/orbit";
import type { Orbit } from "../src/stage/orbit";
import { add, apply, corners, cross, dot, minus, times } from "../src/stage/vectors";
import type { Triple } from "../src/stage/vectors";

const LOW: Triple = [0, 0, 0];
const HIGH: Triple = [40, 24, 5.5];
const VIEWS: View[] = ["iso", "plan", "south", "east", "north", "west"];

const seen = (orbit: Orbit, place: Triple, aspect: number, origin: Triple = [0, 0, 0]): [number, number] => {
  const local = minus(place, origin);
  const { matrix } = projection(orbit, origin, minus(LOW, origin), minus(HIGH, origin), aspect);
  const [x, y, , w] = apply(matrix, local);
  return [x / w, y / w];
};

describe("the axes of the eye", () => {
  it("are right-handed and of unit length", () => {
    const { right, up, ahead } = axes({ target: LOW, azimuth: 0.7, tilt: 0.4, distance: 3, parallel: 0 });
    expect(dot(right, up)).toBeCloseTo(0, 12);
    expect(dot(cross(right, ahead), up)).toBeCloseTo(1, 12);
  });

  it("have the north above on a plan, and east on the right from the south", () => {
    const plan = axes(preset("plan", LOW, HIGH, 1.6));
    expect(plan.up[1]).toBeCloseTo(1, 4);
    expect(plan.right[0]).toBeCloseTo(1, 4);
    const south = axes(preset("south", LOW, HIGH, 1.6));
    expect([south.right[0], south.up[2], south.ahead[1]].map((part) => Math.round(part * 1e6) / 1e6)).toEqual([1, 1, 1]);
  });
});

describe("a preset view", () => {
  it.each(VIEWS)("%s holds the whole box and fills the picture in one direction", (view) => {
    for (const aspect of [0.5, 1.6, 3]) {
      const places = corners(LOW, HIGH).map((corner) => seen(preset(view, LOW, HIGH, aspect), corner, aspect));
      const wide = Math.max(...places.map(([x]) => Math.abs(x)));
      const high = Math.max(...places.map(([, y]) => Math.abs(y)));
      expect(Math.max(wide, high)).toBeLessThanOrEqual(1);
      expect(Math.max(wide, high)).toBeGreaterThan(0.85);
    }
  });

  it("keeps off what is covered", () => {
    const inset = { left: 0.2, top: 0, right: 0, bottom: 0.15 };
    for (const view of VIEWS) {
      const orbit = withinInset(view, LOW, HIGH, 1.6, inset);
      for (const corner of corners(LOW, HIGH)) {
        const [x, y] = seen(orbit, corner, 1.6);
        expect((x + 1) / 2).toBeGreaterThan(0.2 - 0.02);
        expect((y + 1) / 2).toBeGreaterThan(0.15 - 0.02);
        expect(Math.max(x, y)).toBeLessThan(1.04);
      }
    }
  });

  it("of a point is a view all the same", () => {
    const orbit = preset("iso", [3, 3, 0], [3, 3, 0], 1.5);
    expect(orbit.distance).toBeGreaterThan(0);
    expect(Number.isFinite(standpoint(orbit)[0])).toBe(true);
  });
});

describe("an eye as plain numbers", () => {
  it.each(VIEWS)("%s comes back as it was", (view) => {
    const orbit = preset(view, LOW, HIGH, 1.5);
    const back = orbitOf(eyeOf(orbit))!;
    expect(back.distance).toBeCloseTo(orbit.distance, 6);
    expect(back.tilt).toBeCloseTo(orbit.tilt, 6);
    expect(Math.cos(back.azimuth - orbit.azimuth)).toBeCloseTo(1, 6);
    expect(isPlan(back)).toBe(view === "plan");
  });

  it("without use is refused", () => {
    expect(orbitOf({ eye: [1, 2, 3], target: [1, 2, 3], parallel: 0 })).toBeNull();
    expect(orbitOf({ eye: [NaN, 2, 3], target: [1, 2, 3], parallel: 0 })).toBeNull();
  });

  it("straight above keeps the north above", () => {
    expect(orbitOf({ eye: [5, 5, 50], target: [5, 5, 0], parallel: 10 })!.azimuth).toBeCloseTo(-Math.PI / 2);
  });
});

describe("a ray through the picture", () => {
  it.each(["iso", "plan", "east"] as View[])("%s meets the place that is seen there", (view) => {
    const orbit = preset(view, LOW, HIGH, 1.6);
    const place: Triple = [31, 4, 2.3];
    const [x, y] = seen(orbit, place, 1.6);
    const { from, along } = ray(orbit, [0, 0, 0], x, y, 1.6);
    const off = minus(place, from);
    const miss = minus(off, times(along, dot(off, along)));
    expect(Math.hypot(...miss)).toBeLessThan(1e-4);
  });
});

describe("far from zero", () => {
  it("a place is seen where it is seen near zero", () => {
    const far: Triple = [1e6, -2e6, 0];
    const orbit = preset("iso", LOW, HIGH, 1.5);
    const moved = { ...orbit, target: add(orbit.target, far) };
    const [x, y] = seen(orbit, [10, 10, 1], 1.5);
    const { matrix } = projection(moved, far, LOW, HIGH, 1.5);
    const single = Float32Array.from(matrix);
    const [u, v, , w] = apply(single, [10, 10, 1]);
    expect(u / w).toBeCloseTo(x, 5);
    expect(v / w).toBeCloseTo(y, 5);
  });
});

describe("a crop", () => {
  it("shows a part of the picture as the whole", () => {
    const { matrix } = projection(preset("iso", LOW, HIGH, 2), [0, 0, 0], LOW, HIGH, 2);
    const place: Triple = [20, 12, 1];
    const [x, y, , w] = apply(matrix, place);
    const [u, v] = [(x / w + 1) / 2, (y / w + 1) / 2];
    const tile = apply(cropped(matrix, 0.25, 0.4, 0.75, 0.8), place);
    expect((tile[0] / tile[3] + 1) / 2).toBeCloseTo((u - 0.25) / 0.5, 9);
    expect((tile[1] / tile[3] + 1) / 2).toBeCloseTo((v - 0.4) / 0.4, 9);
  });
});

describe("movement", () => {
  const start = (): Motion => {
    const motion = new Motion(false);
    motion.limit(50);
    motion.place(preset("iso", LOW, HIGH, 1.5));
    return motion;
  };

  it("comes to rest where a flight ends", () => {
    const motion = start();
    const goal = fitted({ ...motion.now, azimuth: motion.now.azimuth + 6.5 }, [0, 0, 0], [4, 4, 2], 1.5);
    motion.fly(goal, 0);
    let steps = 0;
    for (let at = 0; motion.step(at, 16) && steps < 1000; at += 16) steps++;
    expect(motion.moving).toBe(false);
    expect(motion.now.distance).toBeCloseTo(goal.distance, 6);
    expect(Math.cos(motion.now.azimuth - goal.azimuth)).toBeCloseTo(1, 9);
    expect(steps).toBeLessThan(60);
  });

  it("is at once where calm is asked for", () => {
    const motion = new Motion(true);
    motion.fly({ target: [1, 2, 3], azimuth: 0, tilt: 1, distance: 5, parallel: 0 }, 0);
    expect(motion.now.target).toEqual([1, 2, 3]);
    // It moved all the same: whoever waits for it to come to rest is told.
    expect([motion.step(0, 16), motion.step(16, 16)]).toEqual([true, false]);
  });

  it("nears with the place under the pointer kept where it is", () => {
    for (const parallel of [0, 8]) {
      const motion = start();
      motion.place({ ...motion.now, parallel });
      const before = ray(motion.now, [0, 0, 0], 0.4, -0.3, 1.5);
      const depth = 30;
      const ahead = axes(motion.now).ahead;
      const place = add(before.from, times(before.along, (parallel ? 1e5 : 0) + depth / dot(before.along, ahead)));
      motion.zoom(0.5, 0.4, -0.3, 1.5, depth);
      while (motion.step(0, 100));
      const [x, y] = seen(motion.now, place, 1.5);
      expect(x).toBeCloseTo(0.4, 2);
      expect(y).toBeCloseTo(-0.3, 2);
    }
  });
});
