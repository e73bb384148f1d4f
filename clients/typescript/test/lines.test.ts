import assert from "node:assert/strict";
import { test } from "node:test";
import { LineSplitter } from "../src/lines.js";
import { AsyncQueue, Conflated, Fifo } from "../src/queue.js";
import type { Notification } from "../src/protocol.js";

const TEXT = "één\n漢字\n🙂🙂\n\none\u2028two\u0085three\n";
const LINES = ["één", "漢字", "🙂🙂", "", "one\u2028two\u0085three"];

function cut(...chunks: Buffer[]): string[] {
  const splitter = new LineSplitter(1000);
  return chunks.flatMap((chunk) => splitter.push(chunk)).map((line) => line.toString("utf8"));
}

test("lines are the same wherever the pipe cuts them", () => {
  const bytes = Buffer.from(TEXT);
  for (let at = 0; at <= bytes.length; at += 1) {
    assert.deepEqual(cut(bytes.subarray(0, at), bytes.subarray(at)), LINES);
  }
  assert.deepEqual(cut(...[...bytes].map((byte) => Buffer.from([byte]))), LINES);
});

test("a line that has no end is refused, not kept", () => {
  const splitter = new LineSplitter(10);
  splitter.push(Buffer.from("123456789\n12345"));
  assert.throws(() => splitter.push(Buffer.from("678901")), RangeError);
});

test("a queue hands out everything, whether it is pushed before or after it is asked for", async () => {
  const queue = new AsyncQueue<number>(new Fifo());
  const first = queue.next();
  for (let n = 0; n < 1000; n += 1) queue.push(n);
  queue.end();
  const rest: number[] = [];
  for await (const n of queue) rest.push(n);
  assert.deepEqual(await first, { value: 0, done: false });
  assert.deepEqual(rest, [...Array(999).keys()].map((n) => n + 1));
});

test("a queue tells its error behind its items, once", async () => {
  const queue = new AsyncQueue<number>(new Fifo());
  queue.push(1);
  queue.end(new Error("broken"));
  assert.deepEqual(await queue.next(), { value: 1, done: false });
  await assert.rejects(queue.next(), /broken/);
  assert.deepEqual(await queue.next(), { value: undefined, done: true });
});

function told(method: string, params: object): Notification {
  return { jsonrpc: "2.0", method, params } as Notification;
}

test("for a slow consumer the newest progress, state and messages stay, and all else", () => {
  const waiting = new Conflated();
  waiting.push(told("job/progress", { seq: 1, job_id: "a" }));
  waiting.push(told("job/progress", { seq: 2, job_id: "b" }));
  waiting.push(told("worker/state", { seq: 3, slot: 1, exit_code: 1 }));
  waiting.push(told("worker/state", { seq: 4, slot: 1 }));
  waiting.push(told("job/page", { seq: 5, job_id: "a" }));
  waiting.push(told("job/page", { seq: 6, job_id: "a" }));
  waiting.push(told("worker/state", { seq: 7, slot: 1 }));
  waiting.push(told("job/progress", { seq: 8, job_id: "a" }));
  waiting.push(told("job/result", { seq: 9, job_id: "a" }));
  for (let seq = 10; seq < 210; seq += 1) waiting.push(told("log/message", { seq }));
  const seqs: number[] = [];
  for (let item = waiting.shift(); item; item = waiting.shift()) seqs.push(item.params.seq);
  assert.deepEqual(seqs.slice(0, 7), [2, 3, 5, 6, 7, 8, 9]);
  assert.deepEqual(seqs.slice(7), [...Array(100).keys()].map((n) => n + 110));
});
