//! Whoever is killed, nothing stays behind. Linux only, where `/proc` tells.
#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{launch, ocr, sample, wait_for, WAIT};
use ocr_sidecar::protocol::requests::{OcrStart, Ping};
use ocr_sidecar::protocol::{NoParams, Notification, SlotStateName};
use ocr_sidecar::{Backoff, Client, Error, Event, Events, Session};

const MARK: &str = "OCR_SIDECAR_TEST_MARK";
const SLOW: &str = r#"{"seconds": 60}"#;
/// The promise is 2 s; the rest is for a machine that does other things as well.
const GONE: Duration = Duration::from_secs(10);

/// The processes with this mark in their environment, which whatever we start inherits.
fn marked(mark: &str) -> Vec<u32> {
    let wanted = format!("{MARK}={mark}").into_bytes();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            // A zombie has no environment any more, and is looked for by `has_no_zombie`.
            fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|pair| pair == wanted)
            })
        })
        .collect()
}

fn assert_all_gone(mark: &str) {
    let ends_at = Instant::now() + GONE;
    while !marked(mark).is_empty() {
        assert!(Instant::now() < ends_at, "left behind: {:?}", marked(mark));
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn has_no_zombie(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

fn kill(pid: u32, signal: &str) {
    let pid = pid.to_string();
    assert!(Command::new("kill")
        .args([signal, &pid])
        .status()
        .unwrap()
        .success());
}

/// A host that is reading a page, and its daemon's pid.
fn host(mark: &str) -> (Child, u32) {
    let mut host = Command::new(env!("CARGO_BIN_EXE_host"))
        .arg(sample().path.unwrap())
        .env(MARK, mark)
        .env("OCR_SIDECAR_NULL_ENGINE", SLOW)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(host.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let daemon = line.trim().parse().unwrap();
    // The host, the daemon, its guard, the inspector and the worker.
    assert_eq!(marked(mark).len(), 5, "{:?}", marked(mark));
    (host, daemon)
}

#[test]
fn a_host_leaves_nothing_behind_however_it_leaves() {
    for word in ["shutdown", "drop", "exit", "panic"] {
        let (mut child, _) = host(word);
        writeln!(child.stdin.as_mut().unwrap(), "{word}").unwrap();
        child.wait().unwrap();
        assert_all_gone(word);
    }
}

#[test]
fn a_host_leaves_nothing_behind_however_it_is_killed() {
    for signals in [&["-KILL"][..], &["-TERM"], &["-STOP", "-KILL"]] {
        let mark = signals.concat();
        let (mut child, _) = host(&mark);
        signals.iter().for_each(|signal| kill(child.id(), signal));
        child.wait().unwrap();
        assert_all_gone(&mark);
    }
}

#[test]
fn a_daemon_that_is_killed_with_its_host_leaves_nothing_behind() {
    let (mut child, daemon) = host("both");
    kill(daemon, "-KILL");
    kill(child.id(), "-KILL");
    child.wait().unwrap();
    assert_all_gone("both");
}

#[test]
fn a_client_that_is_dropped_has_killed_and_reaped_its_daemon() {
    let (client, _events) = Client::spawn(&launch(SLOW).env(MARK, "dropped")).unwrap();
    client.request::<OcrStart>(ocr(sample())).unwrap();
    let pid = client.pid();
    let clone = client.clone();
    drop(client);
    clone.request::<Ping>(NoParams {}).unwrap();
    drop(clone);
    assert!(has_no_zombie(pid));
    assert_all_gone("dropped");
}

fn until_it_reads(events: &Events) {
    wait_for(events, |event| match event {
        Event::Notification {
            notification: Notification::WorkerState(told),
            ..
        } => (told.params.slot == 1 && told.params.state == SlotStateName::Running).then_some(()),
        _ => None,
    });
}

#[test]
fn a_daemon_that_is_killed_in_mid_job_is_told_of_and_started_again() {
    let launch = launch(SLOW).env(MARK, "restarted");
    let (session, events) = Session::start(launch, Backoff::default()).unwrap();
    session.request::<OcrStart>(ocr(sample())).unwrap();
    until_it_reads(&events);
    let first = session.client().unwrap().pid();
    kill(first, "-KILL");

    let exit = wait_for(&events, |event| match event {
        Event::DaemonDied { exit, .. } => Some(exit),
        _ => None,
    });
    assert_eq!(exit.signal, Some(9));
    assert!(has_no_zombie(first));
    wait_for(&events, |event| match event {
        Event::Restarted { server } => {
            assert!(server.host_watched);
            Some(())
        }
        other => panic!("{other:?}"),
    });
    session.request::<OcrStart>(ocr(sample())).unwrap();
    until_it_reads(&events);
    let second = session.client().unwrap().pid();
    assert_ne!(first, second);

    session.shutdown(WAIT);
    assert!(has_no_zombie(second));
    assert_all_gone("restarted");
    assert!(events
        .into_iter()
        .all(|event| !matches!(event, Event::DaemonDied { .. } | Event::Restarted { .. })));
}

#[test]
fn a_request_under_way_fails_when_the_daemon_is_killed() {
    let launch = launch("{}").env(MARK, "failed");
    let (client, events) = Client::spawn(&launch).unwrap();
    let pid = client.pid();
    kill(pid, "-STOP");
    let asked = {
        let client = client.clone();
        std::thread::spawn(move || client.request::<Ping>(NoParams {}))
    };
    kill(pid, "-KILL");
    assert!(matches!(asked.join().unwrap(), Err(Error::Gone)));
    wait_for(&events, |event| {
        matches!(event, Event::DaemonDied { .. }).then_some(())
    });
    assert!(events.recv().is_none());
    assert_all_gone("failed");
}

#[test]
fn a_session_whose_daemon_dies_again_and_again_gives_up() {
    let backoff = Backoff {
        first: Duration::from_millis(1),
        attempts: 2,
        ..Backoff::default()
    };
    let (session, events) = Session::start(launch("{}"), backoff).unwrap();
    for n_started in 0..3 {
        kill(session.client().unwrap().pid(), "-KILL");
        let has_given_up = wait_for(&events, |event| match event {
            Event::Restarted { .. } => Some(false),
            Event::GaveUp => Some(true),
            _ => None,
        });
        assert_eq!(has_given_up, n_started == 2);
    }
    assert!(events.recv().is_none());
    let after = session.request::<Ping>(NoParams {}).unwrap_err();
    assert!(matches!(after, Error::Gone));
}
