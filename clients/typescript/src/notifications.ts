// From the lines of notifications to those who listen: numbers watched, long ones read from their
// files, the order of a job kept.

import { readFile } from "node:fs/promises";
import { OcrSidecarError } from "./errors.js";
import type { Notification, NotificationMap, ReplayResult } from "./protocol.js";
import { AsyncQueue, Conflated } from "./queue.js";

export type NotificationName = keyof NotificationMap;
export type Handler<T> = (told: T) => void;

/** Lines that did not come: those with a `seq` between `after` and `before`. */
export interface Gap {
  after: number;
  before: number;
  /** Have sent once more what the daemon still keeps; it comes as any notification does. */
  replay(): Promise<ReplayResult>;
}

/** One notification as it stands in its line. */
export interface RawNotification {
  method: string;
  params: Record<string, unknown>;
}

export class Notifications {
  readonly #handlers = new Map<string, Set<Handler<never>>>();
  readonly #queues = new Set<{ queue: AsyncQueue<Notification>; methods: readonly string[] }>();
  /** By job, what has still to be told of it, because it is being read from a file. */
  readonly #underWay = new Map<unknown, Promise<void>>();
  readonly #onGap: (after: number, before: number) => void;
  readonly #first: (notification: Notification) => void;
  #lastSeq = 0;
  #isOver = false;

  /** `onGap` is told of missing numbers, `first` each notification before all who listen. */
  constructor(
    onGap: (after: number, before: number) => void,
    first: (notification: Notification) => void,
  ) {
    this.#onGap = onGap;
    this.#first = first;
  }

  /** The `seq` of the newest notification that has come. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Have the handler called with each; return what takes it away again. */
  on<T>(name: string, handler: Handler<T>): () => void {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler as Handler<never>));
    return () => handlers.delete(handler as Handler<never>);
  }

  /** Call the handlers of that name. */
  emit(name: string, told: unknown): void {
    for (const handler of [...(this.#handlers.get(name) ?? [])]) {
      callHandler(handler as Handler<unknown>, told);
    }
  }

  /** Iterate over those of the methods, or over all; see `Conflated` for a slow consumer. */
  iterate(methods: readonly string[]): AsyncQueue<Notification> {
    const queue = new AsyncQueue<Notification>(new Conflated(), () => this.#queues.delete(entry));
    const entry = { queue, methods };
    if (this.#isOver) queue.end();
    else this.#queues.add(entry);
    return queue;
  }

  /** Take a line's notification. */
  take(raw: RawNotification): void {
    this.#watchSeq(raw.params);
    const job = raw.params["job_id"];
    const path = job === undefined ? undefined : raw.params["path"];
    const before = this.#underWay.get(job);
    if (before === undefined && typeof path !== "string") {
      this.#tell(raw);
      return;
    }
    // The file is opened now, since it goes with its job, and told when its turn comes.
    const whole = typeof path === "string" ? readWhole(raw, path) : Promise.resolve(raw);
    const told = Promise.all([whole, before]).then(([notification]) => this.#tell(notification));
    this.#underWay.set(job, told);
    void told.then(() => {
      if (this.#underWay.get(job) === told) this.#underWay.delete(job);
    });
  }

  /** Settle when all that has come has been told. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** Nothing more comes. */
  end(): void {
    this.#isOver = true;
    for (const { queue } of this.#queues) queue.end();
    this.#queues.clear();
  }

  #watchSeq(params: Record<string, unknown>): void {
    const seq = params["seq"];
    if (typeof seq !== "number" || params["replayed"] === true) return;
    const after = this.#lastSeq;
    this.#lastSeq = seq;
    if (seq > after + 1) this.#onGap(after, seq);
  }

  #tell(raw: RawNotification): void {
    // Its members are the daemon's word; a method that is not of this version reaches its handlers.
    const notification = raw as unknown as Notification;
    this.#first(notification);
    this.emit(raw.method, raw.params);
    for (const { queue, methods } of this.#queues) {
      if (methods.length === 0 || methods.includes(raw.method)) queue.push(notification);
    }
  }
}

/** Call a handler; what it throws is an uncaught exception of the host, and nobody else's matter. */
export function callHandler<T>(handler: Handler<T>, told: T): void {
  try {
    handler(told);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** The notification with the params that its file holds; as it is, where the file is gone. */
async function readWhole(raw: RawNotification, path: string): Promise<RawNotification> {
  let whole: unknown;
  try {
    whole = JSON.parse(await readFile(path, "utf8"));
  } catch {
    return raw; // its `path` says that something is missing, and `job/result` has it
  }
  const { path: _, text: __, ...told } = raw.params;
  const { seq, replayed } = told;
  const numbers = replayed === undefined ? { seq } : { seq, replayed };
  return { method: raw.method, params: { ...told, ...(whole as object), ...numbers } };
}

/** The result that lies in that file. */
export async function readResult(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    const message = "The file of a long result cannot be read.";
    throw OcrSidecarError.client("overflow_unreadable", message, { cause });
  }
}
