//! A daemon's pipes: one thread reads, one writes, and answers find those who wait for them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{mpsc, Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{json, Value};

use crate::error::Error;
use crate::events::Event;
use crate::inbox::Inbox;
use crate::launch::Launch;
use crate::message::{self, Message};
use crate::process::Process;
use crate::protocol::methods;

type Outcome = Result<Value, Error>;

pub(crate) struct Link {
    pub process: Process,
    pub inbox: Arc<Inbox>,
    next_id: AtomicU64,
    state: Mutex<State>,
}

struct State {
    pending: HashMap<u64, mpsc::Sender<Outcome>>,
    /// `None` once stdin is closed; dropping it closes stdin.
    lines: Option<mpsc::Sender<Vec<u8>>>,
    /// Nothing will be answered any more.
    is_over: bool,
    /// A death is news: between the handshake and our own shutdown.
    tells_death: bool,
}

impl Link {
    /// Start the program and its three threads. `ends_inbox`: no other daemon will follow.
    pub fn open(launch: &Launch, inbox: Arc<Inbox>, ends_inbox: bool) -> Result<Arc<Self>, Error> {
        let mut child = launch.command().spawn().map_err(|why| Error::Spawn {
            program: launch.program.clone(),
            why,
        })?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("the command pipes all three");
        };
        let (lines, to_write) = mpsc::channel();
        let link = Arc::new(Self {
            process: Process::new(child, stderr),
            inbox,
            next_id: AtomicU64::new(1),
            state: Mutex::new(State {
                pending: HashMap::new(),
                lines: Some(lines),
                is_over: false,
                tells_death: false,
            }),
        });
        thread::spawn(move || write_all(stdin, &to_write));
        let reader = Arc::clone(&link);
        thread::spawn(move || reader.read_all(stdout, ends_inbox));
        Ok(link)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn request(&self, method: &str, params: Value, timeout: Duration) -> Outcome {
        let _hurry = self.inbox.hurry();
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = mpsc::channel();
        {
            let mut state = self.lock();
            if state.is_over {
                return Err(Error::Gone);
            }
            state.pending.insert(id, answer);
            let line = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
            send(&state, &line);
        }
        match answered.recv_timeout(timeout) {
            Ok(outcome) => outcome,
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(Error::Gone),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let mut state = self.lock();
                state.pending.remove(&id);
                // Otherwise a job could begin whose id nobody knows.
                let cancel = json!({"jsonrpc": "2.0", "method": methods::CANCEL_REQUEST,
                    "params": {"id": id}});
                send(&state, &cancel);
                Err(Error::Timeout(timeout))
            }
        }
    }

    /// From now on a death is told as an event; false if it has happened already.
    pub fn tell_death(&self) -> bool {
        let mut state = self.lock();
        state.tells_death = true;
        !state.is_over
    }

    pub fn expect_end(&self) {
        self.lock().tells_death = false;
    }

    pub fn close_stdin(&self) {
        self.lock().lines = None;
    }

    pub fn kill(&self) {
        self.expect_end();
        self.close_stdin();
        let exit = self.process.kill();
        self.process.has_ended(exit);
    }

    /// The reader's thread: until stdout ends, which is the daemon's end.
    fn read_all(&self, stdout: ChildStdout, ends_inbox: bool) {
        // One reader for the daemon's life: another would miss what this one has in its buffer.
        let mut reader = BufReader::with_capacity(64 * 1024, stdout);
        let mut line = Vec::new();
        let mut last_seq = 0;
        loop {
            self.inbox.make_room();
            line.clear();
            match reader.read_until(b'\n', &mut line) {
                Ok(1..) if line.ends_with(b"\n") => self.take(&line, &mut last_seq),
                // The end, with or without a line that the daemon's death has cut off.
                _ => break,
            }
        }
        let tells_death = {
            let mut state = self.lock();
            state.is_over = true;
            state.lines = None;
            state.pending.clear();
            state.tells_death
        };
        let exit = self.process.reap();
        if tells_death {
            self.process.wait_for_stderr();
            let stderr_tail = self.process.stderr_tail();
            self.inbox.push(Event::DaemonDied { exit, stderr_tail }, 0);
        }
        if ends_inbox {
            self.inbox.end();
        }
        self.process.has_ended(exit);
    }

    fn take(&self, line: &[u8], last_seq: &mut u64) {
        match message::read(line) {
            Ok(Message::Response { id, outcome }) => {
                if let Some(answer) = self.lock().pending.remove(&id) {
                    // Whoever has waited may have given up just now.
                    let _ = answer.send(outcome);
                }
            }
            Ok(Message::Notification {
                seq,
                is_replayed,
                is_whole,
                notification,
            }) => {
                if !is_replayed {
                    if seq > *last_seq + 1 {
                        let gap = Event::Gap {
                            since: *last_seq,
                            next: seq,
                        };
                        self.inbox.push(gap, 0);
                    }
                    *last_seq = seq.max(*last_seq);
                }
                let event = Event::Notification {
                    notification,
                    is_whole,
                };
                self.inbox.push(event, line.len());
            }
            Err(why) => {
                let line = String::from_utf8_lossy(line).into_owned();
                let n_bytes = line.len();
                self.inbox.push(Event::Stray { line, why }, n_bytes);
            }
        }
    }
}

/// Hand a line to the writer; where stdin is closed, the reader's end tells those who wait.
fn send(state: &State, message: &Value) {
    if let Some(lines) = &state.lines {
        let _ = lines.send(format!("{message}\n").into_bytes());
    }
}

/// The writer's thread, so that a daemon that does not read cannot hold up a request's timeout.
fn write_all(mut stdin: ChildStdin, lines: &mpsc::Receiver<Vec<u8>>) {
    for line in lines {
        if stdin.write_all(&line).is_err() {
            return;
        }
    }
}
