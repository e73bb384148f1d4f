// What the tests share: a real daemon with the null engine, a fake one, and who is alive.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type EventMap,
  OcrSidecar,
  type SpawnOptions,
  type SupervisedEventMap,
  type SupervisedSidecar,
} from "../src/index.js";

const CLIENT = fileURLToPath(new URL("../../", import.meta.url)); // from build-test/test
export const SAMPLE = join(CLIENT, "..", "..", "samples", "scan.pdf");
export const SLOW = { OCR_SIDECAR_NULL_ENGINE: '{"seconds":60}' };
export const WAIT_MS = 20_000;

/** The daemon's command line: `OCR_SIDECAR_COMMAND`, a JSON list or words. */
export function command(): string[] {
  const given = process.env["OCR_SIDECAR_COMMAND"] ?? "python3 -m daemon";
  return given.startsWith("[") ? (JSON.parse(given) as string[]) : given.split(" ");
}

/** How to start a real daemon whose folders are the test's own. */
export function realDaemon(t: TestContext, env: Record<string, string> = {}): SpawnOptions {
  const [program, ...args] = command();
  const folder = temporaryFolder(t);
  return {
    command: program!,
    args: [...args, "--workers", "1"],
    env: {
      OCR_SIDECAR_LOG_DIR: join(folder, "log"),
      OCR_SIDECAR_SCRATCH_DIR: join(folder, "scratch"),
      OCR_SIDECAR_NULL_ENGINE: '{"text":"hello"}',
      ...env,
    },
  };
}

/** How to start a program of this folder in place of a daemon. */
export function fakeDaemon(...args: string[]): SpawnOptions {
  return { command: process.execPath, args: [join(CLIENT, "test", "fake_daemon.mjs"), ...args] };
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ocr-sidecar-client-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }));
  return folder;
}

/** Start a daemon that is closed after the test, which must then have left no process. */
export async function spawned(t: TestContext, options: SpawnOptions): Promise<OcrSidecar> {
  const sidecar = await OcrSidecar.spawn(options);
  const family = (): number[] => [sidecar.pid, ...descendants(sidecar.pid)];
  t.after(async () => {
    const all = family();
    await sidecar.close();
    await gone(all);
  });
  return sidecar;
}

/** Every process below that one; none where there is no /proc to tell. */
export function descendants(pid: number): number[] {
  if (process.platform !== "linux") return [];
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? statOf(Number(name))?.parent : undefined;
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const found: number[] = [];
  for (let below = [pid]; below.length > 0; found.push(...below)) {
    below = [...parents].filter(([, parent]) => below.includes(parent)).map(([child]) => child);
  }
  return found;
}

/** Wait until none of the processes runs; one that nobody has reaped yet does not. */
export async function gone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  for (const pid of pids) {
    while (isAlive(pid)) {
      if (performance.now() > deadline) throw new Error(`process ${pid} is still there`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Reject when it takes too long, so that a test that waits for nothing says so. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come`)), WAIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The next event of that name. */
export function once<E extends keyof EventMap>(of: OcrSidecar, name: E): Promise<EventMap[E]>;
export function once<E extends keyof SupervisedEventMap>(
  of: SupervisedSidecar,
  name: E,
): Promise<SupervisedEventMap[E]>;
export function once(of: OcrSidecar | SupervisedSidecar, name: keyof EventMap): Promise<unknown> {
  const told = new Promise<unknown>((resolve) => {
    const leave = (of as OcrSidecar).on(name, (each) => {
      leave();
      resolve(each);
    });
  });
  return within(told, name);
}

function isAlive(pid: number): boolean {
  if (process.platform === "linux") return !["Z", "X", undefined].includes(statOf(pid)?.state);
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: state!, parent: Number(parent) };
  } catch {
    return undefined; // it has just ended
  }
}
