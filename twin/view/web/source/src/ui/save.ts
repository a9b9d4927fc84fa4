/** Saving: the picture with its title and colour bar, and text to the clipboard. */
import type { Scale } from "../scene/scale";
import type { App } from "./app";
import { h } from "./dom";
import { paintBar } from "./legend";
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

/** The stage's picture under a title, above a colour bar. */
export async function picture(app: App): Promise<Blob> {
  const image = await createImageBitmap(await app.stage.capture(2));
  const scale = image.width / Math.max(1, stageWidth());
  const unit = Math.max(1, scale);
  const [head, foot] = [64 * unit, 84 * unit];
  const canvas = h("canvas", { width: image.width, height: Math.round(image.height + head + foot) });
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws no canvas");
  const dark = app.theme === "dark";
  const [paper, ink, quiet] = dark ? ["#12151b", "#eef1f5", "#9aa4b2"] : ["#ffffff", "#101828", "#667085"];
  context.fillStyle = paper!;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, head);
  const { document } = app.run;
  const write = (
    text: string,
    x: number,
    y: number,
    size: number,
    color: string,
    weight = 400,
    align: CanvasTextAlign = "left",
  ) => {
    context.font = `${weight} ${size * unit}px ${FONT}`;
    context.fillStyle = color;
    context.textAlign = align;
    context.fillText(text, x, y, canvas.width - 40 * unit);
  };
  write(document.title, 20 * unit, 28 * unit, 18, ink!, 600);
  write(caption(app), 20 * unit, 50 * unit, 13, quiet!);
  const painted = app.paint();
  if (painted)
    drawBar(
      context,
      painted.scale,
      20 * unit,
      head + image.height + 30 * unit,
      Math.min(canvas.width - 40 * unit, 620 * unit),
      unit,
      ink!,
      quiet!,
      write,
    );
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture came"))), "image/png"),
  );
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

type Write = (
  text: string,
  x: number,
  y: number,
  size: number,
  color: string,
  weight?: number,
  align?: CanvasTextAlign,
) => void;

function drawBar(
  context: CanvasRenderingContext2D,
  scale: Scale,
  x: number,
  y: number,
  width: number,
  unit: number,
  ink: string,
  quiet: string,
  write: Write,
): void {
  const strip = h("canvas", { width: 256, height: 1 });
  paintBar(strip, scale);
  write(scale.unit ? `${scale.title} [${scale.unit}]` : scale.title, x, y - 8 * unit, 13, ink, 500);
  context.imageSmoothingEnabled = false;
  context.drawImage(strip, x, y, width, 12 * unit);
  for (const tick of scale.ticks) {
    const at = x + (width * (tick.value - scale.low)) / (scale.high - scale.low);
    if (at >= x - 1 && at <= x + width + 1) write(tick.text, at, y + 30 * unit, 12, quiet, 400, "center");
  }
  context.fillStyle = ink;
  for (const limit of scale.limits) {
    const at = x + (width * (limit.value - scale.low)) / (scale.high - scale.low);
    if (at >= x && at <= x + width) context.fillRect(at - unit, y - 4 * unit, 2 * unit, 20 * unit);
  }
  write("grey: no value; dark: out of service or without power", x, y + 47 * unit, 11, quiet);
}

export function copyText(app: App, text: string, done: string): void {
  const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
  copied.then(
    () => app.notice(done),
    () => app.notice(`Copying is not allowed here: ${text}`),
  );
}
