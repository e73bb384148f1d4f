// A daemon of one's own: requests and their answers, notifications, jobs, and an orderly end.

import { resolve as absolute } from "node:path";
import { type Exit, OcrSidecarError, goneError } from "./errors.js";
import { RecognitionJob, type RecognizeOptions, type Source, documentOf, jobOf } from "./job.js";
import { type Response, isNotification, isResponse } from "./messages.js";
import {
  type Gap,
  type Handler,
  type NotificationName,
  Notifications,
} from "./notifications.js";
import { DaemonProcess, type ProcessOptions, isOver } from "./process.js";
import {
  type Capabilities,
  type ClientInfo,
  type InitializeResult,
  type JobAccepted,
  type Notification,
  type NotificationMap,
  PROTOCOL_VERSION,
  type ReplayResult,
  type RequestMap,
  type ShutdownMode,
} from "./protocol.js";
import { type Method, type RequestArguments, type RequestOptions, Requests } from "./requests.js";

export interface SpawnOptions extends ProcessOptions {
  /** Who the host is, for the daemon's log. */
  client?: ClientInfo;
  /** As protocol.md has them. */
  capabilities?: Capabilities;
  /** For the answer to `initialize`. Default: 30,000. */
  handshakeTimeoutMs?: number;
  /** Between the end of stdin and SIGTERM. Default: 5,000. */
  graceMs?: number;
  /** Between SIGTERM and SIGKILL. Default: 2,000. */
  terminateMs?: number;
}

export interface CloseOptions {
  /** `now`, the default, cancels running jobs, `drain` finishes them first. */
  mode?: ShutdownMode;
  /** With `drain`, how long that may take. Default: 600,000. */
  drainTimeoutMs?: number;
}

/** What may be listened to: notifications by their method, and what the client itself tells. */
export interface EventMap extends NotificationMap {
  /** Notifications are missing. */
  gap: Gap;
  /** A line of stdout that is no message, or an error that belongs to no request. */
  violation: OcrSidecarError;
  /** The daemon has ended, by `close()` or by itself. */
  exit: Exit;
}

const SHUTDOWN_ANSWER_MS = 1000;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

export class OcrSidecar {
  readonly #process: DaemonProcess;
  readonly #options: SpawnOptions;
  readonly #requests: Requests;
  readonly #jobs = new Map<string, RecognitionJob>();
  readonly #notifications: Notifications;
  #server: InitializeResult | null = null;
  #closing: Promise<Exit> | null = null;
  /** Settles once: the daemon has ended and all that it told has been told. */
  readonly ended: Promise<Exit>;

  private constructor(daemon: DaemonProcess, options: SpawnOptions) {
    this.#process = daemon;
    this.#requests = new Requests(daemon);
    this.#options = options;
    this.#notifications = new Notifications(
      (after, before) => {
        const gap: Gap = { after, before, replay: () => this.replay(after) };
        this.#notifications.emit("gap", gap);
      },
      (notification) => this.#tellJob(notification),
    );
    this.ended = daemon.ended.then((exit) => this.#end(exit));
  }

  /** Start a daemon and greet it. Reject with kind `spawn_failed`, `daemon_gone`, `no_answer`. */
  static async spawn(options: SpawnOptions = {}): Promise<OcrSidecar> {
    let sidecar: OcrSidecar | null = null;
    // Nothing comes before the first request, so nothing is lost until there is somebody to take it.
    const daemon = await DaemonProcess.spawn(
      options,
      (line) => sidecar && sidecar.#take(line),
      () => sidecar && sidecar.#endless(),
    );
    sidecar = new OcrSidecar(daemon, options);
    try {
      await sidecar.#greet();
      return sidecar;
    } catch (error) {
      await sidecar.#stop();
      throw error;
    }
  }

