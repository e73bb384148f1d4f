//! The daemon of this app: where it is, when it starts, when it ends.

use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use ocr_sidecar::{Backoff, Error, Launch, Session};
use tauri::{AppHandle, Manager};

use crate::forward::{self, DaemonState};

/// What a daemon that is well needs to leave; after that it is killed.
const PATIENCE: Duration = Duration::from_secs(5);
const PROGRAM: &str = if cfg!(windows) {
    "ocr-sidecar.exe"
} else {
    "ocr-sidecar"
};

#[derive(Default)]
pub struct Sidecar {
    session: Mutex<Option<Session>>,
    state: Mutex<DaemonState>,
}

impl Sidecar {
    pub fn session(&self) -> Result<Session, Error> {
        self.session.lock().unwrap().clone().ok_or(Error::Gone)
    }

    pub fn state(&self) -> DaemonState {
        self.state.lock().unwrap().clone()
    }

    pub fn set_state(&self, state: DaemonState) {
        *self.state.lock().unwrap() = state;
    }

    /// Have the daemon tell again what came after this number.
    pub fn replay(&self, since: u64) {
        if let Some(client) = self.session().ok().and_then(|session| session.client()) {
            if let Err(why) = client.replay(since) {
                eprintln!("What came after {since} was not told again: {why}");
            }
        }
    }

    pub fn shutdown(&self) {
        let session = self.session.lock().unwrap().take();
        if let Some(session) = session {
            session.shutdown(PATIENCE);
        }
    }
}

/// Start the daemon on a thread of its own, which then tells the window all that it hears.
pub fn start(app: &AppHandle) {
    let app = app.clone();
    // At once, so that nobody asks for a second one meanwhile.
    forward::tell_daemon(&app, DaemonState::default());
    thread::spawn(move || {
        let launched = launch(&app).client("ocr-app", env!("CARGO_PKG_VERSION"));
        match Session::start(launched, Backoff::default()) {
            Ok((session, events)) => {
                *app.state::<Sidecar>().session.lock().unwrap() = Some(session);
                forward::tell_daemon(&app, DaemonState::running());
                forward::forward(&app, events);
            }
            Err(why) => forward::tell_daemon(&app, DaemonState::gave_up(why.to_string())),
        }
    });
}

/// While developing: the command in `OCR_SIDECAR_COMMAND`, or the bundle in the repository's `dist`.
/// In production: the bundle among the app's resources, see `tauri.release.conf.json`.
fn launch(app: &AppHandle) -> Launch {
    if cfg!(debug_assertions) {
        const BUNDLE: &str = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../dist/ocr-sidecar-",
            env!("TAURI_ENV_TARGET_TRIPLE")
        );
        return Launch::from_env("OCR_SIDECAR_COMMAND")
            .unwrap_or_else(|| Launch::new(PathBuf::from(BUNDLE).join(PROGRAM)));
    }
    // Without resources there is nothing to start, and starting it says so.
    let resources = app.path().resource_dir().unwrap_or_default();
    Launch::new(resources.join("ocr-sidecar").join(PROGRAM))
}
