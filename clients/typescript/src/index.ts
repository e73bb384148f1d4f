// The client of ocr-sidecar for Node and for the main process of Electron.

export {
  type ClientErrorKind,
  type Exit,
  OcrSidecarError,
  type SidecarErrorData,
  type SidecarErrorKind,
} from "./errors.js";
export { RecognitionJob, type RecognizeOptions, type Source } from "./job.js";
export type { Gap, Handler, NotificationName } from "./notifications.js";
export type { ProcessOptions } from "./process.js";
export * from "./protocol.js";
export {
  type CloseOptions,
  type EventMap,
  OcrSidecar,
  type SpawnOptions,
} from "./sidecar.js";
export type { Method, RequestArguments, RequestOptions } from "./requests.js";
export { SupervisedSidecar, type SupervisedEventMap, type SupervisedOptions } from "./supervised.js";
