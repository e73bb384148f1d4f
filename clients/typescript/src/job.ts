// A job as its host follows it: pages, progress, and how it ended.

import { resolve as absolute } from "node:path";
import { OcrSidecarError } from "./errors.js";
import { callHandler } from "./notifications.js";
import type {
  DocumentParams,
  JobStateResult,
  Notification,
  NotificationMap,
  OcrOptions,
  OutputKind,
  PageParams,
  Priority,
  ProgressParams,
  TerminalParams,
} from "./protocol.js";
import { AsyncQueue, Fifo } from "./queue.js";

/** A document: a path, relative ones to the working directory, or what protocol.md allows. */
export type Source = string | DocumentParams;

export interface RecognizeOptions {
  /** Where outputs are written; without it pages come as notifications only. */
  outputDir?: string;
  outputs?: OutputKind[];
  /** As protocol.md has them. */
  options?: OcrOptions;
  /** Cancels the job, whether it has been accepted yet or not. */
  signal?: AbortSignal;
  /** For the job to be accepted, not for it to end: that is `options.job_timeout_s`. */
  timeoutMs?: number;
}

/** What a job asks of its daemon. */
export interface JobHost {
  request(
    method: "job/cancel" | "job/prioritize",
    params: { job_id: string; priority?: Priority; document?: number; pages?: string },
  ): Promise<JobStateResult>;
}

export class RecognitionJob implements AsyncIterable<PageParams> {
  readonly jobId: string;
  /**
   * The last word, whatever it is: `succeeded`, `partial`, `failed` or `cancelled`. Rejects only
   * when the daemon ends before, with kind `daemon_gone`.
   */
  readonly terminal: Promise<TerminalParams>;
  readonly #host: JobHost;
  readonly #pages = new AsyncQueue<PageParams>(new Fifo());
  readonly #seen = new Set<number>();
  readonly #progressHandlers = new Set<(progress: ProgressParams) => void>();
  #progress: ProgressParams | null = null;
  #isOver = false;
  #resolve!: (terminal: TerminalParams) => void;
  #reject!: (error: unknown) => void;

  constructor(jobId: string, host: JobHost) {
    this.jobId = jobId;
    this.#host = host;
    this.terminal = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who only iterates learns of a daemon's end there.
    this.terminal.catch(() => undefined);
  }

  /** The newest progress; null before the first. */
  get progress(): ProgressParams | null {
    return this.#progress;
  }

  /** Whether the job has ended, or its daemon. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Pages in the order in which they end, each handed out once; those that failed too. They wait
   * until somebody iterates. Ends with the job, and throws when the daemon ends before.
   */
  [Symbol.asyncIterator](): AsyncIterator<PageParams, undefined> {
    // Leaving the loop leaves the pages: another loop goes on where this one stopped.
    return { next: () => this.#pages.next() };
  }

  /** Have the handler called with each progress; return what takes it away again. */
  onProgress(handler: (progress: ProgressParams) => void): () => void {
    this.#progressHandlers.add(handler);
    return () => this.#progressHandlers.delete(handler);
  }

  /** The terminal, if something was read; else throw why not, kind `cancelled` included. */
  async result(): Promise<TerminalParams> {
    const terminal = await this.terminal;
    if (terminal.error !== undefined) throw OcrSidecarError.of(terminal.error);
    return terminal;
  }

  /** Cancel the job; settle with how it ended. Changes nothing about one that is over. */
  async cancel(): Promise<TerminalParams> {
    if (!this.#isOver) await this.#host.request("job/cancel", { job_id: this.jobId });
    return this.terminal;
  }

  /** Have it, or some of its pages, read before others. */
  async prioritize(
    wish: { priority?: Priority; document?: number; pages?: string },
  ): Promise<JobStateResult> {
    return this.#host.request("job/prioritize", { job_id: this.jobId, ...wish });
  }

  /** Take a notification of this job. For the client; true when it was the last. */
  take(notification: Notification): boolean {
    const { seq } = notification.params;
    if (this.#isOver || this.#seen.has(seq)) return false; // sent again
    switch (notification.method) {
      case "job/page":
        this.#seen.add(seq);
        this.#pages.push(notification.params);
        return false;
      case "job/progress":
        this.#progress = notification.params;
        for (const handler of [...this.#progressHandlers]) {
          callHandler(handler, notification.params);
        }
        return false;
      case "job/result":
      case "job/error":
        this.#isOver = true;
        this.#pages.end();
        this.#resolve(notification.params);
        return true;
      default:
        return false;
    }
  }

  /** The daemon has ended. For the client. */
  fail(error: OcrSidecarError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pages.end(error);
    this.#reject(error);
  }
}

/** The id of the job that a notification is about; null of those that are about none. */
export function jobOf(notification: Notification): string | null {
  const { job_id } = notification.params as Partial<NotificationMap["job/page"]>;
  return job_id ?? null;
}

/** A document as the wire has it. */
export function documentOf(source: Source): DocumentParams {
  const document = typeof source === "string" ? { path: source } : source;
  if (typeof document.path !== "string") return document;
  return { ...document, path: absolute(document.path) };
}
