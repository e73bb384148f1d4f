// The daemon as a child process: its three pipes and its end.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { type Exit, OcrSidecarError, goneError } from "./errors.js";
import { LineSplitter } from "./lines.js";

/** How the daemon is started. */
export interface ProcessOptions {
  /** The program; found on the PATH where it is no path. Default: `ocr-sidecar`. */
  command?: string;
  args?: readonly string[];
  /** Variables to add to this process's own; undefined takes one away. */
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
}

/** The patience of `stop`: after the end of stdin, and after SIGTERM. */
export interface StopOptions {
  graceMs: number;
  terminateMs: number;
}

interface Waiting {
  line: string;
  isWanted: () => boolean;
  resolve: () => void;
  reject: (error: OcrSidecarError) => void;
}

const MAX_LINE_BYTES = 256 * 1024 * 1024; // so that a line without end cannot fill the memory
const STDERR_TAIL_BYTES = 4096;
const PIPE_END_MS = 1000; // between the exit and the end of the pipes, unless others hold them

export class DaemonProcess {
  /** Settles once: the process is gone and all that it wrote has been taken. */
  readonly ended: Promise<Exit>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines = new LineSplitter(MAX_LINE_BYTES);
  readonly #onLine: (line: Buffer) => void;
  readonly #onEndless: () => void;
  readonly #queue: Waiting[] = [];
  #isBlocked = false;
  #isInputOver = false;
  #exit: Exit | null = null;
  #stderrTail = Buffer.alloc(0);
  #nBytesRead = 0;

  private constructor(
    child: ChildProcessWithoutNullStreams,
    onLine: (line: Buffer) => void,
    onEndless: () => void,
  ) {
    this.#child = child;
    this.#onLine = onLine;
    this.#onEndless = onEndless;
    child.stdout.on("data", (chunk: Buffer) => this.#take(chunk));
    // Nobody has to read stderr, but a full pipe would hold a daemon that writes to it.
    child.stderr.on("data", (chunk: Buffer) => {
      const tail = Buffer.concat([this.#stderrTail, chunk]);
      this.#stderrTail = Buffer.from(tail.subarray(-STDERR_TAIL_BYTES));
    });
    // A broken pipe is the end of the daemon, which is told by its exit.
    for (const pipe of child.stdio) pipe?.on("error", () => undefined);
    child.stdin.on("drain", () => {
      this.#isBlocked = false;
      this.#flush();
    });
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        void this.#pipesOver().then(() => {
          this.#exit = { code, signal, stderrTail: this.stderrTail };
          this.#isInputOver = true;
          for (const each of this.#queue.splice(0)) each.reject(goneError(this.#exit));
          resolve(this.#exit);
        });
      });
    });
  }

  /**
   * Start a daemon; `onLine` is told each line of stdout, `onEndless` of a line without end, after
   * which nothing more is told. Reject with kind `spawn_failed`.
   */
  static spawn(
    options: ProcessOptions,
    onLine: (line: Buffer) => void,
    onEndless: () => void,
  ): Promise<DaemonProcess> {
    const command = options.command ?? "ocr-sidecar";
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown): void => {
        const why = cause instanceof Error ? cause.message : String(cause);
        const message = `The daemon cannot be started: ${why}`;
        reject(OcrSidecarError.client("spawn_failed", message, { cause }));
      };
      try {
        const child = spawn(command, options.args ?? [], {
          stdio: ["pipe", "pipe", "pipe"],
          env: { ...process.env, ...options.env },
          ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
          windowsHide: true,
          // A Ctrl-C at the terminal is the host's to act on; on Windows the hidden console sees to
          // that, and `detached` would open another.
          detached: process.platform !== "win32",
        });
        child.on("error", failed); // after the start, of a signal that cannot be sent
        const daemon = new DaemonProcess(child, onLine, onEndless);
        child.once("spawn", () => resolve(daemon));
      } catch (cause) {
        failed(cause); // a NUL in the command, say
      }
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stderrTail(): string {
    return this.#stderrTail.toString("utf8");
  }

  /** How it has ended; null while it runs. */
  get exit(): Exit | null {
    return this.#exit;
  }

  /**
   * Write a line and its LF, behind those before; settle when the pipe has taken it. A line that is
   * not wanted any more when its turn comes is left out.
   */
  write(line: string, isWanted: () => boolean = () => true): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#exit !== null) reject(goneError(this.#exit));
      else if (this.#isInputOver) reject(OcrSidecarError.client("closed", "stdin has been closed"));
      else this.#queue.push({ line, isWanted, resolve, reject });
      this.#flush();
    });
  }

  /** End stdin and wait, then SIGTERM, then SIGKILL; settle with the end. */
  async stop({ graceMs, terminateMs }: StopOptions): Promise<Exit> {
    this.#isInputOver = true;
    this.#child.stdin.end();
    const stopped = OcrSidecarError.client("closed", "stdin has been closed");
    for (const each of this.#queue.splice(0)) each.reject(stopped);
    if (await isOver(this.ended, graceMs)) return this.ended;
    this.#child.kill("SIGTERM");
    if (!(await isOver(this.ended, terminateMs))) this.#child.kill("SIGKILL");
    return this.ended;
  }

  #flush(): void {
    while (!this.#isBlocked && !this.#isInputOver) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (next.isWanted()) this.#isBlocked = !this.#child.stdin.write(`${next.line}\n`);
      next.resolve();
    }
  }

  #take(chunk: Buffer): void {
    this.#nBytesRead += chunk.length;
    let lines: Buffer[];
    try {
      lines = this.#lines.push(chunk);
    } catch {
      this.#child.stdout.destroy();
      this.#onEndless();
      return;
    }
    for (const line of lines) this.#onLine(line);
  }

  /** Wait until stdout and stderr have ended, or somebody else seems to hold them. */
  async #pipesOver(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    for (;;) {
      const before = this.#nBytesRead;
      if (await isOver(closed, PIPE_END_MS)) return;
      // After a busy second of this process the clock comes before the pipe: let it be read first.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#nBytesRead === before) break;
    }
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }
}

/** Whether the promise is fulfilled within the time. */
export async function isOver(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
