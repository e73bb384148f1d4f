// A daemon that is started again when it dies.

import { type Exit, OcrSidecarError, goneError } from "./errors.js";
import type { RecognitionJob, RecognizeOptions, Source } from "./job.js";
import { type Handler, callHandler } from "./notifications.js";
import type { InitializeResult, RequestMap } from "./protocol.js";
import type { Method, RequestArguments } from "./requests.js";
import { type CloseOptions, type EventMap, OcrSidecar, type SpawnOptions } from "./sidecar.js";

export interface SupervisedOptions extends SpawnOptions {
  /** The pause before the first restart; it doubles with each that follows. Default: 250. */
  backoffMs?: number;
  /** The longest pause. Default: 30,000. */
  maxBackoffMs?: number;
  /** How many restarts in a row before giving up. Default: 5. */
  maxRestarts?: number;
  /** A daemon that has lived so long clears that count. Default: 60,000. */
  stableMs?: number;
}

/** What `SupervisedSidecar` tells besides what each of its daemons tells. */
export interface SupervisedEventMap extends EventMap {
  /** A daemon has died, or could not be started; its jobs and requests were rejected. */
  died: { exit: Exit | null; error: OcrSidecarError; restartInMs: number };
  /** Another is there: `seq` counts from 1 again, and no job of the last one is known. */
  restarted: { server: InitializeResult };
  /** None will come any more; `close()` is all that is left. */
  gaveUp: { error: OcrSidecarError };
}

interface Subscription {
  name: keyof SupervisedEventMap;
  handler: Handler<never>;
  /** Takes it from the daemon of now. */
  leave: (() => void) | null;
}

const WRONG_COMMAND_LINE = 2;

export class SupervisedSidecar {
  readonly #options: SupervisedOptions;
  readonly #subscriptions = new Set<Subscription>();
  #current: OcrSidecar;
  /** The daemon that answers, or will; rejected once there will be none. */
  #next: Promise<OcrSidecar>;
  #nRestarts = 0;
  #wake: (() => void) | null = null;
  #isClosing = false;

  private constructor(first: OcrSidecar, options: SupervisedOptions) {
    this.#options = options;
    this.#current = first;
    this.#next = Promise.resolve(first);
    this.#watch(first);
  }

  /** Start the first daemon. Rejects as `OcrSidecar.spawn`: what never ran is not restarted. */
  static async spawn(options: SupervisedOptions = {}): Promise<SupervisedSidecar> {
    return new SupervisedSidecar(await OcrSidecar.spawn(options), options);
  }

  /** The daemon of now; dead between a death and the restart. */
  get current(): OcrSidecar {
    return this.#current;
  }

  /**
   * Ask the daemon, or the next one, if none is there now. A request that is under way when its
   * daemon dies is rejected with `daemon_gone`: only its host knows whether to ask twice.
   */
  async request<M extends Method>(
    method: M,
    ...args: RequestArguments<M>
  ): Promise<RequestMap[M]["result"]> {
    return (await this.#next).request(method, ...args);
  }

  /** Start a job on the daemon, or on the next one; see `OcrSidecar.recognize`. */
  async recognize(
    source: Source | readonly Source[],
    options: RecognizeOptions = {},
  ): Promise<RecognitionJob> {
    return (await this.#next).recognize(source, options);
  }

  /** Have a handler called with each event of that name, whichever daemon it is of. */
  on<E extends keyof SupervisedEventMap>(
    name: E,
    handler: Handler<SupervisedEventMap[E]>,
  ): () => void {
    const subscription: Subscription = { name, handler: handler as Handler<never>, leave: null };
    this.#subscriptions.add(subscription);
    subscribe(this.#current, subscription);
    return () => {
      this.#subscriptions.delete(subscription);
      subscription.leave?.();
    };
  }

  /** End the daemon, if there is one, and start no other. */
  async close(options: CloseOptions = {}): Promise<Exit | null> {
    this.#isClosing = true;
    this.#wake?.();
    await this.#next.catch(() => undefined); // one that is being started is ended too
    return this.#current.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #watch(sidecar: OcrSidecar): void {
    const startedAt = performance.now();
    for (const each of this.#subscriptions) subscribe(sidecar, each);
    // Handlers of `exit` and those who were rejected hear of it before a successor is begun.
    void sidecar.ended.then((exit) => {
      if (this.#isClosing) return;
      if (performance.now() - startedAt >= (this.#options.stableMs ?? 60_000)) this.#nRestarts = 0;
      this.#next = this.#restart(exit, goneError(exit));
      this.#next.catch(() => undefined); // told by `gaveUp`, and to whoever asks
    });
  }

  async #restart(exit: Exit | null, error: OcrSidecarError): Promise<OcrSidecar> {
    const { backoffMs = 250, maxBackoffMs = 30_000, maxRestarts = 5 } = this.#options;
    for (;;) {
      // Trying again does not mend a command line, nor a command that is not there.
      const isUseless = error.kind === "spawn_failed" || exit?.code === WRONG_COMMAND_LINE;
      if (isUseless || this.#nRestarts >= maxRestarts) {
        this.#emit("gaveUp", { error });
        throw error;
      }
      const restartInMs = Math.min(backoffMs * 2 ** this.#nRestarts, maxBackoffMs);
      this.#nRestarts += 1;
      this.#emit("died", { exit, error, restartInMs });
      await this.#pause(restartInMs);
      if (this.#isClosing) throw OcrSidecarError.client("closed", "The client was closed");
      try {
        const sidecar = await OcrSidecar.spawn(this.#options);
        this.#current = sidecar;
        this.#watch(sidecar);
        this.#emit("restarted", { server: sidecar.server });
        return sidecar;
      } catch (cause) {
        if (!(cause instanceof OcrSidecarError)) throw cause;
        error = cause;
        exit = cause.exit;
      }
    }
  }

  #emit<E extends keyof SupervisedEventMap>(name: E, told: SupervisedEventMap[E]): void {
    for (const each of [...this.#subscriptions]) {
      if (each.name === name) callHandler(each.handler as Handler<SupervisedEventMap[E]>, told);
    }
  }

  /** Wait, unless `close()` comes first. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#isClosing) this.#wake();
    });
    this.#wake = null;
  }
}

/** Names that are the supervisor's own are never told by a daemon, and do no harm there. */
function subscribe(sidecar: OcrSidecar, subscription: Subscription): void {
  const handler = subscription.handler as Handler<unknown>;
  subscription.leave = sidecar.on(subscription.name as keyof EventMap, handler);
}
