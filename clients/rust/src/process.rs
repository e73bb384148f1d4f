//! The daemon's process: its end, its last words, and the certainty that it is reaped.

use std::collections::VecDeque;
use std::fmt;
use std::io::Read;
use std::process::{Child, ChildStderr, ExitStatus};
use std::sync::{mpsc, Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const STDERR_TAIL_BYTES: usize = 8 * 1024;
/// What a process has that has closed its stdout, or was killed, to end.
const LINGER: Duration = Duration::from_secs(2);
/// The standard library can wait for a child or look at it, and not wait for a while.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Another process may hold stderr open; what is there by then has to do.
const STDERR_WAIT: Duration = Duration::from_millis(500);

/// How a process has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// `None` where a signal has ended it.
    pub code: Option<i32>,
    /// Unix only.
    pub signal: Option<i32>,
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        #[cfg(not(unix))]
        let signal = None;
        Self {
            code: status.code(),
            signal,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(to, "exit code {code}"),
            (None, Some(signal)) => write!(to, "signal {signal}"),
            (None, None) => to.write_str("for an unknown reason"),
        }
    }
}

pub(crate) struct Process {
    pub pid: u32,
    child: Mutex<Child>,
    exit: Mutex<Option<Exit>>,
    ended: Condvar,
    stderr_tail: Arc<Mutex<VecDeque<u8>>>,
    stderr_ended: Mutex<mpsc::Receiver<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Process {
    pub fn new(child: Child, stderr: ChildStderr) -> Self {
        let stderr_tail = Arc::new(Mutex::new(VecDeque::new()));
        let (ended, stderr_ended) = mpsc::channel();
        let tail = Arc::clone(&stderr_tail);
        thread::spawn(move || {
            drain(stderr, &tail);
            drop(ended);
        });
        Self {
            pid: child.id(),
            child: Mutex::new(child),
            exit: Mutex::new(None),
            ended: Condvar::new(),
            stderr_tail,
            stderr_ended: Mutex::new(stderr_ended),
        }
    }

    /// The end of what it has written to stderr.
    pub fn stderr_tail(&self) -> String {
        let bytes: Vec<u8> = lock(&self.stderr_tail).iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Wait for the rest of stderr, for a moment.
    pub fn wait_for_stderr(&self) {
        let _ = lock(&self.stderr_ended).recv_timeout(STDERR_WAIT);
    }

    pub fn exit(&self) -> Option<Exit> {
        *lock(&self.exit)
    }

    /// Give a process that has ended its stdout a moment to leave, then kill it; reap it.
    pub fn reap(&self) -> Exit {
        let ends_at = Instant::now() + LINGER;
        while Instant::now() < ends_at {
            if let Ok(Some(status)) = lock(&self.child).try_wait() {
                return status.into();
            }
            thread::sleep(LOOK_EVERY);
        }
        self.kill()
    }

    /// Kill and reap; nothing happens to a process that was reaped already.
    pub fn kill(&self) -> Exit {
        let mut child = lock(&self.child);
        let _ = child.kill();
        match child.wait() {
            Ok(status) => status.into(),
            Err(_) => Exit {
                code: None,
                signal: None,
            },
        }
    }

    /// Tell all who wait that it has ended.
    pub fn has_ended(&self, exit: Exit) {
        lock(&self.exit).get_or_insert(exit);
        self.ended.notify_all();
    }

    /// Wait for the end, for so long, or for ever.
    pub fn wait(&self, timeout: Option<Duration>) -> Option<Exit> {
        let exit = lock(&self.exit);
        let is_alive = |exit: &mut Option<Exit>| exit.is_none();
        match timeout {
            None => *self
                .ended
                .wait_while(exit, is_alive)
                .unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => {
                *self
                    .ended
                    .wait_timeout_while(exit, timeout, is_alive)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        }
    }
}

/// Read stderr to its end, so that the daemon never waits for us there, and keep its tail.
fn drain(mut stderr: ChildStderr, tail: &Mutex<VecDeque<u8>>) {
    let mut chunk = [0; 4096];
    while let Ok(n_read @ 1..) = stderr.read(&mut chunk) {
        let mut tail = lock(tail);
        tail.extend(&chunk[..n_read]);
        let n_over = tail.len().saturating_sub(STDERR_TAIL_BYTES);
        tail.drain(..n_over);
    }
}
