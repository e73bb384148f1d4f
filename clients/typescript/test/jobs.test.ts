import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { OcrSidecarError, type PageParams, type ProgressParams } from "../src/index.js";
import {
  SAMPLE,
  SLOW,
  fakeDaemon,
  once,
  realDaemon,
  spawned,
  temporaryFolder,
  within,
} from "./support.js";

const NULL = { engine: "null" };

test("a job hands out its pages and progress, writes its outputs and ends", async (t) => {
  const sidecar = await spawned(t, realDaemon(t));
  const { page_count } = await sidecar.request("document/info", { document: { path: SAMPLE } });
  const outputDir = temporaryFolder(t);
  const job = await sidecar.recognize(SAMPLE, { outputDir, options: NULL });
  const progresses: ProgressParams[] = [];
  job.onProgress((progress) => progresses.push(progress));
  const pages: PageParams[] = [];
  for await (const page of job) pages.push(page);
  const terminal = await job.result();
  assert.deepEqual(pages.map(({ page }) => page).sort(), [...Array(page_count).keys()].map((n) => n + 1));
  assert.ok(pages.every(({ text }) => text === "hello"));
  assert.equal(terminal.state, "succeeded");
  assert.ok(progresses.length > 0);
  assert.equal(job.progress, progresses.at(-1));
  const output = terminal.successful[0]?.output;
  assert.match(readFileSync(output!, "utf8"), /^hello/);
});

test("pages wait for whoever iterates late", async (t) => {
  const sidecar = await spawned(t, realDaemon(t));
  const job = await sidecar.recognize({ path: SAMPLE, pages: "1-2" }, { options: NULL });
  await job.terminal;
  const pages: number[] = [];
  for await (const { page } of job) pages.push(page);
  assert.deepEqual(pages, [1, 2]);
});

test("a batch of a thousand missing files ends with all of them, from a file", async (t) => {
  const sidecar = await spawned(t, realDaemon(t));
  const folder = temporaryFolder(t);
  const paths = [...Array(1000).keys()].map((n) => join(folder, `missing-${n}.pdf`));
  const heard = once(sidecar, "job/error");
  const job = await sidecar.recognize(paths, { options: NULL });
  const terminal = await within(job.terminal, "the terminal");
  assert.equal(terminal.state, "failed");
  assert.deepEqual(terminal.failed.map(({ file }) => file), paths);
  assert.equal("path" in terminal, false);
  assert.equal((await heard).failed.length, 1000);
  await assert.rejects(job.result(), (error) => error instanceof OcrSidecarError);
  // And so does an answer that has no room in its line.
  const asked = await sidecar.request("job/result", { job_id: job.jobId });
  assert.equal(asked.terminal?.failed.length, 1000);
});

test("a page whose text has no room in its line comes with it, and in its turn", async (t) => {
  const text = "word ".repeat(12_000).trim();
  const env = { OCR_SIDECAR_NULL_ENGINE: JSON.stringify({ text }) };
  const sidecar = await spawned(t, realDaemon(t, env));
  const job = await sidecar.recognize(SAMPLE, { options: NULL });
  const seqs: number[] = [];
  for (const method of ["job/page", "job/result"] as const) {
    sidecar.on(method, ({ seq }) => seqs.push(seq));
  }
  for await (const page of job) assert.equal(page.text, text);
  await job.result();
  assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
});

test("what is not long waits for what is being read, and a file that is gone is told", async (t) => {
  const file = join(temporaryFolder(t), "page.json");
  writeFileSync(file, JSON.stringify({ job_id: "a", page: 1, words: [{ text: "long" }] }));
  const sidecar = await spawned(t, fakeDaemon("long", file));
  const job = await sidecar.recognize(SAMPLE);
  const pages: PageParams[] = [];
  for await (const page of job) pages.push(page);
  assert.deepEqual(pages.map(({ page }) => page), [1, 2]);
  assert.equal(pages[0]?.words?.[0]?.text, "long");
  assert.equal((await job.terminal).path, `${file}.gone`);
});

