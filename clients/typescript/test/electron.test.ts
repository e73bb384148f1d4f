import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { resolveSidecar, unpacked } from "../src/electron.js";
import { temporaryFolder } from "./support.js";

test("the daemon of a packaged app is found below its resources", (t) => {
  const resources = temporaryFolder(t);
  assert.throws(() => resolveSidecar(resources), { kind: "spawn_failed" });
  // Each is found before those above it.
  for (const below of ["app.asar.unpacked/ocr-sidecar", ".", "ocr-sidecar"]) {
    const program = join(resources, below, "ocr-sidecar.exe");
    mkdirSync(dirname(program), { recursive: true });
    writeFileSync(program, "");
    assert.equal(resolveSidecar(resources, { platform: "win32" }), program);
  }
});

test("a path into the archive becomes one beside it", () => {
  const inside = join("/opt", "app", "app.asar", "bin", "ocr-sidecar");
  const beside = join("/opt", "app", "app.asar.unpacked", "bin", "ocr-sidecar");
  assert.equal(unpacked(inside), beside);
  assert.equal(unpacked(beside), beside);
});
