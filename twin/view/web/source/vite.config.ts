import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { viteSingleFile } from "vite-plugin-singlefile";

/** The one page that Python fills in: script and style are named by their hashes, nothing may be asked of anybody. */
function sealed(): Plugin {
  return {
    name: "sealed",
    apply: "build",
    enforce: "post",
    // after a build that went well, unlike `closeBundle`, which would hide what went wrong behind a file that is not there
    writeBundle(_, bundle) {
      const built = bundle["index.html"];
      if (built?.type !== "asset") throw new Error("the build gave no index.html");
      const page = String(built.source);
      const hashes = (tag: string) =>
        [...page.matchAll(new RegExp(`<${tag}(?![^>]*type="application)[^>]*>([\\s\\S]*?)</${tag}>`, "g"))]
          .map((found) => `'sha256-${createHash("sha256").update(found[1]!).digest("base64")}'`)
          .join(" ");
      const policy =
        `default-src 'none'; script-src ${hashes("script")}; style-src ${hashes("style")}; ` +
        "img-src data: blob:; connect-src 'none'; base-uri 'none'; form-action 'none'";
      const whole = page.replace("%POLICY%", policy).replace("</body>", `${notices()}</body>`);
      writeFileSync(resolve(import.meta.dirname, "../viewer.html"), whole);
    },
  };
}

/** The licences of what others wrote and the page holds go with it. */
function notices(): string {
  const texts = ["three", "ajv"].map((name) => {
    const text = readFileSync(resolve(import.meta.dirname, `node_modules/${name}/LICENSE`), "utf8");
    return `${name}\n\n${text.replaceAll("\r", "").replaceAll("--", "- -").trim()}`;
  });
  return `<!--\nThis page holds code of these libraries, under their licences:\n\n${texts.join("\n\n")}\n-->\n`;
}

export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true }), sealed()],
  build: { target: "es2022", assetsInlineLimit: 1e9, reportCompressedSize: false },
  test: { include: ["test/*.test.ts"] },
});
