//! What the window can ask for. Each waits on a thread of its own, so none blocks the window.

use std::fs;

use base64::prelude::{Engine, BASE64_STANDARD as BASE64};
use ocr_sidecar::protocol::requests::{
    DocumentInfo, DocumentRender, JobCancel, JobResult, OcrStartBatch,
};
use ocr_sidecar::protocol::{
    DocumentInfoParams, DocumentInfoResult, DocumentParams, DocumentRenderParams, InlineName,
    JobParams, JobResultParams, JobResultResult, OcrOptions, OcrStartBatchParams, PictureFormat,
    Request,
};
use ocr_sidecar::Error;
use serde::Serialize;
use serde_json::{json, Value};
use tauri::ipc::Response;
use tauri::{AppHandle, Manager, State};

use crate::forward::DaemonState;
use crate::sidecar::{self, Sidecar};

/// What the window gets instead of an answer.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// A word of protocol.md's table of errors, or one of this app's own.
    kind: Value,
    message: String,
    retryable: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Refused(error) => json!(error.data.kind),
            Error::Gone => json!("daemon_gone"),
            Error::Timeout(_) => json!("no_answer"),
            _ => json!("start_failed"),
        };
        Self {
            kind,
            retryable: error.is_retryable(),
            message: error.to_string(),
        }
    }
}

/// The documents that the app was started with, as `Open with …` of the desktop does.
#[tauri::command]
pub fn opened_files() -> Vec<String> {
    let folder = std::env::current_dir().unwrap_or_default();
    let named = std::env::args_os().skip(1).map(|name| folder.join(name));
    let there = named.filter(|path| path.is_file());
    there
        .filter_map(|path| path.into_os_string().into_string().ok())
        .collect()
}

#[tauri::command]
pub fn daemon_state(sidecar: State<'_, Sidecar>) -> DaemonState {
    sidecar.state()
}

/// Start anew after the session has given up.
#[tauri::command]
pub fn restart_daemon(app: AppHandle) {
    sidecar::start(&app);
}

#[tauri::command]
pub async fn document_info(app: AppHandle, path: String) -> Result<DocumentInfoResult, Failure> {
    let params = DocumentInfoParams {
        document: document(path),
        include_pages: None,
    };
    ask::<DocumentInfo>(app, params).await
}

/// A page as a JPEG. The daemon puts it into a file where it is too long for a line, else into it.
#[tauri::command]
pub async fn render_page(app: AppHandle, path: String, page: u64) -> Result<Response, Failure> {
    let params = DocumentRenderParams {
        document: document(path),
        page,
        max_px: None,
        dpi: None,
        format: Some(PictureFormat::Jpeg),
        output: None,
        overlay: None,
    };
    let shown = ask::<DocumentRender>(app, params).await?;
    let bytes = match (shown.path, shown.data) {
        (Some(path), _) => fs::read(path).map_err(failed)?,
        (None, data) => BASE64.decode(data.unwrap_or_default()).map_err(failed)?,
    };
    Ok(Response::new(bytes))
}

/// Start a batch; pages come as `ocr_page`, with words and their boxes.
#[tauri::command]
pub async fn start_ocr(app: AppHandle, paths: Vec<String>) -> Result<String, Failure> {
    let params = OcrStartBatchParams {
        documents: paths.into_iter().map(document).collect(),
        output_dir: None,
        outputs: None,
        options: Some(OcrOptions {
            inline: Some(InlineName::Words),
            ..OcrOptions::default()
        }),
    };
    Ok(ask::<OcrStartBatch>(app, params).await?.job_id)
}

#[tauri::command]
pub async fn cancel_job(app: AppHandle, job_id: String) -> Result<(), Failure> {
    ask::<JobCancel>(app, JobParams { job_id }).await?;
    Ok(())
}

/// All pages of a job that there are so far, and how it ended.
#[tauri::command]
pub async fn job_result(app: AppHandle, job_id: String) -> Result<JobResultResult, Failure> {
    let params = JobResultParams {
        job_id,
        document: None,
        pages: None,
    };
    ask::<JobResult>(app, params).await
}

fn document(path: String) -> DocumentParams {
    DocumentParams {
        path: Some(path),
        ..DocumentParams::default()
    }
}

async fn ask<R: Request>(app: AppHandle, params: R::Params) -> Result<R::Result, Failure>
where
    R::Params: Send + 'static,
    R::Result: Send + 'static,
{
    let answered = tauri::async_runtime::spawn_blocking(move || {
        let session = app.state::<Sidecar>().session()?;
        session.request::<R>(params)
    });
    Ok(answered.await.map_err(failed)??)
}

fn failed(why: impl std::fmt::Display) -> Failure {
    Failure {
        kind: json!("internal_error"),
        message: why.to_string(),
        retryable: false,
    }
}
