import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { OcrSidecar, OcrSidecarError } from "../src/index.js";
import {
  SAMPLE,
  SLOW,
  fakeDaemon,
  gone,
  once,
  realDaemon,
  spawned,
  temporaryFolder,
  within,
} from "./support.js";

const kind = (kind: string) => (error: unknown) =>
  error instanceof OcrSidecarError && error.kind === kind;

test("a daemon is greeted, watches this process and describes a document", async (t) => {
  const sidecar = await spawned(t, { ...realDaemon(t), client: { name: "tests", version: "1" } });
  assert.equal(sidecar.server.protocol_version, 1);
  assert.equal(sidecar.server.server.pid, sidecar.pid);
  assert.equal(sidecar.server.host_watched, true);
  const info = await sidecar.request("document/info", { document: { path: SAMPLE } });
  assert.equal(info.format, "pdf");
  assert.deepEqual(await sidecar.request("ping"), {});
});

test("every one of many concurrent requests has its own answer", async (t) => {
  const sidecar = await spawned(t, realDaemon(t));
  const asked = [...Array(500).keys()].map(async (n) => {
    if (n % 2 === 0) return sidecar.request("ping");
    const error = await sidecar.request("job/status", { job_id: `none-${n}` }).catch((e) => e);
    return kind("job_not_found")(error);
  });
  const answers = await within(Promise.all(asked), "an answer");
  assert.equal(answers.filter((each) => each === true).length, 250);
});

test("an error of the daemon has its code, kind and data", async (t) => {
  const sidecar = await spawned(t, realDaemon(t));
  const missing = { path: join(temporaryFolder(t), "missing.pdf") };
  await assert.rejects(sidecar.recognize(missing.path), (error: OcrSidecarError) => {
    assert.equal(error.code, 1001);
    assert.equal(error.kind, "document_not_found");
    assert.equal(error.retryable, false);
    return true;
  });
  const wrong = sidecar.request("document/render", { document: { path: SAMPLE }, page: 99 });
  await assert.rejects(wrong, (error: OcrSidecarError) => error.data.page === 99);
});

test("an aborted request is rejected at once, and the daemon is told", async (t) => {
  const sidecar = await spawned(t, realDaemon(t, SLOW));
  const aborting = new AbortController();
  const options = { signal: aborting.signal };
  const params = { document: { path: SAMPLE }, options: { engine: "null" } };
  const asked = sidecar.request("ocr/start", params, options);
  aborting.abort();
  await assert.rejects(asked, kind("cancelled"));
  const { jobs } = await sidecar.request("job/list");
  assert.ok(jobs.every(({ state }) => state === "cancelled")); // or was never begun
  await assert.rejects(sidecar.request("ping", {}, options), kind("cancelled"));
});

test("an answer that does not come in time is no_answer, and the daemon is told", async (t) => {
  const sidecar = await spawned(t, fakeDaemon("silent"));
  const left = once(sidecar, "log/message");
  await assert.rejects(sidecar.request("ping", {}, { timeoutMs: 50 }), kind("no_answer"));
  assert.equal((await left).message, "left 2");
});

test("what is longer than the daemon takes is refused here", async (t) => {
  const sidecar = await spawned(t, realDaemon(t));
  const data = "A".repeat(sidecar.server.limits.max_line_bytes);
  const asked = sidecar.request("document/info", { document: { data } });
  await assert.rejects(asked, kind("message_too_large"));
  const document = { data: data.slice(0, -4096) };
  await assert.rejects(sidecar.request("document/info", { document }), kind("unsupported_format"));
});

test("a command that is not there is spawn_failed", async () => {
  const spawning = OcrSidecar.spawn({ command: "no-such-ocr-sidecar" });
  await assert.rejects(spawning, kind("spawn_failed"));
  await assert.rejects(OcrSidecar.spawn({ command: "nul\0" }), kind("spawn_failed"));
});

test("a daemon that ends at its start is daemon_gone, with its exit", async () => {
  const spawning = OcrSidecar.spawn(fakeDaemon("dies", "3"));
  await assert.rejects(spawning, (error: OcrSidecarError) => {
    assert.equal(error.kind, "daemon_gone");
    assert.equal(error.exit?.code, 3);
    return error.retryable;
  });
});

test("closing is orderly, may be repeated, and rejects what comes later", async (t) => {
  const sidecar = await spawned(t, realDaemon(t));
  const exits = await Promise.all([sidecar.close(), sidecar.close()]);
  assert.equal(exits[0].code, 0);
  assert.equal(exits[0], exits[1]);
  await assert.rejects(sidecar.request("ping"), kind("closed"));
  await assert.rejects(sidecar.recognize(SAMPLE), kind("closed"));
});

test("a daemon that leaves for nothing is killed", { skip: process.platform === "win32" }, async (t) => {
  const sidecar = await spawned(t, { ...fakeDaemon("stays"), graceMs: 100, terminateMs: 100 });
  assert.equal((await sidecar.close()).signal, "SIGKILL");
});

test("a daemon that reads nothing does not hold the end", async (t) => {
  const sidecar = await spawned(t, { ...fakeDaemon("deaf"), graceMs: 100, terminateMs: 1000 });
  const document = { data: "A".repeat(1_000_000) };
  const asked = [...Array(8)].map(() => sidecar.request("document/info", { document }));
  const refused = Promise.allSettled(asked);
  await within(sidecar.close(), "the end");
  for (const each of await refused) assert.equal(each.status, "rejected");
});

test("a daemon that fills its stderr is read, and its last words are kept", async (t) => {
  const sidecar = await spawned(t, fakeDaemon("loud"));
  await within(sidecar.request("ping"), "the answer");
  const exit = await sidecar.close();
  assert.ok(exit.stderrTail.endsWith("last words\n"));
  assert.equal(exit.stderrTail.length, 4096);
});

test("nonsense on stdout is told, and costs no answer", async (t) => {
  const sidecar = await spawned(t, fakeDaemon("nonsense"));
  const violations: OcrSidecarError[] = [];
  sidecar.on("violation", (error) => violations.push(error));
  assert.deepEqual(await sidecar.request("ping"), {});
  assert.equal(violations.length, 6);
});

test("a gap in seq is told, and what was missed comes on request", async (t) => {
  const sidecar = await spawned(t, fakeDaemon("gap"));
  const gap = once(sidecar, "gap");
  const job = await sidecar.recognize(SAMPLE);
  const { after, before, replay } = await gap;
  assert.deepEqual([after, before], [2, 5]);
  assert.deepEqual(await replay(), { from: 3, to: 5, missed: 0 });
  const pages: number[] = [];
  for await (const { page } of job) pages.push(page);
  assert.deepEqual(pages, [1, 2, 5, 3, 4]); // 5 was there, and comes once
});

test("a handler that throws harms no other", async (t) => {
  const sidecar = await spawned(t, fakeDaemon("gap"));
  const thrown = new Promise<Error>(process.setUncaughtExceptionCaptureCallback);
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  sidecar.on("job/page", () => {
    throw new Error("mine");
  });
  const heard = once(sidecar, "job/page");
  await sidecar.recognize(SAMPLE);
  assert.equal((await heard).page, 1);
  assert.equal((await within(thrown, "the error")).message, "mine");
});

test("no process is left when the daemon has been closed", async (t) => {
  const sidecar = await OcrSidecar.spawn(realDaemon(t));
  const { workers } = await sidecar.request("worker/list");
  await sidecar.close();
  await gone([sidecar.pid, ...workers.flatMap(({ pid }) => (pid === null ? [] : [pid]))]);
});
