//! How a daemon is started, and what it is told first.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::protocol::{Capabilities, ClientInfo, InitializeParams, PROTOCOL_VERSION};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A command line, and what `initialize` says.
#[derive(Debug, Clone)]
pub struct Launch {
    pub(crate) program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    current_dir: Option<PathBuf>,
    client: ClientInfo,
    capabilities: Capabilities,
    pub(crate) request_timeout: Duration,
}

impl Launch {
    /// The program, by its path, or by its name where it is on the PATH.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            current_dir: None,
            client: ClientInfo::default(),
            capabilities: Capabilities::default(),
            request_timeout: REQUEST_TIMEOUT,
        }
    }

    /// The command in an environment variable, if it is set: a list of words in JSON, or the path of
    /// a program. No shell's rules of quoting apply, since those differ between systems.
    pub fn from_env(variable: &str) -> Option<Self> {
        let command = std::env::var_os(variable).filter(|command| !command.is_empty())?;
        let words: Option<Vec<String>> = command
            .to_str()
            .and_then(|text| serde_json::from_str(text).ok());
        match words.as_deref() {
            Some([program, args @ ..]) => Some(Self::new(program).args(args)),
            _ => Some(Self::new(command)),
        }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// One more variable for the daemon's environment, which is this process's otherwise.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let pair = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.env.push(pair);
        self
    }

    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.current_dir = Some(folder.into());
        self
    }

    /// Who the host is, for the daemon's log.
    pub fn client(mut self, name: &str, version: &str) -> Self {
        self.client = ClientInfo {
            name: Some(name.to_owned()),
            version: Some(version.to_owned()),
        };
        self
    }

    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// How long requests wait for their answers, where they do not say; 30 s by default.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(folder) = &self.current_dir {
            command.current_dir(folder);
        }
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt;
            /// A console program that a program without a console starts would get a window.
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            command.creation_flags(CREATE_NO_WINDOW);
        }
        command
    }

    /// `host_pid` makes our death the daemon's, even if somebody else holds its stdin.
    pub(crate) fn initialize(&self) -> InitializeParams {
        InitializeParams {
            protocol_version: Some(PROTOCOL_VERSION),
            client: Some(self.client.clone()),
            host_pid: Some(i64::from(std::process::id())),
            capabilities: Some(self.capabilities.clone()),
        }
    }
}
