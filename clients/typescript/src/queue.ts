// What waits for somebody who iterates.

import type { Notification } from "./protocol.js";

/** Items in order, for one consumer; the end comes behind them. */
export interface Store<T> {
  push(item: T): void;
  shift(): T | undefined;
}

/** An async iterator over what is pushed into it. */
export class AsyncQueue<T> implements AsyncIterableIterator<T> {
  readonly #store: Store<T>;
  readonly #onReturn: () => void;
  #waiting: { resolve: (r: IteratorResult<T, undefined>) => void; reject: (e: unknown) => void }[] =
    [];
  #end: { error: unknown } | null = null;

  constructor(store: Store<T>, onReturn: () => void = () => undefined) {
    this.#store = store;
    this.#onReturn = onReturn;
  }

  push(item: T): void {
    if (this.#end !== null) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#store.push(item);
    else waiting.resolve({ value: item, done: false });
  }

  /** Nothing more comes; with an error, the consumer is told it once it has taken the rest. */
  end(error?: unknown): void {
    if (this.#end !== null) return;
    this.#end = { error };
    for (const waiting of this.#waiting.splice(0)) this.#settle(waiting);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const item = this.#store.shift();
    if (item !== undefined) return Promise.resolve({ value: item, done: false });
    return new Promise((resolve, reject) => {
      if (this.#end === null) this.#waiting.push({ resolve, reject });
      else this.#settle({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#onReturn();
    this.end();
    while (this.#store.shift() !== undefined);
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(waiting: {
    resolve: (r: IteratorResult<T, undefined>) => void;
    reject: (e: unknown) => void;
  }): void {
    const error = this.#end?.error;
    // Told once: who goes on afterwards finds the end.
    this.#end = { error: undefined };
    if (error === undefined) waiting.resolve({ value: undefined, done: true });
    else waiting.reject(error);
  }
}

/** Items as they came. */
export class Fifo<T> implements Store<T> {
  #items: T[] = [];
  #nTaken = 0;

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#nTaken];
    if (item === undefined) return undefined;
    this.#nTaken += 1;
    // Array.shift moves every item that is left; so does this, but half as many times at each turn.
    if (this.#nTaken > 64 && this.#nTaken * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#nTaken);
      this.#nTaken = 0;
    }
    return item;
  }
}

const MAX_LOG_MESSAGES = 100;

/**
 * Notifications as they came, but for a slow consumer the newest progress of a job and the newest
 * state of a slot take the place of older ones, and of the log the newest messages stay, as the
 * daemon does it. Pages, terminal notifications and deaths of workers are never dropped.
 */
export class Conflated implements Store<Notification> {
  readonly #items = new Map<string | symbol, Notification>();
  readonly #logKeys: symbol[] = [];

  push(item: Notification): void {
    const key = conflationKey(item) ?? Symbol();
    if (item.method === "log/message" && typeof key === "symbol") {
      this.#logKeys.push(key);
      if (this.#logKeys.length > MAX_LOG_MESSAGES) this.#items.delete(this.#logKeys.shift()!);
    }
    this.#items.delete(key); // so that it comes last, as its seq does
    this.#items.set(key, item);
  }

  shift(): Notification | undefined {
    for (const [key, item] of this.#items) {
      this.#items.delete(key);
      if (key === this.#logKeys[0]) this.#logKeys.shift();
      return item;
    }
    return undefined;
  }
}

function conflationKey(item: Notification): string | null {
  if (item.method === "job/progress") return `job ${item.params.job_id}`;
  if (item.method !== "worker/state") return null;
  const { slot, exit_code, signal } = item.params;
  return exit_code === undefined && signal === undefined ? `slot ${slot}` : null;
}
