#!/usr/bin/env node
// node recognize.mjs [--engine NAME] [--stop-after PAGES] FILE
//
// Reads a document with ocr-sidecar: text on stdout, progress on stderr, Ctrl-C cancels. The program
// is found on the PATH, or named by OCR_SIDECAR. Exit codes: 0 something was read, 1 nothing was,
// 2 wrong usage, 3 no daemon, 130 cancelled.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

const wanted = readCommandLine();
const program = process.env.OCR_SIDECAR ?? "ocr-sidecar";
const daemon = spawn(program, [], {
  stdio: ["pipe", "pipe", "inherit"],
  windowsHide: true,
  detached: process.platform !== "win32", // a Ctrl-C is for this process to act on
});
daemon.stdin.on("error", () => undefined); // it has ended, which the end of its stdout tells
daemon.on("error", (error) => {
  console.error(`The daemon cannot be started: ${error.message}`);
  process.exit(3);
});

const pending = new Map(); // id -> what settles the request
let jobId = null;
let terminal = null;
let nPages = 0;
const listening = listen();

try {
  // The daemon then watches this process, and leaves with it however it ends.
  await request("initialize", { client: { name: "example" }, host_pid: process.pid });
  const document = { path: resolve(wanted.file) };
  const info = await request("document/info", { document });
  console.error(`${info.page_count} pages`);
  ({ job_id: jobId } = await request("ocr/start", { document, options: { engine: wanted.engine } }));
  process.on("SIGINT", cancel);
  console.error(`started ${jobId}`);
  await terminalCame();
  await request("shutdown");
} catch (error) {
  console.error(error.message);
  process.exitCode = error.isGone ? 3 : 1;
}
daemon.stdin.end();
await listening;

function send(message) {
  daemon.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

function request(method, params = {}) {
  const id = pending.size === 0 ? 1 : Math.max(...pending.keys()) + 1;
  return new Promise((resolve, reject) => {
    pending.set(id, { resolve, reject });
    send({ id, method, params });
  });
}

function cancel() {
  request("job/cancel", { job_id: jobId }).catch(() => undefined); // its terminal tells
}

async function listen() {
  for await (const line of lines(daemon.stdout)) await take(JSON.parse(line));
  const gone = Object.assign(new Error("The daemon has ended."), { isGone: true });
  for (const { reject } of pending.values()) reject(gone);
  if (terminal === null) daemon.emit("terminal", gone);
}

// LF ends a line and nothing else does; `readline` of newer versions also stops at U+2028.
async function* lines(stream) {
  let parts = [];
  for await (let chunk of stream) {
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10)) {
      yield Buffer.concat([...parts, chunk.subarray(0, end)]).toString("utf8");
      parts = [];
      chunk = chunk.subarray(end + 1);
    }
    parts.push(chunk);
  }
}

async function take({ id, method, params, result, error }) {
  if (method === undefined) {
    const request = pending.get(id);
    pending.delete(id);
    // A result that no line has room for is in a file.
    if (error) request?.reject(new Error(error.message));
    else request?.resolve(result.overflow ? JSON.parse(await readFile(result.overflow.path)) : result);
    return;
  }
  // Nor is there room for every notification.
  const told = params.path ? { ...params, ...JSON.parse(await readFile(params.path)) } : params;
  if (method === "job/progress") console.error(told.message);
  if (method === "job/page") {
    console.log(told.text ?? told.error?.message ?? "");
    nPages += 1;
    if (nPages === wanted.stopAfter) cancel();
  }
  if (method === "job/result" || method === "job/error") {
    terminal = told;
    daemon.emit("terminal", null);
  }
}

async function terminalCame() {
  if (terminal === null) {
    const [gone] = await once(daemon, "terminal");
    if (gone) throw gone;
  }
  console.error(terminal.state);
  if (terminal.error) console.error(terminal.error.message);
  process.exitCode = { succeeded: 0, partial: 0, cancelled: 130 }[terminal.state] ?? 1;
}

function readCommandLine() {
  const options = { engine: { type: "string" }, "stop-after": { type: "string" } };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (positionals.length !== 1) throw new Error("one FILE is needed");
    const stopAfter = Number(values["stop-after"] ?? Infinity);
    return { file: positionals[0], engine: values.engine ?? "auto", stopAfter };
  } catch (error) {
    console.error(`recognize.mjs [--engine NAME] [--stop-after PAGES] FILE: ${error.message}`);
    process.exit(2);
  }
}
