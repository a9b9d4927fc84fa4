/** Time: a slider, play, and a chart of the site's figures with limits and what happens when. */
import type { Series, Timeline } from "../generated/scene";
import { nearest, timeText } from "../scene/clock";
import { formatQuantity } from "../scene/quantity";
import type { App } from "./app";
import { drawChart, type Plot } from "./chart";
import { h, icon, iconButton, refill, segments } from "./dom";
import { layerOn } from "./picture";

const SPEEDS = [
  { name: "1", text: "1\u00d7" },
  { name: "4", text: "4\u00d7" },
  { name: "16", text: "16\u00d7" },
] as const;
/** Steps in a second at the first speed. */
const PACE = { year: 6, transient: 10 };

let playing = 0;
let speed: "1" | "4" | "16" = "1";
/** Name of the figure that is charted; empty for the first that changes. */
let series = "";

export function timeBar(app: App): HTMLElement {
  const card = h("section", { class: "time card", "aria-label": "Time" });
  let update: () => void = () => undefined;
  const draw = () => {
    stop();
    const timeline = app.hasRun ? app.timeline : undefined;
    card.hidden = !timeline;
    card.replaceChildren();
    if (timeline) update = build(app, timeline, card, draw);
  };
  app.store.watch(["timeline", "runs", "compare"], draw);
  app.store.watch(["time", "theme"], () => !card.hidden && update());
  draw();
  return card;
}

function build(app: App, timeline: Timeline, card: HTMLElement, redraw: () => void): () => void {
  const times = app.run.scene.numbers(timeline.times);
  const [begin, end] = [times[0] ?? 0, times[times.length - 1] ?? 1];
  const shown = charted(app, timeline);
  const range = h("input", {
    type: "range",
    min: begin,
    max: end,
    step: "any",
    value: app.now.time,
    class: "time-range",
    "aria-label": `Time of ${timeline.label}`,
  });
  range.addEventListener("input", () => goTo(app, Number(range.value)));
  range.addEventListener("keydown", (event) => {
    const step = {
      ArrowLeft: -1,
      ArrowDown: -1,
      ArrowRight: 1,
      ArrowUp: 1,
      PageDown: -24,
      PageUp: 24,
      Home: -times.length,
      End: times.length,
    }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    stepTime(app, step);
  });
  const clock = h("output", { class: "clock" });
  const readings = h("div", { class: "readings" });
  const play = iconButton("play", "Play (space)", () => togglePlay(app));
  play.classList.add("play");
  const chart = h("canvas", {
    class: "chart",
    role: "img",
    "aria-label": shown ? `Chart of ${shown.label}` : "No chart",
  });
  chart.addEventListener("pointerdown", (event) => chart.setPointerCapture(event.pointerId));
  for (const sort of ["pointerdown", "pointermove"] as const)
    chart.addEventListener(sort, (event) => event.buttons & 1 && goTo(app, timeAt(chart, event, times)));
  const pick =
    timeline.series.length > 1 &&
    h(
      "select",
      {
        class: "field small",
        "aria-label": "Chart of",
        onchange: (event: Event) => {
          series = (event.target as HTMLSelectElement).value;
          redraw();
        },
      },
      timeline.series.map((one) => h("option", { value: one.name, selected: one === shown }, one.label)),
    );
  refill(
    card,
    h(
      "div",
      { class: "time-head" },
      play,
      clock,
      readings,
      h("span", { class: "grow" }),
      pick,
      segments("Speed", SPEEDS, speed, (chosen) => {
        speed = chosen;
        if (playing) start(app);
      }),
      iconButton("close", "Close the timeline", () => app.store.set({ timeline: "" })),
    ),
    shown ? chart : null,
    range,
    moments(app, timeline),
    timeline.note ? h("p", { class: "time-note" }, timeline.note) : null,
  );
  const update = () => {
    const index = app.timeIndex;
    range.value = String(times[index] ?? 0);
    const text = timeText(timeline.kind, times[index] ?? 0);
    clock.textContent = text;
    range.setAttribute("aria-valuetext", text);
    if (!shown) return;
    const values = app.run.scene.row(shown.values, 0);
    const dimension = app.run.document.dimensions[shown.dimension];
    readings.textContent = `${shown.label} ${formatQuantity(values[index] ?? NaN, dimension)}`;
    drawChart(chart, plot(app, timeline, shown), index, app.theme);
  };
  new ResizeObserver(update).observe(chart);
  requestAnimationFrame(update);
  update();
  return update;
}

/** The figure that somebody chose, or the first one that is more than yes, no, or always the same. */
function charted(app: App, timeline: Timeline): Series | undefined {
  const varies = (one: Series) => {
    const values = app.run.scene.row(one.values, 0);
    return !app.run.document.dimensions[one.dimension]?.flag && values.some((value) => value !== values[0]);
  };
  return timeline.series.find((one) => one.name === series) ?? timeline.series.find(varies) ?? timeline.series[0];
}

