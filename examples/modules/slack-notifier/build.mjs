// Builds module.wasm from src/module.js and the world in wit/.

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { componentize } from "componentize-qjs";

const root = path.dirname(fileURLToPath(import.meta.url));
const entry = path.join(root, "src/module.js");

const { component } = await componentize({
  // Absolute: a relative path is not found.
  witPath: path.join(root, "wit"),
  world: "module",
  jsSource: await readFile(entry, "utf8"),
  jsPath: entry,
  moduleRoot: root,
  // Nothing of WASI: the only imports are those of the world.
  stubWasi: true,
  // czo calls without the async ABI of components.
  sync: true,
  // A third smaller, and sooner compiled on the server; false computes faster.
  optSize: true,
});
await writeFile(path.join(root, "module.wasm"), component);