test("a job is cancelled by its method", async (t) => {
  const sidecar = await spawned(t, realDaemon(t, SLOW));
  const job = await sidecar.recognize(SAMPLE, { options: NULL });
  const terminal = await within(job.cancel(), "the terminal");
  assert.equal(terminal.state, "cancelled");
  assert.equal((await job.cancel()).state, "cancelled");
  await assert.rejects(job.result(), { kind: "cancelled", code: -32800 });
});

test("a job is cancelled by its signal", async (t) => {
  const sidecar = await spawned(t, realDaemon(t, SLOW));
  const aborting = new AbortController();
  const job = await sidecar.recognize([SAMPLE], { options: NULL, signal: aborting.signal });
  aborting.abort();
  assert.equal((await within(job.terminal, "the terminal")).state, "cancelled");
  const started = sidecar.recognize(SAMPLE, { signal: aborting.signal });
  await assert.rejects(started, { kind: "cancelled" });
});

test("pages of another file are counted while a job runs", async (t) => {
  const sidecar = await spawned(t, realDaemon(t, SLOW));
  const isRead = new Promise<void>((resolve) => {
    sidecar.on("worker/state", ({ slot, state }) => {
      if (slot === 1 && state === "running") resolve();
    });
  });
  const job = await sidecar.recognize(SAMPLE, { options: NULL });
  await within(isRead, "the first page");
  const path = join(temporaryFolder(t), "other.pdf");
  copyFileSync(SAMPLE, path);
  assert.equal((await sidecar.request("document/info", { document: { path } })).page_count, 3);
  assert.equal((await sidecar.request("job/status", { job_id: job.jobId })).state, "running");
});

test("a consumer that starts again in mid-job is told what it has missed", async (t) => {
  const env = { OCR_SIDECAR_NULL_ENGINE: '{"text":"hello","seconds":0.2}' };
  const sidecar = await spawned(t, realDaemon(t, env));
  await sidecar.recognize(SAMPLE, { options: NULL });
  let missed = 0;
  for await (const { params } of sidecar.notifications("job/page")) {
    missed = params.page;
    break;
  }
  const told = sidecar.notifications("job/page", "job/result");
  await sidecar.replay(0);
  const pages = new Set<number>();
  const again = new Set<number>();
  for await (const { method, params } of told) {
    if (method === "job/result") break;
    pages.add(params.page);
    if (params.replayed) again.add(params.page);
  }
  assert.deepEqual([...pages].sort(), [1, 2, 3]);
  assert.ok(again.has(missed));
});

test("several jobs run side by side, each with its own pages", async (t) => {
  const sidecar = await spawned(t, realDaemon(t));
  const jobs = await Promise.all(
    ["1", "2", "3"].map((pages) => sidecar.recognize({ path: SAMPLE, pages }, { options: NULL })),
  );
  for (const [n, job] of jobs.entries()) {
    for await (const page of job) assert.equal(page.page, n + 1);
    assert.equal((await job.result()).pages.recognized, 1);
  }
});

test("a flood of 200,000 costs a slow consumer no page and no terminal", async (t) => {
  const sidecar = await spawned(t, fakeDaemon("flood", "200000"));
  const told = sidecar.notifications("job/progress", "job/page", "job/result");
  const all = sidecar.notifications();
  await sidecar.request("ping");
  const n = { "job/progress": 0, "job/page": 0, "job/result": 0 };
  let lastSeq = 0;
  for await (const { method, params } of told) {
    assert.ok(params.seq > lastSeq);
    lastSeq = params.seq;
    n[method] += 1;
    if (n["job/result"] === 20) break;
    // Slow for as long as there is a flood, so that it does not take all day.
    if (sidecar.lastSeq < 200_040) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(n["job/page"], 20);
  assert.ok(n["job/progress"] < 100_000);
  // Nobody has taken any of these: what waits is one progress a job, its page and its end.
  assert.equal(sidecar.lastSeq, 200_040);
  await sidecar.close();
  let nWaiting = 0;
  for await (const _ of all) nWaiting += 1;
  assert.equal(nWaiting, 60);
});
