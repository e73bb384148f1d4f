// The files of this window and how far each is. The daemon has all results; this is a picture of
// them, which is drawn again from `job/result` whenever something may have been missed.
import * as host from "./host";
import type { PageParams, TerminalParams } from "./protocol";

export interface QueuedFile {
  path: string;
  pageCount: number | null;
  state: "counting" | "ready" | "running" | "done" | "failed" | "cancelled";
  error: string;
  /** The job that reads it, and its number in that job. */
  job: string | null;
  document: number;
  pages: Record<number, PageParams>;
}

const STORED = "files";

class Queue {
  files = $state<QueuedFile[]>([]);
  progress = $state<Record<string, host.Progress>>({});
  daemon = $state<host.DaemonState>({ slot: null, state: "running", message: "" });
  notice = $state("");

  /** Listen first, then ask for what there is: so nothing falls between the two. */
  async open() {
    await host.on("python_progress", ({ data, request_id }) => {
      if (request_id) this.progress[request_id] = data;
    });
    await host.on("ocr_page", ({ data }) => this.#takePage(data));
    await host.on("python_result", ({ request_id }) => void this.#refresh(request_id));
    await host.on("python_error", ({ data, request_id }) => {
      this.notice = data.message;
      void this.#refresh(request_id);
    });
    await host.on("ocr_worker", ({ data }) => {
      if (data.slot === null) this.#takeDaemon(data as host.DaemonState);
    });

    this.daemon = await host.daemonState();
    const stored = JSON.parse(sessionStorage.getItem(STORED) ?? "[]") as QueuedFile[];
    this.files = stored.map((file) => ({ ...file, pages: {} }));
    for (const job of new Set(stored.map((file) => file.job))) await this.#refresh(job);
    for (const path of await host.openedFiles()) void this.add(path);
    for (const file of this.files) if (file.state === "counting") void this.#count(file);
  }

  async add(path: string) {
    if (!path || this.files.some((file) => file.path === path)) return;
    const file = { path, pageCount: null, error: "", job: null, document: 0, pages: {} };
    this.files.push({ ...file, state: "counting" });
    this.#store();
    await this.#count(this.files[this.files.length - 1]!);
  }

  /** Start a batch of all files that wait. */
  async start() {
    const files = this.files.filter((file) => file.state === "ready");
    if (files.length === 0) return;
    // At once, or a second click would start them twice.
    files.forEach((file) => (file.state = "running"));
    try {
      const job = await host.startOcr(files.map((file) => file.path));
      files.forEach((file, document) => Object.assign(file, { job, document }));
      this.#store();
      // Its first pages may have been told before this window knew the job's id.
      await this.#refresh(job);
    } catch (failure) {
      files.forEach((file) => (file.state = "ready"));
      this.notice = (failure as host.Failure).message;
    }
  }

  async cancel(job: string) {
    try {
      await host.cancelJob(job);
    } catch (failure) {
      this.notice = (failure as host.Failure).message;
    }
  }

  async #count(file: QueuedFile) {
    try {
      file.pageCount = (await host.documentInfo(file.path)).page_count;
      file.state = "ready";
    } catch (failure) {
      const { kind, message } = failure as host.Failure;
      // A daemon that is being started again will be asked again.
      if (kind !== "daemon_gone") Object.assign(file, { state: "failed", error: message });
    }
    this.#store();
  }

  #filesOf(job: string) {
    return this.files.filter((file) => file.job === job);
  }

  #takePage(page: PageParams) {
    const file = this.#filesOf(page.job_id).find(({ document }) => document === page.document);
    if (file) file.pages[page.page] = page;
  }

  /** Ask the daemon for all that it has of a job, and how it ended. */
  async #refresh(job: string | null) {
    if (job === null || this.#filesOf(job).length === 0) return;
    try {
      const { pages, terminal } = await host.jobResult(job);
      pages.forEach((page) => this.#takePage(page));
      if (terminal) this.#settle(job, terminal);
    } catch (failure) {
      const { kind, message } = failure as host.Failure;
      if (kind === "job_not_found") this.#startAgain(job);
      else if (kind !== "daemon_gone") this.notice = message;
    }
    this.#store();
  }

  #settle(job: string, terminal: TerminalParams) {
    for (const file of this.#filesOf(job)) {
      const failed = terminal.failed.find(({ document }) => document === file.document);
      const done = terminal.successful.some(({ document }) => document === file.document);
      if (failed) Object.assign(file, { state: "failed", error: failed.error });
      else file.state = done ? "done" : "cancelled";
    }
    delete this.progress[job];
  }

  #takeDaemon(daemon: host.DaemonState) {
    this.daemon = daemon;
    if (daemon.state !== "running") return;
    // The jobs of the last daemon have died with it.
    const running = this.files.filter((file) => file.state === "running");
    for (const job of new Set(running.map((file) => file.job))) void this.#refresh(job);
    for (const file of this.files) if (file.state === "counting") void this.#count(file);
  }

  #startAgain(job: string) {
    for (const file of this.#filesOf(job)) {
      if (file.state === "running") Object.assign(file, { state: "ready", job: null, pages: {} });
    }
    delete this.progress[job];
    void this.start();
  }

  /** What a reload of the window must not lose; pages are asked for again. */
  #store() {
    const files = this.files.map((file) => ({ ...file, pages: {} }));
    sessionStorage.setItem(STORED, JSON.stringify(files));
  }
}

export const queue = new Queue();
