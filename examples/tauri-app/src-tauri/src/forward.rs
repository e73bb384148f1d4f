//! From the daemon's events to the window's.
//!
//! `python_progress`, `python_result` and `python_error` are what apps with a bridge of their own
//! listen to: their payload is what `--dialect bridge` says, with the job's id as `request_id`.
//! `ocr_page` and `ocr_worker` tell what that dialect has no word for.

use ocr_sidecar::protocol::Notification;
use ocr_sidecar::{Event, Events};
use serde::Serialize;
use tauri::{AppHandle, Emitter, Manager};

use crate::sidecar::Sidecar;

#[derive(Clone, Serialize)]
struct Payload<Data> {
    r#type: &'static str,
    data: Data,
    request_id: Option<String>,
}

#[derive(Clone, Serialize)]
struct Progress {
    current: u64,
    total: u64,
    percent: f64,
    message: String,
}

#[derive(Clone, Serialize)]
struct Finished {
    successful: Vec<Successful>,
    failed: Vec<Failed>,
    total_files: u64,
    total_pages_processed: u64,
    duration_seconds: f64,
}

#[derive(Clone, Serialize)]
struct Successful {
    file: String,
    pages: u64,
    output: Option<String>,
}

#[derive(Clone, Serialize)]
struct Failed {
    file: String,
    error: String,
}

#[derive(Clone, Serialize)]
struct Failure {
    message: String,
}

/// How the daemon is, as `ocr_worker` and the command `daemon_state` tell it.
#[derive(Clone, Serialize)]
pub struct DaemonState {
    /// Always null: slots are the daemon's workers.
    slot: Option<u64>,
    state: &'static str,
    message: String,
}

impl Default for DaemonState {
    fn default() -> Self {
        Self::died("The OCR daemon is starting.".to_owned())
    }
}

impl DaemonState {
    pub fn running() -> Self {
        Self::new("running", String::new())
    }

    pub fn died(message: String) -> Self {
        Self::new("died", message)
    }

    pub fn gave_up(message: String) -> Self {
        Self::new("gave_up", message)
    }

    fn new(state: &'static str, message: String) -> Self {
        Self {
            slot: None,
            state,
            message,
        }
    }
}

/// Tell the window all that the daemon tells, until it has left.
pub fn forward(app: &AppHandle, events: Events) {
    for event in events {
        match event {
            Event::Notification { notification, .. } => forward_notification(app, notification),
            Event::DaemonDied { exit, stderr_tail } => {
                eprintln!("The OCR daemon died, {exit}: {stderr_tail}");
                let message = format!("The OCR daemon died ({exit}) and is started again.");
                tell_error(app, message.clone(), None);
                tell_daemon(app, DaemonState::died(message));
            }
            Event::Restarted { .. } => tell_daemon(app, DaemonState::running()),
            Event::RestartFailed { why, .. } => {
                tell_daemon(app, DaemonState::died(why.to_string()));
            }
            Event::GaveUp => {
                let message = "The OCR daemon dies again and again.".to_owned();
                tell_daemon(app, DaemonState::gave_up(message));
            }
            // What is missing comes once more, as events; the window takes a page twice.
            Event::Gap { since, .. } => app.state::<Sidecar>().replay(since),
            Event::Stray { line, why } => eprintln!("The daemon said {line:?}: {why}"),
        }
    }
}

pub fn tell_daemon(app: &AppHandle, state: DaemonState) {
    app.state::<Sidecar>().set_state(state.clone());
    tell(app, "ocr_worker", "worker", state, None);
}

fn forward_notification(app: &AppHandle, notification: Notification) {
    match notification {
        Notification::JobProgress(told) => {
            let progress = Progress {
                current: told.params.current,
                // Null until all documents are counted; these listeners know no null.
                total: told.params.total.unwrap_or(0),
                percent: told.params.percent.unwrap_or(0.0),
                message: told.params.message,
            };
            let job_id = Some(told.params.job_id);
            tell(app, "python_progress", "progress", progress, job_id);
        }
        Notification::JobPage(told) => {
            let job_id = Some(told.params.job_id.clone());
            tell(app, "ocr_page", "page", told.params, job_id);
        }
        Notification::JobResult(told) => {
            let params = told.params;
            let successful = params.successful.into_iter().map(|one| Successful {
                file: one.file,
                pages: one.pages,
                output: one.output,
            });
            let failed = params.failed.into_iter().map(|one| Failed {
                file: one.file,
                error: one.error,
            });
            let finished = Finished {
                successful: successful.collect(),
                failed: failed.collect(),
                total_files: params.total_files,
                total_pages_processed: params.total_pages_processed,
                duration_seconds: params.duration_seconds,
            };
            tell(
                app,
                "python_result",
                "result",
                finished,
                Some(params.job_id),
            );
        }
        Notification::JobError(told) => {
            tell_error(app, told.params.error.message, Some(told.params.job_id));
        }
        Notification::WorkerState(told) => tell(app, "ocr_worker", "worker", told.params, None),
        Notification::LogMessage(_) | Notification::Unknown(_) => {}
    }
}

fn tell_error(app: &AppHandle, message: String, job_id: Option<String>) {
    tell(app, "python_error", "error", Failure { message }, job_id);
}

fn tell<Data: Clone + Serialize>(
    app: &AppHandle,
    event: &str,
    r#type: &'static str,
    data: Data,
    request_id: Option<String>,
) {
    let payload = Payload {
        r#type,
        data,
        request_id,
    };
    if let Err(why) = app.emit(event, payload) {
        eprintln!("The window was not told {event}: {why}");
    }
}
