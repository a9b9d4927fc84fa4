/** Drawing runs with three.js: the renderer, the numbers that all shaders share, and one run into one part of a target. */
import {
  Camera, DepthTexture, GLSL3, Matrix4, Mesh, NearestFilter, RawShaderMaterial, Scene, Vector2, Vector3, Vector4, WebGLRenderTarget, WebGLRenderer,
} from "three";
import type { Object3D, Texture } from "three";
import type { Theme } from "../contract";
import type { Uniforms } from "./boxes";
import type { Part } from "./fine";
import { fullShape } from "./ground";
import { cropped, projection } from "./orbit";
import type { Orbit } from "./orbit";
import type { Run } from "./run";
import { PALETTES } from "./themes";
import type { Palette } from "./themes";

/** Lines rise above what stands there. [m] */
const ABOVE = 4;

/** Between two shaders that are compiled. [ms] */
const PAUSE = 12;

/** A part of a picture: 0 .. 1 from its lower left corner. */
export interface Crop {
  left: number;
  bottom: number;
  right: number;
  top: number;
}

/** A rectangle of the target, in its pixels from the lower left. */
export interface Window {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Whether in full quality, and which part: without the marks of what is pointed at, or those alone. */
export interface Manner {
  fine: boolean;
  part: "all" | "base" | "marks";
}

const PLAINLY: Manner = { fine: false, part: "all" };

const COPY_VERTEX = /* glsl */ `
in vec3 position;
out vec2 vAt;
void main() {
  vAt = 0.5 * position.xy + 0.5;
  gl_Position = vec4(position.xy, 0.0, 1.0);
}
`;

const COPY_FRAGMENT = /* glsl */ `
precision highp float;
in vec2 vAt;
uniform sampler2D uPicture;
out vec4 color;
void main() { color = vec4(texture(uPicture, vAt).rgb, 1.0); }
`;

const COLORS: Record<string, keyof Palette> = {
  uBack: "back", uSky: "sky", uGround: "ground", uOut: "out", uSelected: "selected", uHovered: "hovered", uPower: "power", uCooling: "cooling",
  uUp: "power", uDown: "cooling",
};

export class Picture {
  readonly renderer: WebGLRenderer;
  readonly frame: Uniforms;
  private readonly camera = new Camera();
  private readonly depth = new WebGLRenderTarget(4, 4, { depthTexture: new DepthTexture(4, 4) });
  /** Where a coarse picture is drawn: to change the size of the canvas itself would wait for all that is being drawn. */
  private readonly coarse = new WebGLRenderTarget(4, 4);
  private readonly size = new Vector2();
  private readonly copy = new Scene();
  private readonly copied: { value: unknown };
  private fence: WebGLSync | null = null;
  private readonly warmed = new WeakSet<Object3D>();
  private waiting: { mesh: Object3D; run: Run }[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(canvas: HTMLCanvasElement, context: WebGL2RenderingContext, private readonly software: boolean) {
    this.renderer = new WebGLRenderer({ canvas, context });
    this.renderer.autoClear = false;
    this.renderer.info.autoReset = false;
    // Asking whether a shader is sound waits for its compiler: the first picture comes sooner without.
    this.renderer.debug.checkShaderErrors = import.meta.env?.DEV ?? false;
    this.camera.matrixWorldAutoUpdate = false;
    const depth = this.depth.depthTexture!;
    [depth.minFilter, depth.magFilter] = [NearestFilter, NearestFilter];
    this.frame = {
      uMatrix: { value: new Matrix4() }, uInverse: { value: new Matrix4() }, uEye: { value: new Vector4() }, uAhead: { value: new Vector3() },
      uPixels: { value: new Vector2() }, uLine: { value: 1 }, uDark: { value: 0 }, uDepth: { value: depth },
      uNone: { value: new Vector4(0.69, 0.69, 0.69, 1) },
    };
    for (const name of Object.keys(COLORS)) this.frame[name] = { value: new Vector3() };
    this.copied = { value: this.coarse.texture };
    const material = new RawShaderMaterial({
      glslVersion: GLSL3, vertexShader: COPY_VERTEX, fragmentShader: COPY_FRAGMENT, uniforms: { uPicture: this.copied },
      depthTest: false, depthWrite: false,
    });
    const sheet = new Mesh(fullShape(), material);
    sheet.frustumCulled = false;
    this.copy.add(sheet);
    this.dress("light");
  }

  /** Whether the last picture is still being drawn: another one asked for now would only be late. */
  busy(): boolean {
    const context = this.renderer.getContext() as WebGL2RenderingContext;
    if (!this.fence || context.isContextLost()) return false;
    if (context.getSyncParameter(this.fence, context.SYNC_STATUS) === context.UNSIGNALED) return true;
    context.deleteSync(this.fence);
    this.fence = null;
    return false;
  }

  /** Draw onto the canvas with `ratio` device pixels per pixel: `draw` gets the size of its target. */
  onto(size: { width: number; height: number }, ratio: number, full: number, draw: (width: number, height: number) => void): void {
    const { renderer } = this;
    if (renderer.getPixelRatio() !== full) renderer.setPixelRatio(full);
    // Only now, since a canvas of another size is empty until it is drawn.
    const now = renderer.getSize(this.size);
    if (now.x !== size.width || now.y !== size.height) renderer.setSize(size.width, size.height, false);
    const [width, height] = [Math.max(Math.floor(size.width * ratio), 1), Math.max(Math.floor(size.height * ratio), 1)];
    renderer.info.reset();
    renderer.setRenderTarget(null);
    if (ratio < full) {
      this.coarse.setSize(width, height);
      renderer.setRenderTarget(this.coarse);
    }
    draw(width, height);
    if (ratio < full) {
      renderer.setRenderTarget(null);
      this.paste(this.coarse.texture, size);
    }
    this.mark();
  }

  /** Put a picture onto the canvas, all over. */
  paste(texture: Texture, size: { width: number; height: number }): void {
    const { renderer } = this;
    renderer.setScissorTest(false);
    renderer.setViewport(0, 0, size.width, size.height);
    this.copied.value = texture;
    renderer.render(this.copy, this.camera);
  }

  /** From here on it is told whether all was drawn that was asked for. */
  private mark(): void {
    const context = this.renderer.getContext() as WebGL2RenderingContext;
    if (this.fence) context.deleteSync(this.fence);
    this.fence = context.fenceSync(context.SYNC_GPU_COMMANDS_COMPLETE, 0);
    context.flush();
  }

  /** The context is another one: nothing of the old one is waited for. */
  forget(): void {
    this.fence = null;
  }

  fill(target: WebGLRenderTarget, color: number): void {
    this.renderer.setRenderTarget(target);
    this.renderer.setClearColor(color, 1);
    this.renderer.clear(true, false, false);
    this.renderer.setRenderTarget(null);
  }

  /** Draw a strip of a picture in full quality, and put it into the whole. */
  strip(part: Part, orbit: Orbit, line: number, into: WebGLRenderTarget, whole: WebGLRenderTarget): void {
    const { renderer } = this;
    const crop = { left: 0, right: 1, bottom: part.y / part.tall, top: (part.y + part.height) / part.tall };
    into.setSize(part.width, part.height);
    renderer.setRenderTarget(into);
    this.draw(part.half.run, orbit, { x: 0, y: 0, width: part.width, height: part.height }, { width: part.width, height: part.tall, line }, crop, {
      fine: true, part: "base",
    });
    whole.viewport.set(part.x, part.y, part.width, part.height);
    whole.scissorTest = false;
    renderer.setRenderTarget(whole);
    this.copied.value = into.texture;
    renderer.render(this.copy, this.camera);
    renderer.setRenderTarget(null);
    this.mark();
  }

  dress(theme: Theme): void {
    const palette = PALETTES[theme];
    for (const [name, color] of Object.entries(COLORS)) (this.frame[name]!.value as Vector3).set(...(palette[color] as [number, number, number]));
    (this.frame.uNone!.value as Vector4).set(...palette.none, 1);
    this.frame.uDark!.value = theme === "dark" ? 1 : 0;
  }

  /** Draw a run into a window of the current target. `whole` is the size of the picture of which the window shows a part. */
  draw(run: Run, orbit: Orbit, window: Window, whole: { width: number; height: number; line: number }, crop: Crop | null = null, manner = PLAINLY): void {
    const { renderer, frame } = this;
    run.prepare(renderer, this.camera);
    const aspect = whole.width / whole.height;
    const high: [number, number, number] = [run.layout.high[0], run.layout.high[1], run.layout.high[2] + ABOVE];
    const seen = projection(orbit, run.layout.origin, run.layout.low, high, aspect);
    const matrix = crop ? cropped(seen.matrix, crop.left, crop.bottom, crop.right, crop.top) : seen.matrix;
    (frame.uMatrix!.value as Matrix4).fromArray(matrix as unknown as number[]);
    (frame.uInverse!.value as Matrix4).fromArray(matrix as unknown as number[]).invert();
    (frame.uEye!.value as Vector4).set(...seen.eye);
    (frame.uAhead!.value as Vector3).set(...seen.ahead);
    // Widths of lines are measured in the window, of which a crop is a magnified view.
    (frame.uPixels!.value as Vector2).set(window.width, window.height);
    frame.uLine!.value = whole.line;
    if (run.air.seesThrough && manner.part !== "marks") this.solids(run, window, manner.fine);
    const target = renderer.getRenderTarget();
    if (target) {
      target.viewport.set(window.x, window.y, window.width, window.height);
      target.scissor.copy(target.viewport);
      target.scissorTest = true;
      renderer.setRenderTarget(target);
    } else {
      const ratio = renderer.getPixelRatio();
      renderer.setScissorTest(true);
      renderer.setViewport(window.x / ratio, window.y / ratio, window.width / ratio, window.height / ratio);
      renderer.setScissor(window.x / ratio, window.y / ratio, window.width / ratio, window.height / ratio);
    }
    renderer.clearDepth();
    run.drawn(manner, () => renderer.render(run.root, this.camera));
  }

  /** Compile what runs may draw later, one after the other behind the pictures. */
  warm(runs: readonly Run[], fine: boolean): void {
    const wanted = runs.flatMap((run) => (fine ? [...run.root.children, ...run.fine().map(({ mesh }) => mesh)] : run.root.children).map((mesh) => ({ mesh, run })));
    this.waiting = wanted.filter(({ mesh }) => !this.warmed.has(mesh));
    this.compileNext();
  }

  private compileNext(): void {
    clearTimeout(this.timer);
    if (!this.waiting.length) return;
    this.timer = setTimeout(() => {
      const idle = !this.busy() && !this.renderer.getContext().isContextLost();
      const next = idle && this.compiledSoFar ? this.waiting.shift() : undefined;
      if (next) {
        this.warmed.add(next.mesh);
        this.renderer.compile(next.mesh, this.camera, next.run.root);
        this.mark();
      }
      this.compileNext();
    }, PAUSE);
  }

  /** Whether all shaders asked for so far can be drawn with at once.  To ask for one before its turn would wait for it. */
  get compiled(): boolean {
    return this.waiting.length === 0 && !this.busy() && this.compiledSoFar;
  }

  /** The names of what a shader takes are asked for here: amid a picture that would wait for all that was drawn before. */
  private get compiledSoFar(): boolean {
    const programs = (this.renderer.info.programs ?? []) as unknown as { isReady(): boolean; getUniforms(): unknown; getAttributes(): unknown }[];
    return programs.every((program) => program.isReady() && program.getUniforms() && program.getAttributes());
  }

  /** Depth of what is solid, for rays through the air to end there. */
  private solids(run: Run, window: Window, fine: boolean): void {
    const before = this.renderer.getRenderTarget();
    const share = this.software && !fine ? 0.5 : 1;
    this.depth.setSize(Math.max(Math.ceil(window.width * share), 1), Math.max(Math.ceil(window.height * share), 1));
    this.renderer.setRenderTarget(this.depth);
    this.renderer.clear(true, true, false);
    run.onlySolids(() => this.renderer.render(run.root, this.camera));
    this.renderer.setRenderTarget(before);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.depth.dispose();
    this.coarse.dispose();
    this.renderer.dispose();
  }
}
