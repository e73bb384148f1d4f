//! Reads a document, with progress: `cargo run --example recognize -- scan.pdf`.

use std::error::Error;
use std::time::Duration;

use ocr_sidecar::protocol::requests::{DocumentInfo, OcrStart};
use ocr_sidecar::protocol::{DocumentInfoParams, DocumentParams, Notification, OcrStartParams};
use ocr_sidecar::{Backoff, Event, Launch, Session};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("Name a document.")?;
    let path = std::env::current_dir()?.join(file);
    let document = DocumentParams {
        path: Some(path.to_string_lossy().into_owned()),
        ..DocumentParams::default()
    };

    let launch = Launch::from_env("OCR_SIDECAR_COMMAND")
        .unwrap_or_else(|| Launch::new("ocr-sidecar"))
        .client("recognize", env!("CARGO_PKG_VERSION"));
    let (session, events) = Session::start(launch, Backoff::default())?;

    let info = session.request::<DocumentInfo>(DocumentInfoParams {
        document: document.clone(),
        include_pages: None,
    })?;
    eprintln!("{} pages", info.page_count);

    let start = || {
        session.request::<OcrStart>(OcrStartParams {
            document: document.clone(),
            output_dir: None,
            outputs: None,
            options: None,
        })
    };
    start()?;
    for event in events {
        match event {
            Event::Notification { notification, .. } => match notification {
                Notification::JobProgress(told) => eprintln!("{}", told.params.message),
                Notification::JobPage(told) => println!("{}", told.params.text.unwrap_or_default()),
                Notification::JobResult(_) => break,
                Notification::JobError(told) => return Err(told.params.error.message.into()),
                _ => {}
            },
            Event::DaemonDied { exit, .. } => eprintln!("The daemon died, {exit}."),
            // Its jobs have died with it.
            Event::Restarted { .. } => drop(start()?),
            Event::GaveUp => return Err("The daemon dies again and again.".into()),
            _ => {}
        }
    }
    session.shutdown(Duration::from_secs(5));
    Ok(())
}
