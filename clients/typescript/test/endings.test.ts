import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { OcrSidecarError, SupervisedSidecar, type SupervisedOptions } from "../src/index.js";
import {
  SAMPLE,
  SLOW,
  descendants,
  fakeDaemon,
  gone,
  once,
  realDaemon,
  spawned,
  within,
} from "./support.js";

const NULL = { engine: "null" };
const onPosix = { skip: process.platform === "win32" };

async function supervised(
  t: import("node:test").TestContext,
  options: SupervisedOptions,
): Promise<SupervisedSidecar> {
  const sidecar = await SupervisedSidecar.spawn({ backoffMs: 10, ...options });
  t.after(() => sidecar.close());
  return sidecar;
}

test("a daemon that is killed rejects its requests and jobs, and leaves nothing", async (t) => {
  const sidecar = await spawned(t, realDaemon(t, SLOW));
  const job = await sidecar.recognize(SAMPLE, { options: NULL });
  const pages = job[Symbol.asyncIterator]().next();
  const asked = sidecar.request("shutdown", { mode: "drain" }).then(() => job.terminal);
  await sidecar.request("health/check");
  const family = descendants(sidecar.pid);
  process.kill(sidecar.pid, "SIGKILL");
  for (const each of [asked, pages, job.terminal, job.result()] as Promise<unknown>[]) {
    await assert.rejects(within(each, "the rejection"), (error: OcrSidecarError) => {
      assert.equal(error.exit?.signal, "SIGKILL");
      return error.kind === "daemon_gone" && error.retryable;
    });
  }
  await assert.rejects(sidecar.request("ping"), { kind: "daemon_gone" });
  await gone(family);
});

test("a supervised daemon that is killed in mid-job is replaced, and the job can be run again", async (t) => {
  const options: SupervisedOptions = { ...realDaemon(t) };
  const sidecar = await supervised(t, options);
  const terminals: string[] = [];
  sidecar.on("job/result", ({ state }) => terminals.push(state));
  const first = sidecar.current;
  const job = await sidecar.recognize(SAMPLE, { options: { ...NULL, priority: "background" } });
  const died = once(sidecar, "died");
  const restarted = once(sidecar, "restarted");
  process.kill(first.pid, "SIGKILL");
  await assert.rejects(job.result(), { kind: "daemon_gone" });
  assert.equal((await died).exit?.signal, "SIGKILL");
  // Asked between the two: the next daemon answers.
  const again = await within(sidecar.recognize(SAMPLE, { options: NULL }), "the job");
  assert.notEqual((await restarted).server.server.instance_id, first.server.server.instance_id);
  assert.equal((await within(again.result(), "the result")).state, "succeeded");
  assert.deepEqual(terminals, ["succeeded"]);
});

test("a supervisor gives up after so many deaths in a row", onPosix, async (t) => {
  const sidecar = await supervised(t, { ...fakeDaemon("plain"), maxRestarts: 2 });
  let nDeaths = 0;
  sidecar.on("died", () => (nDeaths += 1));
  sidecar.on("restarted", () => process.kill(sidecar.current.pid, "SIGKILL"));
  const gaveUp = once(sidecar, "gaveUp");
  process.kill(sidecar.current.pid, "SIGKILL");
  assert.equal((await gaveUp).error.kind, "daemon_gone");
  assert.equal(nDeaths, 2);
  await assert.rejects(sidecar.request("ping"), { kind: "daemon_gone" });
});

test("a supervisor that is closed while it waits starts no other", onPosix, async (t) => {
  const sidecar = await supervised(t, { ...fakeDaemon("plain"), backoffMs: 3_600_000 });
  const died = once(sidecar, "died");
  process.kill(sidecar.current.pid, "SIGKILL");
  await died;
  const asked = sidecar.request("ping");
  const refused = assert.rejects(asked, { kind: "closed" });
  await within(sidecar.close(), "the end");
  await refused;
});

const HOST = fileURLToPath(new URL("./host.js", import.meta.url));

for (const way of ["is killed", "throws", "exits", "closes"]) {
  test(`nothing is left when the host ${way}`, { skip: process.platform !== "linux" }, async (t) => {
    const daemon = realDaemon(t, SLOW);
    const host = spawn(process.execPath, [HOST, way, JSON.stringify(daemon), SAMPLE], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    t.after(() => host.kill("SIGKILL"));
    host.stdout.setEncoding("utf8");
    const ready = new Promise((resolve) => host.stdout.once("data", resolve));
    assert.equal(await within(ready, "the job"), "running\n");
    const family = descendants(host.pid!);
    assert.ok(family.length >= 3, "daemon, guard, worker");
    if (way === "is killed") host.kill("SIGKILL");
    else host.stdin.write("go\n");
    await gone([host.pid!, ...family]);
  });
}
