// Requests under way, and the answers to them.

import { OcrSidecarError, goneError } from "./errors.js";
import { type Response, isOverflow } from "./messages.js";
import { readResult } from "./notifications.js";
import type { DaemonProcess } from "./process.js";
import { ERRORS, type RequestMap } from "./protocol.js";

export type Method = keyof RequestMap;

export interface RequestOptions {
  /** Reject with kind `no_answer` afterwards. Default: wait as long as the daemon lives. */
  timeoutMs?: number;
  /** Ends what the request has begun, by `$/cancelRequest`, and rejects with kind `cancelled`. */
  signal?: AbortSignal;
}

/** Params may be left out where all of them may. */
export type RequestArguments<M extends Method> =
  Record<never, never> extends RequestMap[M]["params"]
    ? [params?: RequestMap[M]["params"], options?: RequestOptions]
    : [params: RequestMap[M]["params"], options?: RequestOptions];

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: OcrSidecarError) => void;
  onResult: ((result: unknown) => void) | undefined;
}

export class Requests {
  /** The longest line that the daemon takes, once it has told. */
  maxLineBytes = Infinity;
  readonly #process: DaemonProcess;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  constructor(process: DaemonProcess) {
    this.#process = process;
  }

  /** Ask; `onResult` is called as the answer is read, before what comes behind it in the pipe. */
  call<M extends Method>(
    method: M,
    params: unknown,
    options: RequestOptions,
    onResult?: (result: unknown) => void,
  ): Promise<RequestMap[M]["result"]> {
    const { timeoutMs, signal } = options;
    const id = this.#nextId++;
    const message = { jsonrpc: "2.0", id, method, ...(params === undefined ? {} : { params }) };
    return new Promise((resolve, reject) => {
      if (this.#process.exit !== null) return reject(goneError(this.#process.exit));
      if (signal?.aborted) return reject(abortedError(signal));
      const line = JSON.stringify(message);
      const maxBytes = this.maxLineBytes;
      // The daemon's answer to such a line has no id, so nobody would be told.
      if (Buffer.byteLength(line) >= maxBytes) return reject(tooLargeError(maxBytes));

      let isSent = false;
      let timer: NodeJS.Timeout | undefined;
      const onAbort = (): void => leave(abortedError(signal!));
      const clear = (): void => {
        this.#pending.delete(id);
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const leave = (error: OcrSidecarError): void => {
        clear();
        if (isSent) this.notify("$/cancelRequest", { id });
        reject(error);
      };
      this.#pending.set(id, {
        resolve: (result) => {
          clear();
          resolve(result as RequestMap[M]["result"]);
        },
        reject: (error) => {
          clear();
          reject(error);
        },
        onResult,
      });
      signal?.addEventListener("abort", onAbort);
      if (timeoutMs !== undefined) {
        const late = `No answer to ${method} within ${timeoutMs} ms`;
        timer = setTimeout(() => leave(OcrSidecarError.client("no_answer", late)), timeoutMs);
      }
      this.#process
        .write(line, () => (isSent = this.#pending.has(id)))
        .catch((error: OcrSidecarError) => this.#pending.get(id)?.reject(error));
      return undefined;
    });
  }

  /** Tell the daemon something that has no answer. */
  notify(method: Method, params: unknown): void {
    const line = JSON.stringify({ jsonrpc: "2.0", method, params });
    this.#process.write(line).catch(() => undefined); // nobody waits for it
  }

  /** Take a response; return whether somebody waits for it, or has done so. */
  answer(response: Response): boolean {
    const { id, error, result } = response;
    if (typeof id !== "number") return false;
    const pending = this.#pending.get(id);
    if (pending === undefined) return id < this.#nextId; // its request was left
    if (error !== undefined) {
      pending.reject(OcrSidecarError.of(error));
      return true;
    }
    pending.onResult?.(result);
    if (isOverflow(result)) {
      this.#pending.delete(id); // the daemon has done its part, and may end now
      readResult(result.overflow.path).then(pending.resolve, pending.reject);
    } else {
      pending.resolve(result);
    }
    return true;
  }

  /** Nobody will answer any more. */
  failAll(error: OcrSidecarError): void {
    for (const pending of [...this.#pending.values()]) pending.reject(error);
  }
}

function abortedError(signal: AbortSignal): OcrSidecarError {
  const { code, retryable } = ERRORS.cancelled;
  const message = "The request was aborted";
  return new OcrSidecarError(code, message, { kind: "cancelled", retryable }, { cause: signal.reason });
}

function tooLargeError(limit: number): OcrSidecarError {
  const { code, retryable } = ERRORS.message_too_large;
  const message = "The request is longer than the daemon takes: name documents by path";
  return new OcrSidecarError(code, message, { kind: "message_too_large", retryable, limit });
}