  /** The daemon's answer to `initialize`: version, limits, methods, engines. */
  get server(): InitializeResult {
    if (this.#server === null) throw OcrSidecarError.client("closed", "The daemon is not there yet");
    return this.#server;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The last 4 KiB of the daemon's stderr, for people. */
  get stderrTail(): string {
    return this.#process.stderrTail;
  }

  /** How the daemon has ended; null while it runs. */
  get exit(): Exit | null {
    return this.#process.exit;
  }

  /** The `seq` of the newest notification, for `replay`. */
  get lastSeq(): number {
    return this.#notifications.lastSeq;
  }

  /** Ask the daemon; reject with an `OcrSidecarError`. */
  request<M extends Method>(
    method: M,
    ...[params, options]: RequestArguments<M>
  ): Promise<RequestMap[M]["result"]> {
    if (this.#closing !== null) return Promise.reject(closedError());
    return this.#requests.call(method, params, options ?? {});
  }

  /** Have a handler called with each event of that name; return what takes it away again. */
  on<E extends keyof EventMap>(name: E, handler: Handler<EventMap[E]>): () => void {
    return this.#notifications.on(name, handler);
  }

  /**
   * Iterate over notifications, of some methods or of all, from now to the daemon's end. For a
   * consumer that is slow, progress and states are conflated as the daemon does it.
   */
  notifications<N extends NotificationName>(
    ...methods: N[]
  ): AsyncIterableIterator<Extract<Notification, { method: N }>> {
    const queue = this.#notifications.iterate(methods);
    return queue as AsyncIterableIterator<Extract<Notification, { method: N }>>;
  }

  /** Have sent once more what came after that `seq`, 0 for all that is kept. */
  replay(since: number): Promise<ReplayResult> {
    return this.request("events/replay", { since });
  }

  /**
   * Start a job, of one document or of several, and follow it. Reject where the job is refused; a
   * list never is because a file is missing, which its terminal tells.
   */
  async recognize(
    source: Source | readonly Source[],
    options: RecognizeOptions = {},
  ): Promise<RecognitionJob> {
    if (this.#closing !== null) throw closedError();
    const { outputDir, outputs, options: wanted, signal, timeoutMs } = options;
    const common = {
      ...(outputDir === undefined ? {} : { output_dir: absolute(outputDir) }),
      ...(outputs === undefined ? {} : { outputs }),
      ...(wanted === undefined ? {} : { options: wanted }),
    };
    const asked: RequestOptions = {
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
    let job: RecognitionJob | undefined;
    // At once, because the job's notifications may stand in the same chunk of the pipe.
    const follow = (accepted: unknown): void => {
      job = new RecognitionJob((accepted as JobAccepted).job_id, this);
      this.#jobs.set(job.jobId, job);
    };
    if (isList(source)) {
      const params = { documents: source.map(documentOf), ...common };
      await this.#requests.call("ocr/start_batch", params, asked, follow);
    } else {
      await this.#requests.call("ocr/start", { document: documentOf(source), ...common }, asked, follow);
    }
    const started = job!;
    if (signal !== undefined) {
      const cancel = (): void => void started.cancel().catch(() => undefined);
      if (signal.aborted) cancel();
      signal.addEventListener("abort", cancel);
      const over = (): void => signal.removeEventListener("abort", cancel);
      void started.terminal.then(over, over);
    }
    return started;
  }

  /**
   * End the daemon and all that belongs to it: `shutdown`, the end of stdin, SIGTERM, SIGKILL, each
   * only where the one before was of no use. May be called again, and after the daemon's end.
   */
  close(options: CloseOptions = {}): Promise<Exit> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close({ mode = "now", drainTimeoutMs = 600_000 }: CloseOptions): Promise<Exit> {
    if (this.exit === null) {
      await this.#notifications.settled(); // the files of long lines go with the daemon
      const params = { mode, timeout_s: drainTimeoutMs / 1000 };
      const asked = this.#requests.call("shutdown", params, { timeoutMs: SHUTDOWN_ANSWER_MS });
      await asked.catch(() => undefined);
      if (mode === "drain") await isOver(this.#process.ended, drainTimeoutMs);
    }
    return this.#stop();
  }

  async #stop(): Promise<Exit> {
    const { graceMs = 5000, terminateMs = 2000 } = this.#options;
    await this.#process.stop({ graceMs, terminateMs });
    return this.ended;
  }

  async #greet(): Promise<void> {
    const { client, capabilities, handshakeTimeoutMs: timeoutMs = 30_000 } = this.#options;
    const params = {
      protocol_version: PROTOCOL_VERSION,
      // This process, not whoever started the daemon for it: a launcher, a shell.
      host_pid: process.pid,
      ...(client === undefined ? {} : { client }),
      ...(capabilities === undefined ? {} : { capabilities }),
    };
    this.#server = await this.#requests.call("initialize", params, { timeoutMs });
    this.#requests.maxLineBytes = this.#server.limits.max_line_bytes;
  }

  #take(line: Buffer): void {
    let message: unknown;
    try {
      message = JSON.parse(UTF8.decode(line));
    } catch (cause) {
      this.#violation("A line of the daemon is not JSON in UTF-8", cause);
      return;
    }
    if (isNotification(message)) this.#notifications.take(message);
    else if (isResponse(message)) this.#answered(message);
    else this.#violation("A line of the daemon is no message", message);
  }

  #answered(response: Response): void {
    // Of nothing that was asked; without an id, about a line that the daemon could not read.
    if (this.#requests.answer(response)) return;
    this.#violation(response.error?.message ?? "An answer belongs to no request", response);
  }

  #tellJob(notification: Notification): void {
    const jobId = jobOf(notification);
    if (jobId !== null && this.#jobs.get(jobId)?.take(notification)) this.#jobs.delete(jobId);
  }

  #endless(): void {
    this.#violation("A line of the daemon has no end");
    void this.#stop();
  }

  #violation(message: string, cause?: unknown): void {
    this.#notifications.emit(
      "violation",
      OcrSidecarError.client("protocol_violation", message, { cause }),
    );
  }

  async #end(exit: Exit): Promise<Exit> {
    await this.#notifications.settled();
    const error = goneError(exit);
    this.#requests.failAll(error);
    for (const job of this.#jobs.values()) job.fail(error);
    this.#jobs.clear();
    this.#notifications.end();
    this.#notifications.emit("exit", exit);
    return exit;
  }
}

function isList(source: Source | readonly Source[]): source is readonly Source[] {
  return Array.isArray(source);
}

function closedError(): OcrSidecarError {
  return OcrSidecarError.client("closed", "The client was closed");
}
