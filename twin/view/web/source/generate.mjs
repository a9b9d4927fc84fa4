// Types and validator of the scene document, from the JSON Schema that the Python models give.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";
import { compile } from "json-schema-to-typescript";

const schema = JSON.parse(readFileSync("scene.schema.json", "utf8"));
mkdirSync("src/generated", { recursive: true });

/** Pydantic titles every field, which would name a type after each. */
function without(keys, part, inside = false) {
  if (Array.isArray(part)) return part.map((item) => without(keys, item));
  if (part === null || typeof part !== "object") return part;
  if ("$ref" in part && !inside) return { $ref: part.$ref };
  const kept = Object.entries(part).filter(([key]) => inside || !keys.includes(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, without(keys, value, key === "properties" || key === "$defs")]));
}

const types = await compile(without(["title"], schema), "Document", { additionalProperties: false, bannerComment: "", format: false, maxItems: 4 });
writeFileSync("src/generated/scene.ts", types);
const ajv = new Ajv({ code: { source: true, esm: true }, strict: false, inlineRefs: false, validateFormats: false });
writeFileSync("src/generated/validate.js", standalone(ajv, ajv.compile(without(["title", "description", "default"], schema))));
writeFileSync(
  "src/generated/validate.d.ts",
  "export interface Mistake { instancePath: string; message?: string }\n" +
    "declare const validate: { (data: unknown): boolean; errors?: Mistake[] | null };\nexport default validate;\n",
);
