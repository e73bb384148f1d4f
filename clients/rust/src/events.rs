//! What a host is told without having asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::inbox::Inbox;
use crate::process::Exit;
use crate::protocol::{InitializeResult, Notification};

/// News of a daemon, in the order in which it came.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "most events are notifications, and a box could not be matched through"
)]
pub enum Event {
    /// A notification; what had been put into a file is back in its place. `is_whole` is false
    /// where that file could not be read or written: then ask `job/result`.
    Notification {
        notification: Notification,
        is_whole: bool,
    },
    /// Lines are missing between these two numbers: ask [`Client::replay`](crate::Client::replay)
    /// with `since`.
    Gap { since: u64, next: u64 },
    /// A line that is no message, or one of another shape than it must have. It is left out.
    Stray { line: String, why: String },
    /// The daemon has ended without having been told to. Its jobs are lost, requests have failed.
    DaemonDied { exit: Exit, stderr_tail: String },
    /// A [`Session`](crate::Session) has a new daemon, which knows nothing of the jobs of the last.
    Restarted { server: Box<InitializeResult> },
    /// A [`Session`](crate::Session) could not start a new daemon, and will try again.
    RestartFailed { attempt: u32, why: Error },
    /// A [`Session`](crate::Session) will not try again; this is its last event.
    GaveUp,
}

/// Where events come out. Read them all the time, on a thread of its own.
///
/// While more than 8 MiB of them wait and no request is under way, the daemon is not listened to; it
/// then drops what is out of date and begins no further page, so a slow reader costs no memory and
/// loses no page and no result.
pub struct Events {
    inbox: Arc<Inbox>,
}

/// Why there is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoEvent {
    /// None has come in time.
    Timeout,
    /// None will come any more.
    Over,
}

impl Events {
    pub(crate) fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox }
    }

    /// Wait for the next event; `None` when the daemon has left as it was told to.
    pub fn recv(&self) -> Option<Event> {
        self.inbox.next(None).ok()
    }

    /// Wait for the next event for so long.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Event, NoEvent> {
        self.inbox.next(Some(Instant::now() + timeout))
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.recv()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.inbox.deafen();
    }
}
