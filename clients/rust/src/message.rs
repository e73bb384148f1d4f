//! From a line to a message, with what lies in files put back in its place.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{json, Map, Value};

use crate::error::Error;
use crate::protocol::{ErrorObject, Notification, Overflow};

#[allow(
    clippy::large_enum_variant,
    reason = "one at a time, and most are notifications"
)]
pub(crate) enum Message {
    Response {
        id: u64,
        outcome: Result<Value, Error>,
    },
    Notification {
        seq: u64,
        is_replayed: bool,
        is_whole: bool,
        notification: Notification,
    },
}

#[derive(Deserialize)]
struct Line {
    id: Option<Value>,
    result: Option<Value>,
    error: Option<ErrorObject>,
    method: Option<String>,
    #[serde(default)]
    params: Map<String, Value>,
}

/// Return the message of a line, or say why it is none.
pub(crate) fn read(line: &[u8]) -> Result<Message, String> {
    let line: Line = serde_json::from_slice(line).map_err(|why| why.to_string())?;
    if let Some(method) = line.method {
        return read_notification(&method, line.params);
    }
    let Some(id) = line.id.as_ref().and_then(Value::as_u64) else {
        return Err("It is neither a notification nor an answer to a request of ours.".to_owned());
    };
    let outcome = match line.error {
        Some(error) => Err(Error::Refused(Box::new(error))),
        None => whole_result(line.result.unwrap_or_default()),
    };
    Ok(Message::Response { id, outcome })
}

/// A result that no line has room for is a file, named by `overflow` alone.
fn whole_result(result: Value) -> Result<Value, Error> {
    if result.get("overflow").is_none() {
        return Ok(result);
    }
    let Overflow { overflow } = serde_json::from_value(result).map_err(Error::Malformed)?;
    let path = PathBuf::from(overflow.path);
    read_json(&path).map_err(|why| Error::File { path, why })
}

fn read_notification(method: &str, params: Map<String, Value>) -> Result<Message, String> {
    let seq = params.get("seq").and_then(Value::as_u64).unwrap_or(0);
    let is_replayed = params.get("replayed") == Some(&Value::Bool(true));
    // `path` is there only where the line was too long, and null where there is no file either.
    let (params, is_whole) = match params.get("path").map(Value::as_str) {
        None => (params, true),
        Some(None) => (params, false),
        Some(Some(path)) => match read_json(&PathBuf::from(path)) {
            Ok(Value::Object(mut all)) => {
                // The line's own members say which line it was.
                for name in ["seq", "replayed"] {
                    if let Some(value) = params.get(name) {
                        all.insert(name.to_owned(), value.clone());
                    }
                }
                (all, true)
            }
            _ => (params, false),
        },
    };
    let notification = serde_json::from_value(json!({"method": method, "params": params}))
        .map_err(|why| why.to_string())?;
    Ok(Message::Notification {
        seq,
        is_replayed,
        is_whole,
        notification,
    })
}

fn read_json(path: &PathBuf) -> io::Result<Value> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}
