/** What everything stands on: the ground without end behind the picture, and the soft shadow where things touch it. */
import {
  AddEquation, BufferAttribute, BufferGeometry, Camera, CustomBlending, GLSL3, LinearFilter, LinearMipmapLinearFilter, Mesh,
  OneFactor, RawShaderMaterial, RedFormat, Scene, UnsignedByteType, Vector4, WebGLRenderTarget,
} from "three";
import type { WebGLRenderer } from "three";
import { numbered } from "./boxes";
import type { Uniforms } from "./boxes";
import { BOXES, CLIP, FRAME } from "./shaders";

/** How far the shadow reaches around a footprint. [m] */
const REACH = 1.6;
const TEXELS = 2048;

const SHADOW_VERTEX = /* glsl */ `
${FRAME}${CLIP}${BOXES}
uniform sampler2D uLayers;
uniform vec4 uShadowAt;
out vec2 vAt;
flat out vec4 vFoot;
flat out float vWeight;
void main() {
  vec3 low, high;
  ivec3 info = boxed(gl_VertexID / 6, low, high);
  int turn = gl_VertexID % 6;
  vec2 corner = vec2(turn == 1 || turn == 2 || turn == 4 ? 1.0 : 0.0, turn == 2 || turn > 3 ? 1.0 : 0.0);
  vec4 state = texelFetch(uLayers, ivec2(info.x, 1), 0);
  int look = int(texelFetch(uLayers, ivec2(info.x, 0), 0).w + 0.5);
  vec3 a, b;
  bool gone = clipped(low, high, a, b) || state.y < 0.5 || (info.z & 1) != 0 || look >= 10;
  // What hangs high throws no shadow that one would notice.
  vWeight = exp(-max(a.z, 0.0) / 0.7) * (1.0 - exp(-max(b.z, 0.0) / 0.5));
  if (gone || vWeight < 0.02) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  vAt = mix(a.xy - ${REACH.toFixed(1)}, b.xy + ${REACH.toFixed(1)}, corner);
  vFoot = vec4(a.xy, b.xy);
  gl_Position = vec4((vAt - uShadowAt.xy) * uShadowAt.zw * 2.0 - 1.0, 0.0, 1.0);
}
`;

// A blurred footprint in closed form; those of neighbours add up to that of both together.
const SHADOW_FRAGMENT = /* glsl */ `
precision highp float;
in vec2 vAt;
flat in vec4 vFoot;
flat in float vWeight;
uniform vec4 uShadowAt;
out vec4 color;
float blurred(float reach) {
  vec2 s = smoothstep(-reach, reach, vAt - vFoot.xy) - smoothstep(-reach, reach, vAt - vFoot.zw);
  return s.x * s.y;
}
void main() {
  vec2 texel = fwidth(vAt);
  float tight = max(0.28, 1.5 * max(texel.x, texel.y));
  color = vec4(vWeight * (0.5 * blurred(tight) + 0.5 * blurred(max(${REACH.toFixed(1)}, tight))));
}
`;

const GROUND_VERTEX = /* glsl */ `
precision highp float;
in vec3 position;
uniform mat4 uInverse;
uniform vec4 uEye;
out vec3 vFrom;
out vec3 vRay;
void main() {
  // Both are straight over the picture, so that they need not be found again at every pixel.
  vec4 p = uInverse * vec4(position.xy, -1.0, 1.0);
  vec4 q = uInverse * vec4(position.xy, 1.0, 1.0);
  vFrom = uEye.w > 0.5 ? uEye.xyz : p.xyz / p.w;
  vRay = q.xyz / q.w - vFrom;
  gl_Position = vec4(position.xy, 0.999999, 1.0);
}
`;

