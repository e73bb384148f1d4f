"""What every benchmark here shares: figures and how they are shown, facts of the machine.

A figure is the median of a quantity over the runs, with its least and greatest value; a target is
held against the median. A check is a fact that must hold in every run.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = (
    *("ocr-sidecar", "rapidocr", "openvino", "onnxruntime", "pypdfium2", "numpy", "Pillow"),
    *("jsonrpcserver", "orjson", "msgspec", "mcp", "pygls"),
    *("kreuzberg", "ocrmypdf"),
)
_COMMANDS = ("tesseract",)


@dataclass(frozen=True)
class Figure:
    """A quantity measured once a run; `target` is ("<", 20) or (">=", 1.7), or None."""

    name: str
    unit: str
    values: list[float]
    target: tuple[str, float] | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool:
        if self.target is None:
            return True
        sign, bound = self.target
        return self.median < bound if sign == "<" else self.median >= bound


@dataclass
class Report:
    """The outcome of one benchmark: figures in order, and checks with what was wrong."""

    title: str
    runs: int
    settings: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """What a plot is made of, by name: points of x and y. In the JSON file only."""
    machine: dict[str, Any] = field(default_factory=lambda: machine_facts())

    def add(
        self,
        name: str,
        unit: str,
        values: Sequence[float],
        target: tuple[str, float] | None = None,
    ) -> None:
        self.figures.append(Figure(name, unit, list(values), target))

    def check(self, name: str, faults: Sequence[str] = ()) -> None:
        """Note that a check was made, and what it found wrong; may be called once a run."""
        self.faults.setdefault(name, []).extend(faults)

    @property
    def is_met(self) -> bool:
        return all(figure.is_met for figure in self.figures) and not any(self.faults.values())

    def finish(self, json_path: Path | None) -> int:
        """Print the table, write the JSON file where one is wanted, return the exit code."""
        print(self._text())
        if json_path is not None:
            json_path.parent.mkdir(parents=True, exist_ok=True)
            json_path.write_text(json.dumps(self._object(), indent=1) + "\n", encoding="utf-8")
        return 0 if self.is_met else 1

    def _text(self) -> str:
        rows: list[tuple[str, ...]] = [("", "median", "min", "max", "n", "target", "")]
        for figure in self.figures:
            numbers = (figure.median, min(figure.values), max(figure.values))
            target = "" if figure.target is None else f"{figure.target[0]} {figure.target[1]:g}"
            verdict = "" if figure.target is None else "met" if figure.is_met else "MISSED"
            name = f"{figure.name} [{figure.unit}]" if figure.unit else figure.name
            count = str(len(figure.values))
            rows.append((name, *(f"{number:.4g}" for number in numbers), count, target, verdict))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        facts = self.machine
        lines = [
            self.title,
            f"{facts['cpu']}, {facts['cores']} cores, load {facts['load']} at the start, "
            f"Python {facts['python']}, {facts['system']}",
            "",
        ]
        for name, *cells in rows:
            right = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
            lines.append("  ".join([name.ljust(widths[0]), *right]).rstrip())
        for name, faults in self.faults.items():
            lines.append(f"{name}: {'no, ' + '; '.join(faults) if faults else 'yes'}")
        return "\n".join(lines)

    def _object(self) -> dict[str, Any]:
        return {
            "benchmark": self.title,
            "runs": self.runs,
            "settings": self.settings,
            "machine": self.machine,
            "figures": [
                {
                    "name": figure.name,
                    "unit": figure.unit,
                    "median": figure.median,
                    "min": min(figure.values),
                    "max": max(figure.values),
                    "values": figure.values,
                    "target": figure.target,
                    "met": figure.is_met,
                }
                for figure in self.figures
            ],
            "checks": self.faults,
            "series": self.series,
            "met": self.is_met,
        }


def arguments(doc: str | None, *, runs: int = 5, data: bool = True) -> argparse.ArgumentParser:
    """Return a parser with the options that the benchmarks share."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    if data:
        parser.add_argument(
            "--data", type=Path, required=True, metavar="DIR", help="with NNN.jpg and truth.json"
        )
    parser.add_argument("--runs", type=int, default=runs, metavar="N", help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return run by run how many times theirs ours is."""
    return [own / other for own, other in zip(ours, theirs, strict=True)]


def say(text: str) -> None:
    """Tell how far it is, on stderr: the table alone goes to stdout."""
    print(text, file=sys.stderr, flush=True)


def machine_facts() -> dict[str, Any]:
    """Return what figures depend on besides the code."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": _cpu_model(),
        "cores": usable,
        "memory_bytes": psutil.virtual_memory().total,
        "load": round(psutil.getloadavg()[0], 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": {name: _version_of(name) for name in _PACKAGES}
        | {f"{name} (command)": _command_version(name) for name in _COMMANDS},
    }


def _cpu_model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _command_version(command: str) -> str | None:
    """Return the first line of what the command says of its version."""
    if shutil.which(command) is None:
        return None
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).partition("\n")[0]
