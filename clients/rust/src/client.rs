//! One daemon.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::events::Events;
use crate::inbox::Inbox;
use crate::launch::Launch;
use crate::link::Link;
use crate::process::Exit;
use crate::protocol::requests::{EventsReplay, Initialize, Shutdown};
use crate::protocol::{InitializeResult, ReplayParams, ReplayResult, Request, ShutdownParams};

/// What a daemon has to answer `shutdown`, which it does at once unless something is wrong.
const SHUTDOWN_ANSWER: Duration = Duration::from_secs(2);
/// What a process has to be seen as ended whose stdout has ended.
const END: Duration = Duration::from_secs(5);

/// A daemon that runs. Clones speak to the same one, from any thread; when the last is dropped, the
/// daemon is killed and reaped.
#[derive(Clone)]
pub struct Client {
    owner: Arc<Owner>,
    server: Arc<InitializeResult>,
}

struct Owner {
    link: Arc<Link>,
    request_timeout: Duration,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.link.kill();
    }
}

impl Client {
    /// Start a daemon and shake hands with it.
    pub fn spawn(launch: &Launch) -> Result<(Self, Events), Error> {
        let inbox = Arc::new(Inbox::default());
        let client = Self::spawn_into(launch, Arc::clone(&inbox), true)?;
        Ok((client, Events::new(inbox)))
    }

    pub(crate) fn spawn_into(
        launch: &Launch,
        inbox: Arc<Inbox>,
        ends_inbox: bool,
    ) -> Result<Self, Error> {
        let owner = Owner {
            link: Link::open(launch, inbox, ends_inbox)?,
            request_timeout: launch.request_timeout,
        };
        let server = match owner.request::<Initialize>(launch.initialize(), None) {
            Ok(server) if owner.link.tell_death() => server,
            Ok(_) | Err(Error::Gone) => return Err(owner.died_at_start()),
            Err(why) => return Err(why),
        };
        Ok(Self {
            owner: Arc::new(owner),
            server: Arc::new(server),
        })
    }

    /// What the daemon has said of itself in the handshake.
    pub fn server(&self) -> &InitializeResult {
        &self.server
    }

    /// The pid of what was started, which is the daemon's own unless it was started by a launcher.
    pub fn pid(&self) -> u32 {
        self.owner.link.process.pid
    }

    /// Ask, and wait for the answer: `client.request::<requests::JobStatus>(params)`.
    pub fn request<R: Request>(&self, params: R::Params) -> Result<R::Result, Error> {
        self.owner.request::<R>(params, None)
    }

    /// Ask, and wait for the answer no longer than so long.
    pub fn request_within<R: Request>(
        &self,
        params: R::Params,
        timeout: Duration,
    ) -> Result<R::Result, Error> {
        self.owner.request::<R>(params, Some(timeout))
    }

    /// Have what came after this number told once more, as events that say `replayed`.
    pub fn replay(&self, since: u64) -> Result<ReplayResult, Error> {
        self.request::<EventsReplay>(ReplayParams { since })
    }

    /// The last 8 KiB that the daemon has written to stderr.
    pub fn stderr_tail(&self) -> String {
        self.owner.link.process.stderr_tail()
    }

    /// How it has ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        self.owner.link.process.exit()
    }

    /// Something to wait for its end with, which does not keep it alive.
    pub(crate) fn end(&self) -> impl FnOnce() {
        let link = Arc::clone(&self.owner.link);
        move || {
            link.process.wait(None);
        }
    }

    /// End the daemon: ask it to leave, close its stdin, wait for so long, kill it. It is reaped.
    ///
    /// 5 s are enough for a daemon that is well.
    pub fn shutdown(&self, patience: Duration) -> Exit {
        let link = &self.owner.link;
        // Its last notifications are read, even if nobody takes them from the inbox.
        let _hurry = link.inbox.hurry();
        link.expect_end();
        let _ = self
            .request_within::<Shutdown>(ShutdownParams::default(), patience.min(SHUTDOWN_ANSWER));
        link.close_stdin();
        link.process.wait(Some(patience)).unwrap_or_else(|| {
            link.kill();
            link.process.wait(None).unwrap_or(Exit {
                code: None,
                signal: None,
            })
        })
    }
}

impl Owner {
    fn request<R: Request>(
        &self,
        params: R::Params,
        timeout: Option<Duration>,
    ) -> Result<R::Result, Error> {
        let params = serde_json::to_value(params).map_err(Error::Malformed)?;
        let timeout = timeout.unwrap_or(self.request_timeout);
        let result = self.link.request(R::METHOD, params, timeout)?;
        serde_json::from_value(result).map_err(Error::Malformed)
    }

    fn died_at_start(&self) -> Error {
        match self.link.process.wait(Some(END)) {
            None => Error::Gone,
            Some(exit) => {
                self.link.process.wait_for_stderr();
                let stderr_tail = self.link.process.stderr_tail();
                Error::DiedAtStart { exit, stderr_tail }
            }
        }
    }
}