const GROUND_FRAGMENT = /* glsl */ `
${FRAME}
in vec3 vFrom;
in vec3 vRay;
uniform vec3 uSky;         // above the horizon
uniform vec3 uGround;
uniform float uLevel;      // height of the ground
uniform float uReach;      // distance at which it is lost
uniform sampler2D uShadow;
uniform vec4 uShadowAt;
out vec4 color;
float comb(float x, float pitch, float px) {
  float d = abs(fract(x / pitch + 0.5) - 0.5) * pitch;
  return clamp((0.5 * px + 0.5 * uLine * px - d) / px, 0.0, 1.0) * clamp(pitch / (4.0 * px) - 1.0, 0.0, 1.0);
}
void main() {
  float slope = vRay.z / (abs(vRay.x) + abs(vRay.y) + abs(vRay.z));
  color = vec4(mix(uBack, uSky, clamp(2.2 * slope, 0.0, 1.0)), 1.0);
  if (uEye.w < 0.5 && abs(uAhead.z) < 1e-3) {
    // An elevation: the ground is seen from the side, as a band below its level.
    color.rgb = mix(uBack, uGround * 0.97, clamp((uLevel - vFrom.z) / fwidth(vFrom.z) + 0.5, 0.0, 1.0));
    return;
  }
  float far = (uLevel - vFrom.z) / vRay.z;
  // A parallel view has no eye that could be below the ground.
  if (slope > -1e-3 || (uEye.w > 0.5 && far < 0.0)) return;
  vec2 at = vFrom.xy + vRay.xy * far;
  vec3 c = uGround;
#ifndef PLAIN
  vec2 px = max(fwidth(at), 1e-5);
  float grid = max(comb(at.x, 5.0, px.x), comb(at.y, 5.0, px.y)) * 0.5 + max(comb(at.x, 25.0, px.x), comb(at.y, 25.0, px.y)) * 0.5;
  c = mix(c, uDark > 0.5 ? c * 1.35 + 0.012 : c * 0.90, 0.55 * grid);
#endif
  vec2 uv = (at - uShadowAt.xy) * uShadowAt.zw;
  if (all(greaterThan(uv, vec2(0.0))) && all(lessThan(uv, vec2(1.0)))) c *= 1.0 - (uDark > 0.5 ? 0.72 : 0.55) * textureLod(uShadow, uv, 0.0).r;
  float d = dot(at, at) / (uReach * uReach);
  color.rgb = mix(uBack, c, 1.0 / (1.0 + d * d));
}
`;

/** One triangle that covers the picture. */
export function fullShape(): BufferGeometry {
  return new BufferGeometry().setAttribute("position", new BufferAttribute(new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]), 3));
}

/** Horizon, ground and grid; drawn first, behind everything. */
export function groundMesh(uniforms: Uniforms, plain: boolean): Mesh {
  const material = new RawShaderMaterial({
    glslVersion: GLSL3, vertexShader: GROUND_VERTEX, fragmentShader: GROUND_FRAGMENT, uniforms, depthTest: false, depthWrite: false,
    defines: plain ? { PLAIN: 1 } : {},
  });
  const mesh = new Mesh(fullShape(), material);
  mesh.frustumCulled = false;
  mesh.renderOrder = -10;
  return mesh;
}

/** The shadow of a run's footprints, drawn once into a texture. */
export class Shadow {
  readonly target: WebGLRenderTarget;
  /** Corner and reciprocal size of the ground that the texture covers. */
  readonly at: Vector4;
  private readonly scene = new Scene();
  private readonly mesh: Mesh;

  constructor(boxes: number, low: readonly number[], high: readonly number[], uniforms: Uniforms, software: boolean) {
    const texels = software ? TEXELS / 2 : TEXELS;
    this.target = new WebGLRenderTarget(texels, texels, {
      format: RedFormat, type: UnsignedByteType, depthBuffer: false, generateMipmaps: !software,
      minFilter: software ? LinearFilter : LinearMipmapLinearFilter, magFilter: LinearFilter,
    });
    const wide = [0, 1].map((k) => high[k]! - low[k]! + 4 * REACH);
    this.at = new Vector4(low[0]! - 2 * REACH, low[1]! - 2 * REACH, 1 / wide[0]!, 1 / wide[1]!);
    const material = new RawShaderMaterial({
      glslVersion: GLSL3, vertexShader: SHADOW_VERTEX, fragmentShader: SHADOW_FRAGMENT,
      uniforms: { ...uniforms, uShadowAt: { value: this.at }, uFirst: { value: 0 } }, depthTest: false, depthWrite: false, transparent: true, side: 2,
      blending: CustomBlending, blendEquation: AddEquation, blendSrc: OneFactor, blendDst: OneFactor,
    });
    this.mesh = new Mesh(numbered(boxes, 6), material);
    this.mesh.frustumCulled = false;
    this.scene.add(this.mesh);
  }

  bake(renderer: WebGLRenderer, camera: Camera): void {
    const before = renderer.getRenderTarget();
    renderer.setRenderTarget(this.target);
    renderer.setClearColor(0, 0);
    renderer.clear(true, false, false);
    renderer.render(this.scene, camera);
    renderer.setRenderTarget(before);
  }

  dispose(): void {
    this.target.dispose();
    this.mesh.geometry.dispose();
    (this.mesh.material as RawShaderMaterial).dispose();
  }
}
