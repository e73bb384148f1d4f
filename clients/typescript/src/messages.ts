// What a line may be: a response or a notification.

import type { RawNotification } from "./notifications.js";
import type { ErrorObject, Overflow } from "./protocol.js";

export interface Response {
  id: unknown;
  result?: unknown;
  error?: ErrorObject;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isNotification(message: unknown): message is RawNotification {
  return isObject(message) && typeof message["method"] === "string" && isObject(message["params"]);
}

export function isResponse(message: unknown): message is Response {
  if (!isObject(message) || !("id" in message)) return false;
  const { error } = message;
  if (error === undefined) return "result" in message;
  return isObject(error) && isObject(error["data"]);
}

/** Whether a result only says in which file it lies. */
export function isOverflow(result: unknown): result is Overflow {
  const overflow = isObject(result) ? result["overflow"] : undefined;
  return isObject(overflow) && typeof overflow["path"] === "string";
}
