//! The client and a daemon that does what the real one must not.

#[allow(dead_code, reason = "each file of tests uses a part")]
mod common;

use std::time::Duration;

use common::{wait_for, WAIT};
use ocr_sidecar::protocol::requests::Ping;
use ocr_sidecar::protocol::{NoParams, Notification};
use ocr_sidecar::{Backoff, Client, Error, Event, Launch, Session};

fn fake(what: &str) -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_fake-daemon")).arg(what)
}

#[test]
fn an_answer_behind_200_000_notifications_is_not_held_up_by_a_reader_that_does_not_read() {
    let (client, events) = Client::spawn(&fake("flood")).unwrap();
    client.replay(0).unwrap();
    let mut n_progress = 0;
    wait_for(&events, |event| match event {
        Event::Notification {
            notification: Notification::JobProgress(_),
            ..
        } => {
            n_progress += 1;
            None
        }
        Event::Notification {
            notification: Notification::JobResult(_),
            ..
        } => Some(()),
        other => panic!("{other:?}"),
    });
    assert_eq!(n_progress, 200_000);
}

#[test]
fn a_slow_reader_of_200_000_notifications_gets_all_of_them_and_the_end() {
    let (client, events) = Client::spawn(&fake("flood")).unwrap();
    let mut n_events = 0;
    wait_for(&events, |event| {
        n_events += 1;
        matches!(
            event,
            Event::Notification {
                notification: Notification::JobResult(_),
                ..
            }
        )
        .then_some(())
    });
    assert_eq!(n_events, 200_001);
    drop(client);
}

#[test]
fn a_daemon_that_nobody_listens_to_can_be_shut_down() {
    let (client, events) = Client::spawn(&fake("flood")).unwrap();
    assert_eq!(client.shutdown(WAIT).code, Some(0));
    drop(events);
}

#[test]
fn a_gap_is_told_and_can_be_asked_about() {
    let (client, events) = Client::spawn(&fake("gap")).unwrap();
    let since = wait_for(&events, |event| match event {
        Event::Gap { since, next } => {
            assert_eq!(next, 5);
            Some(since)
        }
        _ => None,
    });
    assert_eq!(client.replay(since).unwrap().from, Some(3));
}

#[test]
fn what_is_no_message_is_told_and_what_is_unknown_is_kept() {
    let (_client, events) = Client::spawn(&fake("garbage")).unwrap();
    let stray = |event| match event {
        Event::Stray { line, .. } => Some(line),
        other => panic!("{other:?}"),
    };
    assert!(wait_for(&events, stray).starts_with("Loading"));
    assert!(wait_for(&events, stray).contains("first"));
    wait_for(&events, |event| match event {
        Event::Notification {
            notification: Notification::Unknown(told),
            ..
        } => {
            assert_eq!(told.method, "job/gossip");
            Some(())
        }
        other => panic!("{other:?}"),
    });
}

#[test]
fn a_daemon_that_answers_nothing_costs_a_timeout_and_is_killed_in_the_end() {
    let (client, _events) = Client::spawn(&fake("deaf")).unwrap();
    let moment = Duration::from_millis(50);
    let late = client.request_within::<Ping>(NoParams {}, moment);
    assert!(matches!(late, Err(Error::Timeout(_))));
    let exit = client.shutdown(moment);
    assert_ne!(exit.code, Some(0));
}

#[test]
fn a_daemon_that_cannot_start_says_why() {
    let Err(Error::DiedAtStart { exit, stderr_tail }) = Client::spawn(&fake("stillborn")) else {
        panic!("it has started");
    };
    assert_eq!(exit.code, Some(3));
    assert_eq!(stderr_tail.trim(), "there is no model");
    let missing = Session::start(Launch::new("no-such-program-here"), Backoff::default());
    assert!(matches!(missing, Err(Error::Spawn { .. })));
}
