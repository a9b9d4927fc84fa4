/** What the browser can draw with. */
import type { Graphics } from "../contract";

const SOFTWARE = /swiftshader|llvmpipe|basic render|softpipe|software/i;

/** Ask for a context, look who draws, and give it back: whether to smooth edges is decided when a context is made. */
export function probe(): Graphics {
  const none = (reason: string): Graphics => ({ ok: false, reason, renderer: "", software: false });
  let context: WebGL2RenderingContext | null = null;
  try {
    context = document.createElement("canvas").getContext("webgl2");
  } catch (error) {
    return none(`WebGL 2 cannot be started (${String(error)}).`);
  }
  if (!context) return none("This browser offers no WebGL 2: hardware acceleration may be off, or the graphics driver blocked.");
  const detail = context.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(context.getParameter(detail ? detail.UNMASKED_RENDERER_WEBGL : context.RENDERER) ?? "");
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return { ok: true, reason: "", renderer, software: SOFTWARE.test(renderer) };
}

/** Whether the person asked for as little movement as possible. */
export const prefersCalm = (): boolean => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
