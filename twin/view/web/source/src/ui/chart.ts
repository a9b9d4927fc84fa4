/** A small line chart: one figure in time, its limits, a cursor, and marks of what happens. */
import type { Theme } from "../contract";
import type { Moment, Tick } from "../generated/scene";

export interface Plot {
  times: ArrayLike<number>;
  values: ArrayLike<number>;
  other: { times: ArrayLike<number>; values: ArrayLike<number> } | null;
  limits: readonly Tick[];
  moments: readonly Moment[];
  text(value: number): string;
}

export function drawChart(canvas: HTMLCanvasElement, plot: Plot, index: number, theme: Theme): void {
  const context = canvas.getContext("2d");
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!context || !width || !height) return;
  const ratio = Math.min(devicePixelRatio || 1, 2);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const colors =
    theme === "dark"
      ? {
          line: "#7aa5ff",
          other: "#f0a35e",
          limit: "#ff7a6e",
          quiet: "#8b95a5",
          grid: "rgba(255,255,255,.09)",
          ink: "#e9edf3",
        }
      : {
          line: "#2f62d9",
          other: "#c4701b",
          limit: "#d1362b",
          quiet: "#667085",
          grid: "rgba(16,24,40,.08)",
          ink: "#101828",
        };
  const [low, high] = extent(plot);
  const [first, last] = [plot.times[0] ?? 0, plot.times[plot.times.length - 1] ?? 1];
  const x = (time: number) => ((time - first) / (last - first || 1)) * width;
  const y = (value: number) => height - 6 - ((value - low) / (high - low || 1)) * (height - 14);
  rule(context, width, [y(low), y(high)], colors.grid, []);
  for (const moment of plot.moments) upright(context, x(moment.time), height, colors.grid);
  if (plot.other) line(context, plot.other.times, plot.other.values, x, y, width, colors.other);
  line(context, plot.times, plot.values, x, y, width, colors.line);
  const within = plot.limits.filter((limit) => limit.value >= low && limit.value <= high);
  rule(
    context,
    width,
    within.map((limit) => y(limit.value)),
    colors.limit,
    [4, 3],
  );
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = colors.limit;
  const taken: number[] = [];
  for (const limit of within) {
    const line = y(limit.value);
    const free = [line - 3, line + 11].find(
      (at) => at > 8 && at < height - 2 && taken.every((other) => Math.abs(other - at) > 11),
    );
    if (free === undefined) continue; // there is no room for its name; the line stands
    context.fillText(limit.text, 4, free);
    taken.push(free);
  }
  context.fillStyle = colors.quiet;
  context.textAlign = "right";
  context.fillText(plot.text(high), width - 4, 12);
  context.fillText(plot.text(low), width - 4, height - 9);
  const [at, value] = [x(plot.times[index] ?? 0), plot.values[index] ?? NaN];
  upright(context, at, height, colors.ink);
  if (!Number.isFinite(value)) return;
  context.beginPath();
  context.arc(at, y(value), 3.5, 0, 7);
  context.fillStyle = colors.line;
  context.fill();
}

/** Lowest and highest value, with the limits that are near. */
function extent(plot: Plot): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const values of [plot.values, plot.other?.values ?? []])
    for (let k = 0; k < values.length; k++) {
      if (values[k]! < low) low = values[k]!;
      if (values[k]! > high) high = values[k]!;
    }
  if (!Number.isFinite(low)) return [0, 1];
  const span = high - low || Math.abs(high) || 1;
  for (const { value } of plot.limits)
    if (value > low - span && value < high + span) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low === high ? [low - span / 2, high + span / 2] : [low, high];
}

/** Every value where they are few; lowest and highest of every pixel where they are many. */
function line(
  context: CanvasRenderingContext2D,
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  x: (time: number) => number,
  y: (value: number) => number,
  width: number,
  color: string,
): void {
  context.beginPath();
  context.strokeStyle = color;
  context.lineWidth = times.length > 2 * width ? 1 : 1.75;
  context.lineJoin = "round";
  let pen = false;
  let [column, low, high] = [-1, Infinity, -Infinity];
  const flush = () => {
    if (low <= high) {
      context.moveTo(column, y(low) + 0.5);
      context.lineTo(column, y(high) - 0.5);
    }
    [low, high] = [Infinity, -Infinity];
  };
  for (let k = 0; k < times.length; k++) {
    const value = values[k]!;
    if (times.length > 2 * width) {
      const here = Math.round(x(times[k]!));
      if (here !== column) flush();
      column = here;
      if (value < low) low = value;
      if (value > high) high = value;
    } else if (!Number.isFinite(value)) pen = false;
    else if (pen) context.lineTo(x(times[k]!), y(value));
    else {
      context.moveTo(x(times[k]!), y(value));
      pen = true;
    }
  }
  flush();
  context.stroke();
}

function rule(
  context: CanvasRenderingContext2D,
  width: number,
  heights: number[],
  color: string,
  dash: number[],
): void {
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.setLineDash(dash);
  context.beginPath();
  for (const at of heights) {
    context.moveTo(0, Math.round(at) + 0.5);
    context.lineTo(width, Math.round(at) + 0.5);
  }
  context.stroke();
  context.setLineDash([]);
}

function upright(context: CanvasRenderingContext2D, at: number, height: number, color: string): void {
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(Math.round(at) + 0.5, 0);
  context.lineTo(Math.round(at) + 0.5, height);
  context.stroke();
}
