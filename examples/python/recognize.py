"""Read a document with ocr-sidecar: text on stdout, progress on stderr, Ctrl-C cancels.

    python recognize.py [--engine NAME] [--stop-after PAGES] FILE

By the project's own client, which reads what no line has room for, watches the order of messages
and ends the daemon at the end of `with`. The program is the one that is installed beside the
client, or named by OCR_SIDECAR. Exit codes: 0 something was read, 1 nothing was, 2 wrong usage,
3 no daemon, 130 cancelled.
"""

import argparse
import os
import sys

from daemon.client import Client, DaemonGone, Notification, RequestError

EXIT_CODES = {"succeeded": 0, "partial": 0, "cancelled": 130}


def main() -> int:
    """Read the document; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--stop-after", type=int, metavar="PAGES")
    parser.add_argument("file")
    wanted = parser.parse_args()
    program = os.environ.get("OCR_SIDECAR")
    try:
        with Client([program] if program else None) as client:
            return recognize(client, wanted.file, wanted.engine, wanted.stop_after)
    except KeyboardInterrupt:  # the end of `with` has cancelled the job and ended the daemon
        say("cancelled")
        return EXIT_CODES["cancelled"]
    except RequestError as error:
        say(str(error))
        return 1
    except DaemonGone as error:
        say(f"The daemon has ended: {error}")
        return 3
    except OSError as error:
        say(f"The daemon cannot be started: {error}")
        return 3


def recognize(client: Client, path: str, engine: str, stop_after: int | None) -> int:
    """Read a document and print it; return the exit code."""
    # The daemon then watches this process, and leaves with it however it ends.
    client.request("initialize", {"client": {"name": "example"}, "host_pid": os.getpid()})
    document = {"path": os.path.abspath(path)}
    say(f"{client.request('document/info', {'document': document})['page_count']} pages")
    job_id = client.start([document], options={"engine": engine})
    say(f"started {job_id}")
    n_pages = 0
    for event in client.job_events(job_id):
        show(event)
        n_pages += event.method == "job/page"
        if event.method == "job/page" and n_pages == stop_after:
            client.request("job/cancel", {"job_id": job_id})
    return EXIT_CODES.get(event.params["state"], 1)


def show(event: Notification) -> None:
    """Print what a notification tells."""
    told = event.params
    if event.method == "job/progress":
        say(told["message"])
    elif event.method == "job/page":
        sys.stdout.write(told.get("text", told.get("error", {}).get("message", "")) + "\n")
    else:
        say(told["state"])
        if "error" in told:
            say(told["error"]["message"])


def say(line: str) -> None:
    """Print a line for people."""
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