function plot(app: App, timeline: Timeline, shown: Series): Plot {
  const dimension = app.run.document.dimensions[shown.dimension];
  const second = app.runs.length > 1 ? app.runs[1 - app.side]!.timeline(timeline.name) : undefined;
  const other = second?.series.find((one) => one.name === shown.name);
  return {
    times: app.run.scene.numbers(timeline.times),
    values: app.run.scene.row(shown.values, 0),
    other:
      other && second
        ? {
            times: app.runs[1 - app.side]!.scene.numbers(second.times),
            values: app.runs[1 - app.side]!.scene.row(other.values, 0),
          }
        : null,
    limits: shown.limits,
    moments: timeline.moments,
    text: (value) => formatQuantity(value, dimension),
  };
}

function moments(app: App, timeline: Timeline): HTMLElement | null {
  if (!timeline.moments.length) return null;
  return h(
    "div",
    { class: "moments" },
    timeline.moments
      .slice(0, 60)
      .map((moment) =>
        h(
          "button",
          { type: "button", class: "chip", onclick: () => goTo(app, moment.time) },
          h("b", {}, timeText(timeline.kind, moment.time)),
          ` ${moment.text}`,
        ),
      ),
  );
}

function timeAt(chart: HTMLCanvasElement, event: PointerEvent, times: ArrayLike<number>): number {
  const place = chart.getBoundingClientRect();
  const share = Math.min(1, Math.max(0, (event.clientX - place.left) / place.width));
  return times[0]! + share * (times[times.length - 1]! - times[0]!);
}

/** The instant of the timeline that is nearest. */
export function goTo(app: App, seconds: number): void {
  const timeline = app.timeline;
  if (!timeline) return;
  const times = app.run.scene.numbers(timeline.times);
  app.store.set({ time: times[nearest(times, seconds)] ?? 0 }, "replace");
}

/** One step of time on or back. */
export function stepTime(app: App, by: number): void {
  const timeline = app.timeline;
  if (!timeline) return;
  const times = app.run.scene.numbers(timeline.times);
  goTo(app, times[Math.min(times.length - 1, Math.max(0, app.timeIndex + by))]!);
}

export function togglePlay(app: App): void {
  if (!app.timeline) return;
  if (playing) stop();
  else start(app);
}

function start(app: App): void {
  stop();
  const timeline = app.timeline!;
  const count = app.run.scene.numbers(timeline.times).length;
  if (app.timeIndex >= count - 1) stepTime(app, -count);
  playing = window.setInterval(
    () => {
      if (!app.timeline || app.timeIndex >= count - 1) stop();
      else stepTime(app, 1);
    },
    1000 / (PACE[timeline.kind] * Number(speed)),
  );
  mark(true);
}

/** The button says what it will do next. */
function mark(on: boolean): void {
  const button = document.querySelector(".time .play");
  button?.classList.toggle("on", on);
  button?.setAttribute("aria-label", on ? "Pause (space)" : "Play (space)");
  if (button) refill(button, icon(on ? "pause" : "play"));
}

function stop(): void {
  clearInterval(playing);
  playing = 0;
  mark(false);
}

/** Choice of the timelines of a run, for the top of the page. */
export function timelineChoice(app: App): HTMLElement {
  const select = h("select", {
    class: "field",
    "aria-label": "Follow in time",
    onchange: () => chooseTimeline(app, select.value),
  });
  const box = h("div", { class: "timelines" }, select);
  const mark = () => {
    select.value = app.hasRun && app.timeline ? app.now.timeline : "";
  };
  const draw = () => {
    const all = app.hasRun ? app.run.document.timelines : [];
    box.hidden = all.length === 0;
    const choices = all.map((one) => h("option", { value: one.name }, one.label));
    refill(select, h("option", { value: "" }, "Steady state"), choices);
    mark();
  };
  app.store.watch(["runs", "compare"], draw);
  app.store.watch(["timeline"], mark);
  draw();
  return box;
}

export function chooseTimeline(app: App, name: string): void {
  const timeline = app.run.timeline(name);
  if (!timeline) return app.store.set({ timeline: "" });
  const times = app.run.scene.numbers(timeline.times);
  const painted = timeline.paints.flatMap((paint) => app.run.document.quantities[paint.quantity] ?? []);
  const seen = painted.find((quantity) => quantity.layers.some((layer) => layerOn(app, layer))) ?? painted[0];
  const chosen = painted.some((quantity) => quantity === app.quantity) ? undefined : seen;
  app.store.set({ timeline: name, time: times[0] ?? 0, ...(chosen && { paint: chosen.name }) });
  app.say(`Time: ${timeline.label}`);
}
