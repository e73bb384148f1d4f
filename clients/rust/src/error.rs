//! What can go wrong with a request or a start.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::process::Exit;
use crate::protocol::{ErrorKindName, ErrorObject};

/// Why there is no result.
#[derive(Debug)]
pub enum Error {
    /// The daemon has answered that it will not or cannot; switch on `data.kind`.
    Refused(Box<ErrorObject>),
    /// The daemon has died or left, or is being started again. What was asked may have been done.
    Gone,
    /// No answer came in time. The daemon was told to forget the request.
    Timeout(Duration),
    /// The program could not be started.
    Spawn { program: PathBuf, why: io::Error },
    /// The program was started and ended before it had answered `initialize`.
    DiedAtStart { exit: Exit, stderr_tail: String },
    /// The answer is not of the type that it must be of.
    Malformed(serde_json::Error),
    /// The answer lies in a file, which could not be read.
    File { path: PathBuf, why: io::Error },
}

impl Error {
    /// The kind of protocol.md's table, where the daemon itself has refused.
    pub fn kind(&self) -> Option<&ErrorKindName> {
        match self {
            Self::Refused(error) => Some(&error.data.kind),
            _ => None,
        }
    }

    /// Whether the same request may succeed later without being changed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused(error) => error.data.retryable,
            Self::Gone | Self::Timeout(_) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => to.write_str(&error.message),
            Self::Gone => to.write_str("The OCR daemon is not running."),
            Self::Timeout(time) => {
                write!(to, "The OCR daemon did not answer within {time:?}.")
            }
            Self::Spawn { program, why } => {
                write!(to, "{} could not be started: {why}", program.display())
            }
            Self::DiedAtStart { exit, stderr_tail } => {
                write!(
                    to,
                    "The OCR daemon ended while it started, {exit}. {stderr_tail}"
                )
            }
            Self::Malformed(why) => write!(to, "The OCR daemon's answer was not understood: {why}"),
            Self::File { path, why } => write!(
                to,
                "The OCR daemon's answer in {} could not be read: {why}",
                path.display()
            ),
        }
    }
}

impl std::error::Error for Error {}
