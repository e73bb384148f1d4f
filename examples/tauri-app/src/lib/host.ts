// What the Rust host offers: its commands (src-tauri/src/commands.rs) and its events (forward.rs).
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type {
  DocumentInfoResult,
  JobResultResult,
  PageParams,
  WorkerStateParams,
} from "./protocol";

/** What a command that fails is rejected with. */
export interface Failure {
  /** Of protocol.md's table of errors, or `daemon_gone`, `no_answer`, `start_failed`. */
  kind: string;
  message: string;
  retryable: boolean;
}

/** What every event's payload is: `request_id` is the job's id. */
export interface Told<Data> {
  type: string;
  data: Data;
  request_id: string | null;
}

export interface Progress {
  current: number;
  total: number;
  percent: number;
  message: string;
}

/** How the daemon is. */
export interface DaemonState {
  slot: null;
  state: "running" | "died" | "gave_up";
  message: string;
}

export interface Events {
  python_progress: Told<Progress>;
  python_result: Told<unknown>;
  python_error: Told<{ message: string }>;
  ocr_page: Told<PageParams>;
  /** A slot of the daemon, or, where `slot` is null, the daemon itself. */
  ocr_worker: Told<WorkerStateParams | DaemonState>;
}

export function on<Name extends keyof Events>(name: Name, heard: (told: Events[Name]) => void) {
  return listen<Events[Name]>(name, (event) => heard(event.payload));
}

export const openedFiles = () => invoke<string[]>("opened_files");
export const daemonState = () => invoke<DaemonState>("daemon_state");
export const restartDaemon = () => invoke<void>("restart_daemon");
export const documentInfo = (path: string) => invoke<DocumentInfoResult>("document_info", { path });
export const startOcr = (paths: string[]) => invoke<string>("start_ocr", { paths });
export const cancelJob = (jobId: string) => invoke<void>("cancel_job", { jobId });
export const jobResult = (jobId: string) => invoke<JobResultResult>("job_result", { jobId });
export const renderPage = (path: string, page: number) =>
  invoke<ArrayBuffer>("render_page", { path, page });
