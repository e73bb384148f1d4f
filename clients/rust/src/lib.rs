//! A host's end of ocr-sidecar: spawn it, ask it in types, hear what it tells, never leave it behind.
//!
//! [`Client`] is one daemon. [`Session`] is a daemon that is started again when it dies. Both come
//! with [`Events`], which is to be read all the time. `README.md` has a complete example, and
//! `protocol.md` in the repository says what everything means.

mod client;
mod error;
mod events;
mod inbox;
mod launch;
mod link;
mod message;
mod process;
pub mod protocol;
mod session;

pub use client::Client;
pub use error::Error;
pub use events::{Event, Events, NoEvent};
pub use launch::Launch;
pub use process::Exit;
pub use session::{Backoff, Session};
