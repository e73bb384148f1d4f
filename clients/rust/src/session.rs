//! A daemon that is started again when it dies.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::error::Error;
use crate::events::{Event, Events};
use crate::inbox::Inbox;
use crate::launch::Launch;
use crate::protocol::Request;

/// When a dead daemon is started again.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// Before the first new start; then each waits twice as long as the last.
    pub first: Duration,
    /// The longest of these.
    pub most: Duration,
    /// New starts in a row before the session gives up.
    pub attempts: u32,
    /// A daemon that has lived for so long begins a new row.
    pub healthy_after: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(250),
            most: Duration::from_secs(10),
            attempts: 5,
            healthy_after: Duration::from_secs(60),
        }
    }
}

impl Backoff {
    fn before(&self, attempt: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        self.first.saturating_mul(factor).min(self.most)
    }
}

/// A daemon, and after its death another one. Clones are of the same session; when the last is
/// dropped, the daemon is killed and reaped.
///
/// When a daemon dies, the requests under way fail with [`Error::Gone`], the host is told
/// [`Event::DaemonDied`], then [`Event::Restarted`]. Jobs die with their daemon: whoever wants them
/// starts them again. Requests in between fail with [`Error::Gone`] at once.
#[derive(Clone)]
pub struct Session {
    owner: Arc<Owner>,
}

struct Owner {
    shared: Arc<Shared>,
}

struct Shared {
    launch: Launch,
    backoff: Backoff,
    inbox: Arc<Inbox>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    client: Option<Client>,
    is_closing: bool,
    /// The thread has left, so nothing will be started any more.
    is_over: bool,
}

impl Session {
    /// Start the first daemon; that it cannot be started is an error, and not tried again.
    pub fn start(launch: Launch, backoff: Backoff) -> Result<(Self, Events), Error> {
        let inbox = Arc::new(Inbox::default());
        let client = Client::spawn_into(&launch, Arc::clone(&inbox), false)?;
        let shared = Arc::new(Shared {
            launch,
            backoff,
            inbox: Arc::clone(&inbox),
            state: Mutex::new(State {
                client: Some(client),
                is_closing: false,
                is_over: false,
            }),
            changed: Condvar::new(),
        });
        let supervised = Arc::clone(&shared);
        thread::spawn(move || {
            supervised.supervise();
            supervised.inbox.end();
            supervised.lock().is_over = true;
            supervised.changed.notify_all();
        });
        let session = Self {
            owner: Arc::new(Owner { shared }),
        };
        Ok((session, Events::new(inbox)))
    }

    /// The daemon that runs now; `None` between its death and the next start.
    pub fn client(&self) -> Option<Client> {
        self.owner.shared.lock().client.clone()
    }

    /// As [`Client::request`].
    pub fn request<R: Request>(&self, params: R::Params) -> Result<R::Result, Error> {
        self.client().ok_or(Error::Gone)?.request::<R>(params)
    }

    /// As [`Client::shutdown`]; nothing is started afterwards. Also ends a start that is under way.
    pub fn shutdown(&self, patience: Duration) {
        let shared = &self.owner.shared;
        if let Some(client) = shared.close() {
            client.shutdown(patience);
        }
        let state = shared.lock();
        drop(
            shared
                .changed
                .wait_timeout_while(state, patience, |state| !state.is_over),
        );
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        drop(self.shared.close());
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See that nothing is started any more, and return what runs.
    fn close(&self) -> Option<Client> {
        let mut state = self.lock();
        state.is_closing = true;
        self.changed.notify_all();
        state.client.take()
    }

    /// The session's thread: from one death to the next start, until closed or given up.
    fn supervise(&self) {
        let mut attempt = 0;
        while self.outlive(&mut attempt) {
            loop {
                attempt += 1;
                if attempt > self.backoff.attempts {
                    self.inbox.push(Event::GaveUp, 0);
                    return;
                }
                if !self.pause(self.backoff.before(attempt)) {
                    return;
                }
                match Client::spawn_into(&self.launch, Arc::clone(&self.inbox), false) {
                    Ok(client) => {
                        if !self.install(client) {
                            return;
                        }
                        break;
                    }
                    Err(why) => self.inbox.push(Event::RestartFailed { attempt, why }, 0),
                }
            }
        }
    }

    /// Wait for the daemon's end; false if that was wanted.
    fn outlive(&self, attempt: &mut u32) -> bool {
        let started_at = Instant::now();
        // The process is waited for without holding the client, whose last owner kills it.
        let Some(end) = self.lock().client.as_ref().map(Client::end) else {
            return false;
        };
        end();
        if started_at.elapsed() >= self.backoff.healthy_after {
            *attempt = 0;
        }
        let mut state = self.lock();
        state.client = None;
        !state.is_closing
    }

    /// Wait before a start; false if the session was closed meanwhile.
    fn pause(&self, time: Duration) -> bool {
        let state = self.lock();
        let waited = self
            .changed
            .wait_timeout_while(state, time, |state| !state.is_closing);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.is_closing
    }

    /// Make it the session's daemon, unless the session was closed meanwhile: then it is killed.
    fn install(&self, client: Client) -> bool {
        let mut state = self.lock();
        if state.is_closing {
            return false;
        }
        let server = Box::new(client.server().clone());
        state.client = Some(client);
        // Told under the lock: a host that asks at once finds the daemon.
        self.inbox.push(Event::Restarted { server }, 0);
        true
    }
}
