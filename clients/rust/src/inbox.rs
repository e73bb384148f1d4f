//! The queue between the thread that reads the daemon and the host's reader of events.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::events::{Event, NoEvent};

/// Above this the daemon is not listened to, unless somebody waits for an answer.
const BACKLOG_BYTES: usize = 8 * 1024 * 1024;

#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    events: VecDeque<(Event, usize)>,
    n_bytes: usize,
    /// Requests and shutdowns under way: answers come behind notifications, so these are read.
    n_in_hurry: usize,
    is_over: bool,
    /// The reader of events is gone.
    is_deaf: bool,
}

/// As long as it lives, the daemon is listened to whatever waits.
pub(crate) struct Hurry<'a>(&'a Inbox);

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, event: Event, n_bytes: usize) {
        let mut state = self.lock();
        if !state.is_deaf && !state.is_over {
            state.events.push_back((event, n_bytes));
            state.n_bytes += n_bytes;
            self.changed.notify_all();
        }
    }

    /// Wait until there is room, or somebody is in a hurry, or nobody will ever make room.
    pub fn make_room(&self) {
        let is_full = |state: &mut State| {
            state.n_bytes > BACKLOG_BYTES
                && state.n_in_hurry == 0
                && !state.is_deaf
                && !state.is_over
        };
        drop(self.changed.wait_while(self.lock(), is_full));
    }

    pub fn hurry(&self) -> Hurry<'_> {
        self.lock().n_in_hurry += 1;
        self.changed.notify_all();
        Hurry(self)
    }

    /// Say that no event will come any more; those that wait are still given out.
    pub fn end(&self) {
        self.lock().is_over = true;
        self.changed.notify_all();
    }

    pub fn deafen(&self) {
        let mut state = self.lock();
        state.is_deaf = true;
        state.events.clear();
        state.n_bytes = 0;
        self.changed.notify_all();
    }

    pub fn next(&self, deadline: Option<Instant>) -> Result<Event, NoEvent> {
        let mut state = self.lock();
        loop {
            if let Some((event, n_bytes)) = state.events.pop_front() {
                state.n_bytes -= n_bytes;
                self.changed.notify_all();
                return Ok(event);
            }
            if state.is_over {
                return Err(NoEvent::Over);
            }
            state = match deadline {
                None => self.changed.wait(state),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(NoEvent::Timeout);
                    }
                    match self.changed.wait_timeout(state, left) {
                        Ok((state, _)) => Ok(state),
                        Err(poisoned) => Ok(poisoned.into_inner().0),
                    }
                }
            }
            .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Hurry<'_> {
    fn drop(&mut self) {
        self.0.lock().n_in_hurry -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{mpsc, Arc};
    use std::thread;
    use std::time::Duration;

    use super::*;

    const WAIT: Duration = Duration::from_secs(10);

    /// An inbox with too much in it, and news of when it has room again.
    fn full() -> (Arc<Inbox>, mpsc::Receiver<()>) {
        let inbox = Arc::new(Inbox::default());
        inbox.push(Event::GaveUp, BACKLOG_BYTES + 1);
        let (has_room, room) = mpsc::channel();
        let waiting = Arc::clone(&inbox);
        thread::spawn(move || {
            waiting.make_room();
            let _ = has_room.send(());
        });
        assert!(room.recv_timeout(Duration::from_millis(50)).is_err());
        (inbox, room)
    }

    #[test]
    fn a_full_inbox_has_room_when_an_event_is_taken() {
        let (inbox, room) = full();
        assert!(inbox.next(None).is_ok());
        room.recv_timeout(WAIT).unwrap();
    }

    #[test]
    fn a_full_inbox_has_room_while_somebody_is_in_a_hurry() {
        let (inbox, room) = full();
        let _hurry = inbox.hurry();
        room.recv_timeout(WAIT).unwrap();
    }

    #[test]
    fn a_full_inbox_has_room_when_nobody_will_read_it() {
        let (inbox, room) = full();
        inbox.deafen();
        room.recv_timeout(WAIT).unwrap();
        inbox.push(Event::GaveUp, 1);
        assert!(inbox.next(Some(Instant::now())).is_err());
    }
}
