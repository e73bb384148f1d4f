// The one error of this client, whether the daemon answered it or the client met it.

import type { ErrorData, ErrorKindName, ErrorObject } from "./protocol.js";

/** What only the client can meet; the daemon's kinds are in protocol.md. */
export type ClientErrorKind =
  /** The command cannot be started: check its path. */
  | "spawn_failed"
  /** The daemon has ended while an answer or a job was awaited; `exit` says how. */
  | "daemon_gone"
  /** The answer did not come within `timeoutMs`; the daemon was told to leave it. */
  | "no_answer"
  /** The client was closed before. */
  | "closed"
  /** What came is no message of the protocol. */
  | "protocol_violation"
  /** The file of a long result is not there any more: ask again. */
  | "overflow_unreadable";

export type SidecarErrorKind = ErrorKindName | ClientErrorKind;

/** How a daemon has ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last of what it wrote to stderr: for people, not to be parsed. */
  stderrTail: string;
}

/** The members of the daemon's `error.data`; `kind` may also be one of the client's own. */
export type SidecarErrorData = Omit<ErrorData, "kind"> & { kind: SidecarErrorKind };

const RETRYABLE: readonly ClientErrorKind[] = ["daemon_gone", "no_answer", "overflow_unreadable"];

/**
 * A request that was refused, or could not be answered. Switch on `kind`; where it is unknown,
 * `retryable` says whether the same request may succeed later.
 */
export class OcrSidecarError extends Error {
  override readonly name = "OcrSidecarError";
  /** The daemon's code, as protocol.md lists them; 0 for the client's own kinds. */
  readonly code: number;
  readonly kind: SidecarErrorKind;
  readonly retryable: boolean;
  readonly data: SidecarErrorData;
  /** How the daemon has ended, where that is what went wrong. */
  readonly exit: Exit | null;

  constructor(
    code: number,
    message: string,
    data: SidecarErrorData,
    more: { exit?: Exit; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.kind = data.kind;
    this.retryable = data.retryable;
    this.data = data;
    this.exit = more.exit ?? null;
  }

  /** An error as the daemon tells it. */
  static of(error: ErrorObject): OcrSidecarError {
    return new OcrSidecarError(error.code, error.message, error.data);
  }

  /** An error of the client's own. */
  static client(
    kind: ClientErrorKind,
    message: string,
    more: { exit?: Exit; cause?: unknown } = {},
  ): OcrSidecarError {
    return new OcrSidecarError(0, message, { kind, retryable: RETRYABLE.includes(kind) }, more);
  }
}

/** What everybody is told who waits for a daemon that has ended. */
export function goneError(exit: Exit): OcrSidecarError {
  const how = exit.signal === null ? `with code ${exit.code}` : `by ${exit.signal}`;
  const last = exit.stderrTail.trimEnd().split("\n").at(-1);
  const words = last ? `; its last words: ${last}` : "";
  return OcrSidecarError.client("daemon_gone", `The daemon has ended ${how}${words}`, { exit });
}
