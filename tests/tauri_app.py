"""The example app in a window, as a test sees it: its files, its processes, its pictures."""

import re
from pathlib import Path

import psutil

from tests.webdriver import Browser, wait_until

GONE_S = 10
MARK = "OCR_SIDECAR_TEST_MARK"
ANSWER_THE_DIALOG = """
    const asked = window.__TAURI_INTERNALS__.convertFileSrc("plugin:dialog|open", "ipc");
    const { fetch } = window;
    const [paths] = arguments;
    window.fetch = (url, ...rest) => {
        if (url !== asked) return fetch(url, ...rest);
        window.fetch = fetch;
        const headers = { "Content-Type": "application/json", "Tauri-Response": "ok" };
        return Promise.resolve(new Response(JSON.stringify(paths), { headers }));
    };
"""


class App:
    """The app in a window, and all processes that come of it."""

    def __init__(self, program, files, env, mark, screenshots):
        self.program = str(program)
        self.mark = f"{MARK}={mark}".encode()
        self.screenshots = screenshots
        self.window = Browser(program, files, {**env, MARK: mark})

    def processes(self):
        """Return those that live, the driver left out, by what they run."""
        found = {}
        for process in psutil.process_iter():
            try:
                environment = Path(f"/proc/{process.pid}/environ").read_bytes()
                if self.mark not in environment.split(b"\0"):
                    continue
                command = process.cmdline()
            except (OSError, psutil.Error):
                continue
            if process.pid != self.window.driver.pid:
                found[process.pid] = command
        return found

    def pid(self, *command):
        """Return the process that was started by this command."""
        wanted = list(command)
        (pid,) = [pid for pid, line in self.processes().items() if line == wanted]
        return pid

    def app_pid(self):
        """Return the app's own process."""
        (pid,) = [pid for pid, line in self.processes().items() if line[:1] == [self.program]]
        return pid

    def assert_nothing_is_left(self):
        """Wait until nothing lives that the app has started, itself included."""
        wait_until(lambda: not self.processes(), "all processes are gone", GONE_S)

    def state(self, name):
        """Return how far a file is."""
        return self.window.run(
            "return document.querySelector(arguments[0])?.dataset.state", f"[data-file='{name}']"
        )

    def n_read(self, name):
        """Return how many pages of it the window has."""
        found = re.match(r"(\d+) of", self.window.text(f"[data-file='{name}'] .count"))
        return int(found[1]) if found else 0

    def wait_for(self, name, state):
        """Wait until a file is so far."""
        wait_until(lambda: self.state(name) == state, f"{name} is {state}")

    def start(self, name):
        """Start reading, and wait until at least one page is there."""
        self.wait_for(name, "ready")
        self.window.click("#start")
        wait_until(lambda: self.n_read(name) > 0, f"a page of {name} is there")

    def choose(self, *paths):
        """Click the button for files, and choose these where the desktop's dialog would open.

        That dialog is no part of the page, so the driver cannot reach it: its answer is given in
        its place, where it enters the page.
        """
        self.window.run(ANSWER_THE_DIALOG, [str(path) for path in paths])
        self.window.click("#choose")

    def shoot(self, step):
        """Take a picture of the window."""
        self.window.screenshot(self.screenshots / f"{step}.png")
