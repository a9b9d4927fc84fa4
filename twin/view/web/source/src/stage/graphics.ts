/** What the browser can draw with. */
import type { Graphics } from "../contract";

const SOFTWARE = /swiftshader|llvmpipe|basic render|softpipe|software/i;

export interface Ground {
  graphics: Graphics;
  canvas: HTMLCanvasElement;
  /** Null where `graphics.ok` is false. */
  context: WebGL2RenderingContext | null;
}

const WISHES: WebGLContextAttributes = { alpha: false, depth: true, stencil: false, powerPreference: "high-performance" };

/**
 * A canvas to draw on, and what draws there.
 *
 * Whether edges are smoothed is decided when a context is made, and who draws is known only then: one without is made first,
 * and kept where the processor draws, which is slow to make another.
 */
export function prepare(): Ground {
  const plain = context({ ...WISHES, antialias: false });
  if (!plain.context) return { ...plain, graphics: { ok: false, reason: plain.reason, renderer: "", software: false } };
  const detail = plain.context.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(plain.context.getParameter(detail ? detail.UNMASKED_RENDERER_WEBGL : plain.context.RENDERER) ?? "");
  const graphics = { ok: true, reason: "", renderer, software: SOFTWARE.test(renderer) };
  if (graphics.software) return { ...plain, graphics };
  const smooth = context({ ...WISHES, antialias: true });
  if (!smooth.context) return { ...plain, graphics };
  plain.context.getExtension("WEBGL_lose_context")?.loseContext();
  return { ...smooth, graphics };
}

function context(wishes: WebGLContextAttributes): { canvas: HTMLCanvasElement; context: WebGL2RenderingContext | null; reason: string } {
  const canvas = document.createElement("canvas");
  try {
    const made = canvas.getContext("webgl2", wishes);
    const reason = "This browser offers no WebGL 2: hardware acceleration may be off, or the graphics driver blocked.";
    return { canvas, context: made, reason: made ? "" : reason };
  } catch (error) {
    return { canvas, context: null, reason: `WebGL 2 cannot be started (${String(error)}).` };
  }
}

/** Whether the person asked for as little movement as possible. */
export const prefersCalm = (): boolean => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
