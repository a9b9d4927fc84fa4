/** A north arrow, lying on the ground as the picture shows it. */
import { axes } from "./orbit";
import type { Orbit } from "./orbit";
import type { Palette } from "./themes";

/** Its radius, and its distance from the corner. [px] */
const RADIUS = 15;
export const CORNER = 34;
/** Share of its height that is kept where it is seen from the side. */
const FLATTEST = 0.22;

/** East and north of the ground on the screen, a unit long, y downwards. */
export function ground(orbit: Orbit): { east: [number, number]; north: [number, number] } {
  const { right, up } = axes(orbit);
  const steep = Math.max(Math.sin(orbit.tilt), FLATTEST);
  // The height of the eye alone flattens the disc, so that it never becomes a line.
  const level = Math.hypot(up[0], up[1]) || 1;
  return { east: [right[0], (-up[0] / level) * steep], north: [right[1], (-up[1] / level) * steep] };
}

/** Draw it on a canvas whose scale is set to CSS pixels. */
export function drawCompass(context: CanvasRenderingContext2D, orbit: Orbit, x: number, y: number, palette: Palette): void {
  const { east, north } = ground(orbit);
  const place = (e: number, n: number): [number, number] => [x + RADIUS * (e * east[0] + n * north[0]), y + RADIUS * (e * east[1] + n * north[1])];
  const shape = (points: [number, number][], color: string): void => {
    context.beginPath();
    points.forEach(([e, n], k) => context[k ? "lineTo" : "moveTo"](...place(e, n)));
    context.closePath();
    context.fillStyle = color;
    context.fill();
  };
  const disc = Array.from({ length: 33 }, (_, k): [number, number] => [Math.cos((k * Math.PI) / 16), Math.sin((k * Math.PI) / 16)]);
  shape(disc.map(([e, n]) => [1.25 * e, 1.25 * n]), palette.halo);
  context.lineWidth = 1;
  context.strokeStyle = palette.ink;
  context.globalAlpha = 0.35;
  context.stroke();
  shape([[-0.32, 0], [0, -0.95], [0.32, 0]], palette.ink);
  context.globalAlpha = 1;
  shape([[-0.32, 0], [0, 1], [0.32, 0]], palette.ink);
  const [nx, ny] = place(0, 1.85);
  context.font = "600 11px system-ui, -apple-system, \"Segoe UI\", Roboto, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 3;
  context.strokeStyle = palette.halo;
  context.strokeText("N", nx, ny);
  context.fillStyle = palette.ink;
  context.fillText("N", nx, ny);
}
