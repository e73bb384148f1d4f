//! A daemon that says what the real one says only when something is wrong.
//!
//! Its argument says which: `flood` sends 200,000 notifications and a terminal one, `gap` leaves a
//! number out, `garbage` says what is no message, `deaf` answers `initialize` and nothing else, and
//! stays when its stdin ends; `stillborn` complains and dies.

use std::io::{stdin, stdout, BufRead, BufWriter, Write};

use serde_json::{json, Value};

const N_PROGRESS: u64 = 200_000;

fn main() {
    let what = std::env::args().nth(1).unwrap_or_default();
    if what == "stillborn" {
        eprintln!("there is no model");
        std::process::exit(3);
    }
    for line in stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if message["method"] == "initialize" {
            answer(&message, &server());
            match what.as_str() {
                "flood" => flood(),
                "gap" => [1, 2, 5].into_iter().for_each(|seq| say(&progress(seq))),
                "garbage" => {
                    println!("Loading the model …");
                    say(&json!({"method": "job/progress", "params": {"seq": "first"}}));
                    say(&json!({"method": "job/gossip", "params": {"seq": 1}}));
                }
                _ => {}
            }
        } else if what != "deaf" {
            answer(&message, &json!({"from": 3, "to": 4, "missed": 0}));
            if message["method"] == "shutdown" {
                return;
            }
        }
    }
    if what == "deaf" {
        loop {
            std::thread::park();
        }
    }
}

fn flood() {
    let mut out = BufWriter::new(stdout().lock());
    for seq in 1..=N_PROGRESS {
        writeln!(out, "{}", progress(seq)).unwrap();
    }
    let nothing = json!({"recognized": 0, "native_text": 0, "empty": 0, "failed": 0,
        "cancelled": 0});
    let terminal = json!({"method": "job/result", "params": {"seq": N_PROGRESS + 1, "job_id": "1",
        "state": "succeeded", "successful": [], "failed": [], "total_files": 0,
        "total_pages_processed": 0, "duration_seconds": 1.0, "pages": nothing,
        "failed_pages": []}});
    writeln!(out, "{terminal}").unwrap();
}

fn progress(seq: u64) -> Value {
    json!({"method": "job/progress", "params": {"seq": seq, "job_id": "1", "current": seq,
        "total": null, "percent": null, "message": "Processing", "document": 0, "file": "a.pdf",
        "page": 1, "page_count": null}})
}

fn server() -> Value {
    json!({"protocol_version": 1, "server": {"name": "fake", "version": "0", "pid": 1,
        "instance_id": "1", "log_path": null}, "limits": {"max_line_bytes": 1, "max_batch": 1,
        "max_jobs": 1, "kept_jobs": 1, "kept_job_s": 1.0}, "methods": [], "notifications": [],
        "engines": [], "host_watched": true})
}

fn answer(request: &Value, result: &Value) {
    say(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result}));
}

fn say(message: &Value) {
    println!("{message}");
}
