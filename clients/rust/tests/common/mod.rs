//! What the tests share: how a real daemon is started, and waiting with a bound.

use std::time::{Duration, Instant};

use ocr_sidecar::protocol::{DocumentParams, Notification, OcrOptions, OcrStartParams};
use ocr_sidecar::{Client, Event, Events, Launch};

pub const WAIT: Duration = Duration::from_secs(30);

/// The daemon of `OCR_SIDECAR_COMMAND`, with one worker and the null engine behaving like this.
pub fn launch(null_engine: &str) -> Launch {
    Launch::from_env("OCR_SIDECAR_COMMAND")
        .expect("OCR_SIDECAR_COMMAND names no daemon; `python -m pytest -m hosts` does")
        .args(["--workers", "1"])
        .env("OCR_SIDECAR_NULL_ENGINE", null_engine)
}

/// Tells, where a test fails, what its daemon has complained of.
pub struct Complaints<'a>(pub &'a Client);

impl Drop for Complaints<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the daemon's stderr: {}", self.0.stderr_tail());
        }
    }
}

/// The sample, which has three pages.
pub fn sample() -> DocumentParams {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/scan.pdf");
    DocumentParams {
        path: Some(
            std::fs::canonicalize(path)
                .unwrap()
                .to_string_lossy()
                .into_owned(),
        ),
        ..DocumentParams::default()
    }
}

pub fn options() -> Option<OcrOptions> {
    Some(OcrOptions {
        engine: Some("null".to_owned()),
        ..OcrOptions::default()
    })
}

pub fn ocr(document: DocumentParams) -> OcrStartParams {
    OcrStartParams {
        document,
        output_dir: None,
        outputs: None,
        options: options(),
    }
}

/// The first of the events that `wanted` makes something of.
pub fn wait_for<T>(events: &Events, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let ends_at = Instant::now() + WAIT;
    loop {
        let left = ends_at.saturating_duration_since(Instant::now());
        let event = events.recv_timeout(left).expect("the event has not come");
        if let Some(found) = wanted(event) {
            return found;
        }
    }
}

/// The first of the notifications that `wanted` makes something of, each of which must be whole.
pub fn wait_for_notification<T>(
    events: &Events,
    mut wanted: impl FnMut(Notification) -> Option<T>,
) -> T {
    wait_for(events, |event| match event {
        Event::Notification {
            notification,
            is_whole,
        } => {
            assert!(is_whole, "{notification:?}");
            wanted(notification)
        }
        other => panic!("{other:?}"),
    })
}
