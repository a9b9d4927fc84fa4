/** Saving: the picture with its title and colour bar, and text to the clipboard. */
import { beyond, type Scale } from "../scene/scale";
import type { App } from "./app";
import { h } from "./dom";
import { paintBar } from "./bar";
import { shownAir } from "./legend";
import { stateWords } from "./states";
import { timeText } from "../scene/clock";

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

/** A PNG of what is seen, as a file. */
export async function savePicture(app: App): Promise<void> {
  try {
    const blob = await picture(app);
    const url = URL.createObjectURL(blob);
    const name =
      `${app.run.document.title || "twin"}`
        .replace(/[^\p{L}\p{N}]+/gu, "-")
        .replace(/^-|-$/g, "")
        .slice(0, 60) || "twin";
    h("a", { href: url, download: `${name}.png` }).click();
    window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
    app.notice("Picture saved");
  } catch (error) {
    app.notice(`The picture could not be saved: ${error instanceof Error ? error.message : String(error)}`, "error");
  }
}

/** What is drawn on: sizes are multiples of `unit`. */
interface Paper {
  context: CanvasRenderingContext2D;
  unit: number;
  ink: string;
  quiet: string;
}

/** The stage's picture under a title, above its colour bars. */
export async function picture(app: App): Promise<Blob> {
  const image = await createImageBitmap(await app.stage.capture(2));
  const unit = Math.max(1, image.width / Math.max(1, stageWidth()));
  const [head, foot] = [64 * unit, 84 * unit];
  const canvas = h("canvas", { width: image.width, height: Math.round(image.height + head + foot) });
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws no canvas");
  const dark = app.theme === "dark";
  const paper: Paper = { context, unit, ink: dark ? "#eef1f5" : "#101828", quiet: dark ? "#9aa4b2" : "#667085" };
  context.fillStyle = dark ? "#12151b" : "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, head);
  write(paper, app.run.document.title, 20 * unit, 28 * unit, { size: 18, weight: 600 });
  write(paper, caption(app), 20 * unit, 50 * unit, { size: 13, color: paper.quiet });
  const scales = [app.paint()?.scale, shownAir(app)].filter((scale) => !!scale);
  const width = Math.min((canvas.width - 20 * unit) / scales.length - 20 * unit, 620 * unit);
  scales.forEach((scale, k) =>
    drawBar(paper, scale, (20 + (k * (width + 40 * unit)) / unit) * unit, head + image.height + 30 * unit, width),
  );
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture came"))), "image/png"),
  );
}

interface Lettering {
  size: number;
  color?: string;
  weight?: number;
  align?: CanvasTextAlign;
}

function write({ context, unit, ink }: Paper, text: string, x: number, y: number, how: Lettering): void {
  context.font = `${how.weight ?? 400} ${how.size * unit}px ${FONT}`;
  context.fillStyle = how.color ?? ink;
  context.textAlign = how.align ?? "left";
  context.fillText(text, x, y, context.canvas.width - 40 * unit);
}

function stageWidth(): number {
  return document.querySelector(".stage")?.clientWidth ?? 1;
}

function caption(app: App): string {
  const timeline = app.timeline;
  const where = timeline
    ? `${timeline.label}, ${timeText(timeline.kind, app.now.time)}`
    : app.state
      ? stateWords(app.state)
      : "";
  return `Verdict: ${app.run.document.verdict}. ${where}`;
}

function drawBar(paper: Paper, scale: Scale, x: number, y: number, width: number): void {
  const { context, unit, ink, quiet } = paper;
  const strip = h("canvas", { width: 256, height: 1 });
  paintBar(strip, scale);
  write(paper, scale.unit ? `${scale.title} [${scale.unit}]` : scale.title, x, y - 8 * unit, { size: 13, weight: 500 });
  context.imageSmoothingEnabled = false;
  context.drawImage(strip, x, y, width, 12 * unit);
  const place = (value: number) => x + (width * (value - scale.low)) / (scale.high - scale.low || 1);
  const inside = (value: number) => place(value) >= x - 1 && place(value) <= x + width + 1;
  for (const { value, text } of scale.ticks.filter((tick) => inside(tick.value)))
    write(paper, text, place(value), y + 30 * unit, { size: 12, color: quiet, align: "center" });
  context.fillStyle = ink;
  for (const { value } of scale.limits.filter((limit) => inside(limit.value)))
    context.fillRect(place(value) - unit, y - 4 * unit, 2 * unit, 20 * unit);
  const ends = beyond(scale).map(({ text }) => `; beyond the bar: ${text}`);
  write(paper, `grey: no value; dark: out of service or without power${ends.join("")}`, x, y + 47 * unit, { size: 11, color: quiet });
}

export function copyText(app: App, text: string, done: string): void {
  const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
  copied.then(
    () => app.notice(done),
    () => app.notice(`Copying is not allowed here: ${text}`),
  );
}
