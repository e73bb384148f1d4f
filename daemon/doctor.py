"""`ocr-sidecar doctor`: what works on this machine, as the daemon itself sees it."""

import argparse
import os
import platform
import sys
from typing import Any, TypeAlias

import orjson

from daemon import __version__
from daemon.client import Client, ClientError, DaemonGone, default_command
from daemon.config import from_options, to_arguments

DEFAULT_ENGINE = "rapidocr"

Answers: TypeAlias = dict[str, Any]
Section: TypeAlias = tuple[str, list[tuple[str, str]]]

_METHODS = ("engine/list", "language/list", "hardware/get")
_WORKER_S = 60.0  # the first worker of all starts, and may have models to unpack


def run(args: argparse.Namespace) -> int:
    """Show the daemon's answers; return 0 when the default engine is available, else 1."""
    try:
        command = [*default_command(), *to_arguments(from_options(args))]
        with Client(command) as client:
            answers = ask(client)
    except DaemonGone as gone:
        sys.stderr.write(f"{gone.stderr_tail}ocr-sidecar: {gone}\n")
        return 1
    except (ClientError, TimeoutError) as error:
        sys.stderr.write(f"ocr-sidecar: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    if args.json:
        sys.stdout.write(orjson.dumps(answers, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _print(sections(answers))
    return 0 if is_ready(answers) else 1


def ask(client: Client) -> Answers:
    """Return the answers to what the doctor asks, by method. Raise as `Client.request` does."""
    introduction = {
        "client": {"name": "ocr-sidecar doctor", "version": __version__},
        "host_pid": os.getpid(),
        "capabilities": {"max_line_bytes": 16 * 1024 * 1024},
    }
    answers = {"initialize": client.request("initialize", introduction)}
    for method in _METHODS:
        answers[method] = client.request(method, timeout_s=_WORKER_S)
    return answers


def is_ready(answers: Answers) -> bool:
    """Whether the default engine is available."""
    return any(
        engine["name"] == DEFAULT_ENGINE and engine["available"]
        for engine in answers["engine/list"]["engines"]
    )


def sections(answers: Answers) -> list[Section]:
    """Return what the table shows: titles, and under each, names and values."""
    server = answers["initialize"]["server"]
    hardware = answers["hardware/get"]
    limits = answers["initialize"]["limits"]
    languages = [one for one in answers["language/list"]["languages"] if one["engines"]]
    free, total = hardware["memory_available_bytes"], hardware["memory_bytes"]
    return [
        (
            "Program",
            [
                (server["name"], server["version"]),
                ("Python", f"{platform.python_version()} ({sys.executable})"),
                ("platform", platform.platform()),
                ("log", server["log_path"] or "none"),
            ],
        ),
        ("Engines", [(e["name"], _engine(e)) for e in answers["engine/list"]["engines"]]),
        (
            "Languages",
            [
                ("count", str(len(languages))),
                ("scripts", ", ".join(sorted({lang["script"] for lang in languages})) or "none"),
                *((f"by {name}", codes) for name, codes in _codes_by_engine(languages).items()),
            ],
        ),
        (
            "Hardware",
            [
                ("cores", f"{hardware['cpu_usable']} usable of {hardware['cpu_count']}"),
                ("memory", f"{_bytes(free)} free of {_bytes(total)}"),
                ("accelerators", ", ".join(hardware["accelerators"]) or "none"),
                ("battery", _battery(hardware)),
                ("workers", _why(hardware, "workers", "reason")),
                ("background workers", _why(hardware, "background_workers", "background_reason")),
                ("threads per worker", _why(hardware, "threads_per_worker", "threads_reason")),
            ],
        ),
        ("Limits", [_limit(name, value) for name, value in limits.items()]),
    ]


def _why(hardware: dict[str, Any], number: str, reason: str) -> str:
    return f"{hardware[number]}: {hardware[reason]}"


def _battery(hardware: dict[str, Any]) -> str:
    if hardware["battery_percent"] is None:
        return "none"
    state = "in use" if hardware["on_battery"] else "not in use"
    return f"{hardware['battery_percent']:.0f} %, {state}"


def _codes_by_engine(languages: list[dict[str, Any]]) -> dict[str, str]:
    by_engine: dict[str, list[str]] = {}
    for language in languages:
        for name in language["engines"]:
            by_engine.setdefault(name, []).append(language["code"])
    return {name: " ".join(codes) for name, codes in by_engine.items()}


def _engine(engine: dict[str, Any]) -> str:
    if engine["available"]:
        return f"available, version {engine['version']}"
    return f"not available: {engine.get('reason') or 'no reason given'}"


def _limit(name: str, value: float) -> tuple[str, str]:
    """Return a limit in words; its name on the wire ends with its unit, if it has one."""
    title, _, unit = name.rpartition("_")
    title = title.replace("_", " ")
    match unit:
        case "bytes":
            return title, _bytes(value)
        case "s":
            return title, f"{value:g} s"
        case _:
            return f"{title} {unit}", f"{value:,}"


def _bytes(n: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if n < 1024:
            return f"{n:.4g} {unit}"
        n /= 1024
    return f"{n:.1f} GiB"


def _print(contents: list[Section]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for number, (title, rows) in enumerate(contents):
        if number:
            table.add_row()
        table.add_row(Text(title, style="bold"))
        for name, value in rows:
            style = "red" if value.startswith("not available") else ""
            table.add_row(Text(f"  {name}"), Text(value, style=style))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 500  # a path in a file or in a pipe is not to be folded
    console.print(table)
