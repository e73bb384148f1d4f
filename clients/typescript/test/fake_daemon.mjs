// A daemon that misbehaves in the way its argument says: a program for tests, without a dependency.

import { once } from "node:events";
import { createInterface } from "node:readline";

const [way = "plain", amount = "0"] = process.argv.slice(2);
let seq = 0;

async function say(message) {
  const line = `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`;
  if (!process.stdout.write(line)) await once(process.stdout, "drain");
}

const tell = (method, params) => say({ method, params: { seq: ++seq, ...params } });

const limits = { max_line_bytes: 16777216, max_batch: 100, max_jobs: 9, kept_jobs: 9, kept_job_s: 9 };
const server = { name: "fake", version: "0", pid: process.pid, instance_id: "fake", log_path: null };
const hello = { protocol_version: 1, server, limits, methods: [], notifications: [], engines: [] };
const counts = { recognized: 1, native_text: 0, empty: 0, failed: 0, cancelled: 0 };

const ways = {
  plain: async ({ id }) => say({ id, result: {} }),
  // As many progresses as were asked for, of twenty jobs, each of which has a page and ends.
  flood: async ({ id }) => {
    await say({ id, result: {} });
    const n = Number(amount);
    for (let i = 0; i < n; i += 1) {
      const job_id = `job-${Math.floor((i * 20) / n)}`;
      await tell("job/progress", { job_id, current: i, message: "é".repeat(20) });
      if ((i + 1) % (n / 20) !== 0) continue;
      await tell("job/page", { job_id, page: 1, state: "recognized", text: "page" });
      await tell("job/result", { job_id, state: "succeeded", pages: counts });
    }
  },
  // Numbers 1, 2, 5; and when it is asked for the rest, 3 to 5 and the end.
  gap: async ({ id, method, params }) => {
    if (method === "events/replay") {
      await say({ id, result: { from: params.since + 1, to: 5, missed: 0 } });
      for (let n = params.since + 1; n <= 5; n += 1) {
        await say({ method: "job/page", params: { seq: n, replayed: true, job_id: "a", page: n } });
      }
      await say({ method: "job/result", params: { seq: 6, job_id: "a", state: "succeeded" } });
      return;
    }
    await say({ id, result: { job_id: "a" } });
    for (const n of [1, 2, 5]) {
      await say({ method: "job/page", params: { seq: n, job_id: "a", page: n } });
    }
  },
  // Nonsense between two answers.
  nonsense: async ({ id }) => {
    process.stdout.write(Buffer.from("nonsense\n\xff\n[]\n{}\n", "latin1"));
    await say({ id: 999, result: {} });
    await say({ id: null, error: { code: -32700, message: "bad", data: { kind: "parse_error" } } });
    await say({ id, result: {} });
  },
  // Stays whatever it is told, until it is killed.
  stays: async ({ id }) => say({ id, result: {} }),
  deaf: async ({ id }) => say({ id, result: {} }),
  // Leaves an answer out for ever.
  silent: async () => undefined,
  // Fills its stderr first.
  loud: async ({ id }) => {
    for (let n = 0; n < 20; n += 1) {
      if (!process.stderr.write("x".repeat(65_536))) await once(process.stderr, "drain");
    }
    process.stderr.write("last words\n");
    await say({ id, result: {} });
  },
  // Says a notification of two lengths: with its path, and after it one without.
  long: async ({ id }) => {
    await say({ id, result: { job_id: "a" } });
    await tell("job/page", { job_id: "a", page: 1, words: [], path: amount });
    await tell("job/page", { job_id: "a", page: 2 });
    await tell("job/result", { job_id: "a", state: "succeeded", path: `${amount}.gone` });
  },
};

if (way === "dies") process.exit(Number(amount));
if (way === "stays") {
  process.on("SIGTERM", () => undefined);
  setInterval(() => undefined, 60_000);
}
const requests = createInterface({ input: process.stdin });
requests.on("line", async (line) => {
  const request = JSON.parse(line);
  const { id, method, params } = request;
  if (method === "$/cancelRequest") return tell("log/message", { message: `left ${params.id}` });
  if (method === "shutdown") return say({ id, result: {} });
  if (method !== "initialize") return ways[way](request);
  await say({ id, result: { ...hello, host_watched: false } });
  if (way !== "deaf") return;
  process.stdin.pause(); // reads no more, and so does not see the end either
  setInterval(() => undefined, 60_000);
});
