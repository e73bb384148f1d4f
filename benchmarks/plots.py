"""Plots for docs/performance.md, of what `scaling` and `memory` have written.

    python -m benchmarks.plots [--scaling FILE] [--memory FILE] [--folder docs/images]

makes `throughput.svg` of the one and `memory.svg` of the other. Needs matplotlib, which
`pip install -e '.[benchmark]'` brings. Text and axes take the colour that the reader's theme has
for text, by a style in the file; the ground is left to the page.
"""

import argparse
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

from benchmarks import memory, scaling

DOCS_IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SIZE_INCHES = (6.4, 3.2)
STROKE = "#010203"
"""Stands for the theme's colour until the file is written; nothing else is drawn in it."""
STYLE = "svg{color:#1f2328}@media (prefers-color-scheme:dark){svg{color:#e6edf3}}"
OURS, OTHER, FAINT = "#2f81f7", "#d9731a", "#8b949e"
"""Seen well on white and on black."""
SETTINGS = {
    "svg.fonttype": "none",  # letters stay letters, in the reader's own font
    "svg.hashsalt": "ocr-sidecar",  # the same figures give the same file
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # which it measures with; `sans-serif` follows it
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    **{f"{part}.color": STROKE for part in ("text", "xtick", "ytick")},
    **{f"axes.{part}color": STROKE for part in ("edge", "label")},
}

Speeds = list[tuple[int, float, float, float]]
"""Slots, and the median, least and greatest pages a minute."""
Points = list[tuple[float, float]]


def speeds(report: dict[str, Any]) -> Speeds:
    """Return the speeds of a report of `scaling`."""
    figures = {figure["name"]: figure for figure in report["figures"]}
    found = []
    for slots in range(1, report["settings"]["slots"] + 1):
        figure = figures[scaling.speed_name(slots)]
        found.append((slots, figure["median"], figure["min"], figure["max"]))
    return found


def recoloured(svg: str) -> str:
    """Return the picture with its strokes and letters in the colour of the reader's theme."""
    svg = svg.replace(STROKE, "currentColor")
    return re.sub(r"(<svg\b[^>]*>)", rf'\1\n <style type="text/css">{STYLE}</style>', svg, count=1)


def draw_throughput(axes: Any, report: dict[str, Any]) -> None:
    found = speeds(report)
    slots = [each[0] for each in found]
    medians = [each[1] for each in found]
    spread = [
        [median - least for _, median, least, _ in found],
        [greatest - median for _, median, _, greatest in found],
    ]
    ideal = [medians[0] * number for number in slots]
    axes.plot(slots, ideal, "--", color=FAINT, label="one slot, times slots")
    axes.errorbar(
        slots, medians, yerr=spread, fmt="o-", color=OURS, capsize=3, label="median, min to max"
    )
    cores = report["machine"]["cores"]
    axes.axvline(cores, color=OTHER, linestyle=":", label=f"processors: {cores}")
    axes.set(xlabel="slots", ylabel="pages a minute", xticks=slots)
    axes.set_ylim(bottom=0)


def draw_memory(axes: Any, report: dict[str, Any]) -> None:
    for name, colour in ((memory.PEAK, OTHER), (memory.RESIDENT, OURS)):
        points: Points = report["series"][name]
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.5, label=f"{name} memory")
    axes.axhline(memory.TARGET_MB, color=FAINT, linestyle="--", label="target, resident")
    axes.set(xlabel="pages read by one worker", ylabel="MB")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)


PLOTS = {"scaling": ("throughput.svg", draw_throughput), "memory": ("memory.svg", draw_memory)}
"""By the name of the benchmark: the file, and who draws it."""


def write(name: str, report: dict[str, Any], folder: Path) -> Path:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    file, draw = PLOTS[name]
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        axes = figure.subplots()
        draw(axes, report)
        axes.legend(loc="lower right")
        drawn = io.StringIO()
        figure.savefig(
            drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    path = folder / file
    path.write_text(recoloured(drawn.getvalue()), encoding="utf-8")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in PLOTS:
        what = f"what `python -m benchmarks.{name} --json FILE` wrote"
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=what)
    parser.add_argument("--folder", type=Path, default=DOCS_IMAGES, metavar="DIR")
    options = parser.parse_args()
    given = {name: getattr(options, name) for name in PLOTS if getattr(options, name) is not None}
    if not given:
        parser.error("nothing to plot")
    for name, path in given.items():
        print(write(name, json.loads(path.read_text(encoding="utf-8")), options.folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
