// A host that ends in the way its first argument says, in the midst of a job: a program for tests.

import { OcrSidecar, type SpawnOptions } from "../src/index.js";

const [way, daemon, sample] = process.argv.slice(2);
const sidecar = await OcrSidecar.spawn(JSON.parse(daemon!) as SpawnOptions);
sidecar.on("worker/state", ({ slot, state }) => {
  if (slot === 1 && state === "running") process.stdout.write("running\n");
});
await sidecar.recognize(sample!, { options: { engine: "null" } });
process.stdin.once("data", () => {
  if (way === "exits") process.exit(3);
  if (way === "throws") throw new Error("uncaught, as intended");
  void sidecar.close().then(() => process.exit(0));
});
