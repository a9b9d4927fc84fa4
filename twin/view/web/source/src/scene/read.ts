/** Reading a scene: unpacking, checking, and decoding arrays when they are asked for. */
import type { Numbers, Scene } from "../contract";
import type { Block, Document } from "../generated/scene";
import validate from "../generated/validate.js";

/** A scene that cannot be shown, in words for the person before the screen. */
export class SceneError extends Error {}

const VERSION = 1;
const CONTAINER = 1;
const LIMIT = 512 * 1024 * 1024;
const TYPES = { f32: Float32Array, u32: Uint32Array, i32: Int32Array, u16: Uint16Array, u8: Uint8Array };

/** The bytes behind a text of base64. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  } catch {
    throw new SceneError("The scene in this page is damaged: it is not base64.");
  }
}

/** Read a packed scene; throws SceneError where it is damaged, too large or of another version. */
export async function readScene(packed: Uint8Array<ArrayBuffer>): Promise<Scene> {
  const bytes = await unzipped(packed);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 12 || String.fromCharCode(...bytes.subarray(0, 4)) !== "twin")
    throw new SceneError("This is not a scene of twin.");
  if (view.getUint32(4, true) !== CONTAINER)
    throw new SceneError(`The scene has container ${view.getUint32(4, true)}; this page reads ${CONTAINER}.`);
  const length = view.getUint32(8, true);
  if (12 + length > bytes.byteLength) throw new SceneError("The scene is cut off.");
  let plain: unknown;
  try {
    plain = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(12, 12 + length)));
  } catch {
    throw new SceneError("The scene is damaged: its document cannot be read.");
  }
  return new Read(checked(plain), bytes.subarray(Math.ceil((12 + length) / 8) * 8));
}

function checked(plain: unknown): Document {
  const version = String((plain as { version?: unknown } | null)?.version ?? "");
  if (Number.parseInt(version, 10) !== VERSION)
    throw new SceneError(
      `The scene has version ${version || "unknown"}; this page reads ${VERSION}. Run twin solve again.`,
    );
  if (!validate(plain)) {
    const first = validate.errors?.[0];
    throw new SceneError(`The scene breaks its format: ${first?.instancePath || "document"} ${first?.message ?? ""}`);
  }
  return plain as Document;
}

async function unzipped(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.byteLength;
      if (size > LIMIT) throw new SceneError(`The scene is larger than ${LIMIT} bytes.`);
      parts.push(value);
    }
  } catch (error) {
    if (error instanceof SceneError) throw error;
    throw new SceneError("The scene is cut off or damaged; write the page again.");
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

class Read implements Scene {
  private readonly kept = new Map<Block, Numbers>();
  private readonly rows = new Map<Block, Map<number, Numbers>>();
  private readonly ids: Map<string, number>;

  constructor(
    readonly document: Document,
    private readonly buffer: Uint8Array,
  ) {
    this.ids = new Map(document.things.id.map((id, index) => [id, index]));
  }

  thing(id: string): number {
    return this.ids.get(id) ?? -1;
  }

  numbers(ref: Block): Numbers {
    let found = this.kept.get(ref);
    if (!found) this.kept.set(ref, (found = this.decoded(ref)));
    return found;
  }

  row(ref: Block, row: number): Numbers {
    const [rows = 1, columns = 0] = ref.shape;
    const at = rows === 1 ? 0 : Math.min(Math.max(row, 0), rows - 1);
    if (ref.coding === "first" && !this.kept.has(ref)) return this.alone(ref, at, columns);
    return this.numbers(ref).subarray(at * columns, (at + 1) * columns);
  }

  /** One row of a table whose rows were combined with the first: the others stay as they are. */
  private alone(ref: Block, row: number, columns: number): Numbers {
    let rows = this.rows.get(ref);
    if (!rows) this.rows.set(ref, (rows = new Map()));
    let found = rows.get(row);
    if (!found) rows.set(row, (found = decodeRow(this.bytes(ref), columns, row)));
    return found;
  }

  private bytes(ref: Block): Uint8Array {
    const Type = TYPES[ref.type];
    const count = ref.shape.reduce((product, side) => product * side, 1);
    const size = count * Type.BYTES_PER_ELEMENT;
    if (!(count >= 0) || ref.at + size > this.buffer.byteLength)
      throw new SceneError("The scene is damaged: an array lies outside of it.");
    return this.buffer.subarray(ref.at, ref.at + size);
  }

  private decoded(ref: Block): Numbers {
    const bytes = this.bytes(ref);
    if (ref.coding === "plain") return new TYPES[ref.type](bytes.slice().buffer);
    return decode(bytes, ref.shape[1] ?? 0, ref.coding);
  }
}

/** Undo the coding of a table: see `Block` in the schema. */
export function decode(bytes: Uint8Array, columns: number, coding: "first" | "previous"): Float32Array {
  const count = bytes.length / 4;
  const bits = new Uint32Array(count);
  for (let k = 0; k < count; k++)
    bits[k] = bytes[k]! | (bytes[count + k]! << 8) | (bytes[2 * count + k]! << 16) | (bytes[3 * count + k]! << 24);
  const back = coding === "first" ? (k: number) => k % columns : (k: number) => k - columns;
  for (let k = columns; k < count; k++) bits[k] = bits[k]! ^ bits[back(k)]!;
  return new Float32Array(bits.buffer);
}

/** A row of a table whose rows were combined with the first one. */
export function decodeRow(bytes: Uint8Array, columns: number, row: number): Float32Array {
  const count = bytes.length / 4;
  const word = (k: number) =>
    bytes[k]! | (bytes[count + k]! << 8) | (bytes[2 * count + k]! << 16) | (bytes[3 * count + k]! << 24);
  const bits = new Uint32Array(columns);
  for (let k = 0; k < columns; k++) bits[k] = row ? word(k) ^ word(row * columns + k) : word(k);
  return new Float32Array(bits.buffer);
}
