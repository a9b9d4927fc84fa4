/** Mouse, pen and fingers: what they do becomes turning, moving, nearing and picking. */

/** What a gesture means; places are CSS pixels of the canvas. */
export interface Gestures {
  /** Whether one finger, or the first button, moves the picture instead of turning it. */
  flat(): boolean;
  turn(right: number, down: number): void;
  pan(right: number, down: number): void;
  zoom(factor: number, x: number, y: number): void;
  hover(x: number, y: number): void;
  leave(): void;
  press(x: number, y: number): void;
  open(x: number, y: number): void;
}

/** Farther than this a press is a drag. [px] */
const STILL = { mouse: 4, pen: 6, touch: 10 };
const DOUBLE = 350;

interface Finger {
  x: number;
  y: number;
  moved: boolean;
  button: number;
  startX: number;
  startY: number;
  kind: keyof typeof STILL;
}

/** Listen on an element; the function that is returned stops it. */
export function listen(element: HTMLElement, gestures: Gestures): () => void {
  const fingers = new Map<number, Finger>();
  const stop = new AbortController();
  const options = { signal: stop.signal };
  let last = { at: -Infinity, x: 0, y: 0 };
  let pinched = false;

  const place = (event: MouseEvent): [number, number] => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  element.addEventListener("pointerdown", (event) => {
    const [x, y] = place(event);
    const kind = event.pointerType === "touch" || event.pointerType === "pen" ? event.pointerType : "mouse";
    fingers.set(event.pointerId, { x, y, startX: x, startY: y, moved: false, button: event.shiftKey || event.ctrlKey ? 2 : event.button, kind });
    if (fingers.size === 1) pinched = false;
    element.setPointerCapture(event.pointerId);
    if (event.button === 1) event.preventDefault();
  }, options);

  element.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    const [x, y] = place(event);
    if (!finger) return gestures.hover(x, y);
    if (!finger.moved && Math.hypot(x - finger.startX, y - finger.startY) < STILL[finger.kind]) return;
    if (!finger.moved) gestures.leave();
    finger.moved = true;
    const others = [...fingers.values()].filter((each) => each !== finger);
    if (others.length === 0) drag(finger, x - finger.x, y - finger.y);
    else pinch(finger, others[0]!, x, y);
    [finger.x, finger.y] = [x, y];
  }, options);

  function drag(finger: Finger, right: number, down: number): void {
    const moves = finger.button !== 0;
    if (moves !== gestures.flat()) gestures.pan(right, down);
    else gestures.turn(right, down);
  }

  function pinch(finger: Finger, other: Finger, x: number, y: number): void {
    pinched = true;
    const before = Math.hypot(finger.x - other.x, finger.y - other.y);
    const after = Math.hypot(x - other.x, y - other.y);
    const [cx, cy] = [(x + other.x) / 2, (y + other.y) / 2];
    if (before > 8 && after > 8) gestures.zoom(before / after, cx, cy);
    gestures.pan((x - finger.x) / 2, (y - finger.y) / 2);
    const angle = Math.atan2(y - other.y, x - other.x) - Math.atan2(finger.y - other.y, finger.x - other.x);
    const turn = angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
    if (Math.abs(turn) < 0.5) gestures.turn((-turn * element.clientHeight) / Math.PI, 0);
  }

  const end = (event: PointerEvent): void => {
    const finger = fingers.get(event.pointerId);
    fingers.delete(event.pointerId);
    if (!finger || finger.moved || pinched || finger.button !== 0 || event.type === "pointercancel") return;
    const [x, y] = place(event);
    const double = event.timeStamp - last.at < DOUBLE && Math.hypot(x - last.x, y - last.y) < 2 * STILL[finger.kind];
    last = { at: double ? -Infinity : event.timeStamp, x, y };
    if (double) gestures.open(x, y);
    else gestures.press(x, y);
  };
  element.addEventListener("pointerup", end, options);
  element.addEventListener("pointercancel", end, options);
  element.addEventListener("pointerleave", () => fingers.size === 0 && gestures.leave(), options);
  element.addEventListener("contextmenu", (event) => event.preventDefault(), options);
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x, y] = place(event);
    const lines = event.deltaMode === 1 ? 32 : event.deltaMode === 2 ? 400 : 1;
    // A pinch on a touchpad comes as a wheel with the control key, in smaller steps.
    const gain = event.ctrlKey ? 0.01 : 0.0016;
    gestures.zoom(Math.exp(Math.min(Math.max(event.deltaY * lines, -300), 300) * gain), x, y);
  }, { ...options, passive: false });
  return () => stop.abort();
}
