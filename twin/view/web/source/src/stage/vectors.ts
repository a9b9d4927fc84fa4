/** The little linear algebra that the picture needs, in double precision; matrices are column by column, as WebGL reads them. */
export type Triple = [number, number, number];
export type Three = readonly [number, number, number];

export const add = (a: Three, b: Three): Triple => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const minus = (a: Three, b: Three): Triple => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const times = (a: Three, k: number): Triple => [a[0] * k, a[1] * k, a[2] * k];
export const dot = (a: Three, b: Three): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const length = (a: Three): number => Math.hypot(a[0], a[1], a[2]);
export const between = (low: Three, high: Three): Triple => times(add(low, high), 0.5);
export const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
export const finite = (a: Three): boolean => a.every(Number.isFinite);

export function cross(a: Three, b: Three): Triple {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** The eight corners of a box. */
export function corners(low: Three, high: Three): Triple[] {
  return Array.from({ length: 8 }, (_, k) => [k & 1 ? high[0] : low[0], k & 2 ? high[1] : low[1], k & 4 ? high[2] : low[2]]);
}

/** a b */
export function product(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const c = new Float64Array(16);
  for (let column = 0; column < 4; column++)
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += a[4 * k + row]! * b[4 * column + k]!;
      c[4 * column + row] = sum;
    }
  return c;
}

/** Of a point with w = 1: place in the clip volume, (x, y, z, w). */
export function apply(m: ArrayLike<number>, p: Three): [number, number, number, number] {
  const row = (r: number) => m[r]! * p[0] + m[4 + r]! * p[1] + m[8 + r]! * p[2] + m[12 + r]!;
  return [row(0), row(1), row(2), row(3)];
}
