//! Types of the protocol of ocr-sidecar; see `protocol.md` in its repository.

pub mod protocol;
