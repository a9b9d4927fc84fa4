/** Scenes inside pages and files. */
import { SceneError, bytesOf, readScene } from "./read";
import type { Scene } from "../contract";

/** The scene that stands in this page under an id; null without one. */
export async function embedded(page: Document, id: string): Promise<Scene | null> {
  const element = page.getElementById(id);
  const text = element?.textContent?.trim();
  return text ? readScene(bytesOf(text)) : null;
}

/** The scene of a file that somebody chose: a viewer page, or a packed scene. */
export async function sceneOfFile(file: Blob): Promise<Scene> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return readScene(bytes);
  return readScene(bytesOf(sceneText(new TextDecoder().decode(bytes))));
}

/** In one piece it would be found in this page's own source. */
const TAG = ["scr", "ipt"].join("");

/** The base64 of the scene in the text of a viewer page. */
export function sceneText(page: string): string {
  const found = new RegExp(`<${TAG} type="application/octet-stream" id="scene">([A-Za-z0-9+/=\\s]*)</${TAG}>`).exec(
    page,
  );
  if (!found) throw new SceneError("This file holds no scene: choose a viewer page or a scene that twin wrote.");
  return found[1]!;
}
