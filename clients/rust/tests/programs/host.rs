//! A host for the tests that kill one: it brings a daemon into a state, says so, and does as told.
//!
//! Its argument is a document, which it reads; at the first progress it prints the daemon's pid. A
//! line on stdin then says how it leaves: `shutdown`, `drop`, `exit` (without dropping anything) or
//! `panic`.

use std::io::stdin;
use std::time::Duration;

use ocr_sidecar::protocol::requests::OcrStart;
use ocr_sidecar::protocol::{DocumentParams, Notification, OcrOptions, OcrStartParams};
use ocr_sidecar::{Backoff, Event, Launch, Session};

fn main() {
    let document = DocumentParams {
        path: std::env::args().nth(1),
        ..DocumentParams::default()
    };
    let launch = Launch::from_env("OCR_SIDECAR_COMMAND")
        .unwrap()
        .args(["--workers", "1"]);
    let (session, events) = Session::start(launch, Backoff::default()).unwrap();
    let params = OcrStartParams {
        document,
        output_dir: None,
        outputs: None,
        options: Some(OcrOptions {
            engine: Some("null".to_owned()),
            ..OcrOptions::default()
        }),
    };
    session.request::<OcrStart>(params).unwrap();
    for event in &mut events.into_iter() {
        if let Event::Notification {
            notification: Notification::WorkerState(told),
            ..
        } = event
        {
            if told.params.slot == 1 && serde_json::json!(told.params.state) == "running" {
                break;
            }
        }
    }
    println!("{}", session.client().unwrap().pid());
    let mut word = String::new();
    stdin().read_line(&mut word).unwrap();
    match word.trim() {
        "shutdown" => session.shutdown(Duration::from_secs(5)),
        "drop" => drop(session),
        "exit" => std::process::exit(0),
        "panic" => panic!("as told"),
        other => panic!("unknown word: {other}"),
    }
}
