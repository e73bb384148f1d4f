"""A small WebDriver client, and the display and driver that it needs: WebKitGTK under Xvfb."""

import base64
import contextlib
import http.client
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

from tests.host_tools import find

WAIT_S = 60
LOOK_EVERY_S = 0.05
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""WebDriver's name for the member that holds an element's id."""
ENTER = "\ue007"


def wait_until(is_so, what, wait_s=WAIT_S):
    """Return what `is_so` returns as soon as that is true; a page can only be asked again."""
    ends_at = time.monotonic() + wait_s
    while not (found := is_so()):
        assert time.monotonic() < ends_at, f"it never happened: {what}"
        time.sleep(LOOK_EVERY_S)
    return found


@contextlib.contextmanager
def display():
    """Yield an environment with an X display of its own."""
    readable, writable = os.pipe()
    command = [find("Xvfb"), "-displayfd", str(writable), "-screen", "0", "1280x960x24"]
    server = subprocess.Popen(
        [*command, "-nolisten", "tcp"], pass_fds=[writable], stderr=subprocess.DEVNULL
    )
    os.close(writable)
    try:
        with os.fdopen(readable) as told:
            number = told.readline().strip()
        yield {"DISPLAY": f":{number}", "GDK_BACKEND": "x11", "LIBGL_ALWAYS_SOFTWARE": "1"}
    finally:
        server.terminate()
        server.wait(10)


class Browser:
    """An app with a web view, driven by WebKitWebDriver; what it shows is asked for by CSS."""

    def __init__(self, binary, arguments, env):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        driver = [find("WebKitWebDriver"), f"--port={port}", "--host=127.0.0.1"]
        self.driver = subprocess.Popen(
            driver, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_until(self._is_ready, "the driver answers")
            options = {"binary": str(binary), "args": [str(each) for each in arguments]}
            wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
            answer = self._ask("POST", "/session", {"capabilities": wanted})
            self._url += f"/session/{answer['sessionId']}"
        except BaseException:
            self.leave()
            raise

    def leave(self):
        """End the driver; the app is its own affair."""
        self.driver.kill()
        self.driver.wait(10)

    def _is_ready(self):
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return self._ask("GET", "/status")["ready"]

    def _ask(self, verb, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, method=verb)
        with urllib.request.urlopen(request, timeout=WAIT_S) as response:
            return json.load(response)["value"]

    def run(self, script, *arguments):
        """Run JavaScript in the page, and return what it returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": arguments})

    def text(self, css):
        """Return the text of the first element, or an empty one where there is none."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", css)

    def count(self, css):
        """Return how many elements there are."""
        return self.run("return document.querySelectorAll(arguments[0]).length", css)

    def _element(self, css):
        found = self._ask("POST", "/element", {"using": "css selector", "value": css})
        return f"/element/{found[ELEMENT]}"

    def click(self, css):
        """Click as a mouse does."""
        self._ask("POST", self._element(css) + "/click", {})

    def type(self, css, text):
        """Type into a field, and press Enter."""
        self._ask("POST", self._element(css) + "/value", {"text": text + ENTER})

    def reload(self):
        """Load the page anew, as a developer's F5 does."""
        self._ask("POST", "/refresh", {})

    def screenshot(self, path):
        """Write what the window shows as a PNG, once its pictures are loaded and it is painted."""
        script = """
            const done = arguments[0];
            const painted = () => requestAnimationFrame(() => requestAnimationFrame(done));
            const loading = [...document.images].filter((image) => !image.complete);
            Promise.all(loading.map((image) => image.decode().catch(() => {}))).then(painted);
        """
        self._ask("POST", "/execute/async", {"script": script, "args": []})
        path.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def close(self):
        """Close the window, as its cross does."""
        # The driver's own word that the session is over may not come any more.
        with contextlib.suppress(urllib.error.URLError, ConnectionError, http.client.HTTPException):
            self._ask("DELETE", "/window")
