"""The subcommands of `ocr-sidecar` for people: what they take, and which function runs them."""

import argparse
from typing import TYPE_CHECKING

from daemon.config import positive
from daemon.errors import RpcError
from daemon.page_ranges import parse_pages

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_RECOGNIZE_EXAMPLES = """\
examples:
  ocr-sidecar recognize scan.pdf
      print the text of scan.pdf, page by page
  ocr-sidecar recognize *.pdf --output-dir texts --format text,json
      write texts/<name>.txt and texts/<name>.json for each file
  ocr-sidecar recognize book.pdf --output-dir texts --format markdown
      write texts/book.md, with its headings, lists and tables
  ocr-sidecar recognize scan.pdf --output-dir . --format searchable_pdf
      write scan.ocr.pdf, which looks like scan.pdf and can be searched
  ocr-sidecar recognize book.pdf --pages 1-20,-1 --language de --language en
      read the first twenty pages and the last one, German and English

On a pipe, the pages of a single file are separated by form feeds. The exit code is 0, 1 when a
page or a file failed, 2 for a wrong command line, 130 after Ctrl-C; pages that were finished by
then are printed or kept.
"""

_DOCTOR_EXAMPLES = """\
examples:
  ocr-sidecar doctor
      show what works here, and what to install where something does not
  ocr-sidecar doctor --json
      the daemon's answers as they are, for a script or a bug report

The exit code is 0 when the default engine is available, else 1.
"""


def add_subcommands(subparsers: "Subparsers") -> None:
    """Add `recognize` and `doctor`; each sets `run`, which takes the arguments: exit code."""
    _add_recognize(subparsers)
    _add_doctor(subparsers)


def _add_recognize(subparsers: "Subparsers") -> None:
    parser = subparsers.add_parser(
        "recognize",
        help="read PDFs and images, and print their text or write it to files",
        description="Read PDFs and images, and print their text or write it to files.",
        epilog=_RECOGNIZE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", type=_file_name, help="a PDF or an image")
    add("--output-dir", metavar="DIR", help="write files there instead of printing the text")
    add(
        "--format",
        action="append",
        type=_names,
        metavar="KIND",
        help="what to print, text or json; or which files to write, then repeatable or separated by"
        " commas: text, json,"
        " hocr,"
        " alto,"
        " markdown,"
        " searchable_pdf;"
        " default: text",
    )
    add(
        "--language",
        action="append",
        type=_names,
        metavar="TAG",
        help="a language of the text, such as en or de; repeatable; default: en",
    )
    add(
        "--engine",
        default="auto",
        metavar="auto|rapidocr|tesseract|null",
        help="what recognizes the text; null finds none, for trying things out; default: auto",
    )
    add(
        "--pages",
        type=_pages,
        metavar="RANGE",
        help="which pages of each file: N, N-M, N-, -N for the Nth from the end, separated by"
        " commas (write --pages=-1 when it begins with a minus); default: all",
    )
    add(
        "--mode",
        choices=("auto", "force", "skip_text"),
        default="auto",
        help="auto keeps a text layer that can be trusted, force reads every page as an image,"
        " skip_text keeps any text layer; default: auto",
    )
    add(
        "--password",
        help="password of the files; other users of the machine may see it in the process list",
    )
    add(
        "--workers",
        type=positive,
        default=argparse.SUPPRESS,  # else it would hide the option of the same name before it
        metavar="N",
        help="how many pages to read at a time; default: what the machine bears",
    )
    add("--overwrite", action="store_true", help="replace files of an earlier run")
    add("--quiet", action="store_true", help="show failures only, no progress and no summary")
    parser.set_defaults(run=lambda args: _run_recognize(parser, args))


def _run_recognize(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    from daemon import cli_recognize

    args.format = _unique(args.format) or ["text"]
    args.language = _unique(args.language)
    if args.output_dir is None and args.format not in (["text"], ["json"]):
        parser.error("without --output-dir, --format is either text or json")
    return cli_recognize.run(args)


def _add_doctor(subparsers: "Subparsers") -> None:
    parser = subparsers.add_parser(
        "doctor",
        help="show what works on this machine, and what to install",
        description="Show what works on this machine, and what to install.",
        epilog=_DOCTOR_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print the daemon's answers as JSON")
    parser.set_defaults(run=_run_doctor)


def _run_doctor(args: argparse.Namespace) -> int:
    from daemon import doctor

    return doctor.run(args)


def _unique(groups: list[list[str]] | None) -> list[str]:
    return list(dict.fromkeys(name for group in groups or () for name in group))


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"an empty name in {text!r}")
    return names


def _file_name(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"no Unicode name: {text!r}; rename it first") from None
    return text


def _pages(text: str) -> str:
    try:
        parse_pages(text, "pages")
    except RpcError as error:
        raise argparse.ArgumentTypeError(error.message.removeprefix("pages: ")) from None
    return text
