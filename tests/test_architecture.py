"""The rules of ARCHITECTURE.md that an import or a call can break, checked on the source."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest

import daemon
import ocr_worker

ROOT = Path(__file__).parent.parent
INSTALLED = ("daemon", "ocr_worker")
PACKAGES = (*INSTALLED, "schema", "bundle")
MAX_LINES = 400

PURE = (
    "admission",
    "background_share",
    "bridge_languages",
    "catalog",
    "deadlines",
    "examples",
    "framing",
    "hardware_report",
    "health_examples",
    "inspections",
    "job_book",
    "jobs",
    "language_lists",
    "last_words",
    "lifecycle",
    "lines",
    "machine_facts",
    "metrics",
    "newest",
    "openrpc",
    "outbox",
    "page_attempts",
    "page_ranges",
    "page_store",
    "replay",
    "reports",
    "responses",
    "restart_policy",
    "timers",
    "validation",
    "work_orders",
    "worker_slot",
)
"""Modules of functions and data: no thread, no process, no clock, no log."""
OWNER = (
    "supervisor",
    "succession",
    "watchdog",
    "reception",
    "checkups",
    "machine_watch",
    "job_runner",
    "assembling",
    "pool",
    "inspector",
    "pictures",
)
"""The state and what may change it: acts through ports only."""
WORLD = {
    "asyncio",
    "concurrent",
    "multiprocessing",
    "psutil",
    "queue",
    "select",
    "selectors",
    "shutil",
    "signal",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}
"""What touches threads, processes, files or the clock."""
BOUNDARY = {"ocr_worker.wire", "ocr_worker.languages", "ocr_worker.outputs.kinds"}
BOUNDARY |= {"ocr_worker.stdio", "ocr_worker.tessdata"}
"""What of the worker's package the daemon may know."""
CLIENT = {"daemon.client", "daemon.client_messages", "daemon.client_session"}
CLIENT |= {"daemon.client_transport"}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


TREES = {
    name_of(path): ast.parse(path.read_text(encoding="utf-8"))
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
LINES = {
    name_of(path): len(path.read_text(encoding="utf-8").splitlines())
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
}


def imports_of(module: str) -> set[str]:
    """Return the modules imported anywhere in a module, inside functions too."""
    found = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            assert node.module is not None
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in TREES else node.module)
    return found


def tops_of(module: str) -> set[str]:
    return {name.partition(".")[0] for name in imports_of(module)}


def importers_of(top: str, packages: tuple[str, ...] = PACKAGES) -> set[str]:
    return {
        module
        for module in TREES
        if module.partition(".")[0] in packages and top in tops_of(module)
    }


def calls_in(module: str) -> Iterator[str]:
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def modules_that_name(*names: str) -> set[str]:
    """Return the modules in which one of these attributes, such as `os.killpg`, is used."""
    return {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in names
    }


def test_the_worker_does_not_know_the_daemon():
    assert importers_of("daemon", ("ocr_worker",)) == set()


@pytest.mark.parametrize("module", [name for name in TREES if name.startswith("daemon")])
def test_the_daemon_knows_of_the_worker_only_the_boundary(module):
    known = {name for name in imports_of(module) if name.split(".")[0] == "ocr_worker"}
    assert known <= BOUNDARY


def test_a_started_daemon_has_imported_no_code_that_opens_documents():
    """Lazy imports in a boundary module would pass the rule above."""
    heavy = [
        "numpy",
        "PIL",
        "pi_heif",
        "pikepdf",
        "pypdfium2",
        "cv2",
        "rapidocr",
        "openvino",
        "onnxruntime",
        "tesserocr",
    ]
    program = f"""
import sys, daemon.__main__, daemon.composition
print([name for name in {heavy} if name in sys.modules])"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, cwd=ROOT
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_a_started_daemon_has_not_loaded_what_only_describes_it():
    program = """
import sys, daemon.__main__, daemon.composition
print([name for name in ("daemon.openrpc", "daemon.examples") if name in sys.modules])"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, cwd=ROOT
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


@pytest.mark.parametrize("tool", ["schema", "bundle"])
def test_what_is_installed_does_not_know_what_generates_and_builds(tool):
    assert importers_of(tool, INSTALLED) == set()


def test_what_differs_in_a_bundle_is_known_in_one_place():
    assert modules_that_name("sys.frozen", "sys._MEIPASS") == set()
    asked = {
        module
        for module in TREES
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Constant) and node.value in ("frozen", "_MEIPASS")
    }
    assert asked == {"daemon.frozen"}


def test_jsonrpcserver_has_one_door():
    assert importers_of("jsonrpcserver") == {"daemon.dispatch"}


def test_processes_are_spawned_in_two_places():
    """Workers on the one thread that lives as long as the daemon; the guard, which needs no such
    parent, on its own.
    """
    doors = {"daemon.worker_process", "daemon.guard_process"}
    assert importers_of("subprocess", INSTALLED) - CLIENT == doors


def test_processes_are_signalled_in_one_place_of_each_program():
    named = modules_that_name("os.kill", "os.killpg", "signal.SIGKILL")
    doors = {"daemon.worker_process", "daemon.guard"}
    assert named - {"ocr_worker.__main__"} - CLIENT == doors


def test_the_guard_needs_no_package():
    """It runs without site-packages, and by its path."""
    assert imports_of("daemon.guard") <= set(sys.stdlib_module_names)


def test_the_daemon_reads_the_clock_in_one_place():
    assert importers_of("time", ("daemon",)) - CLIENT == {"daemon.clock"}


def test_the_daemon_starts_threads_in_two_places():
    """Through the guarded helper, or for the log, which nothing else could report to."""
    thread_classes = modules_that_name("threading.Thread") | {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "threading"
        if "Thread" in {alias.name for alias in node.names}
    }
    in_the_daemon = {name for name in thread_classes if name.startswith("daemon.")}
    assert in_the_daemon - CLIENT == {"daemon.threads", "daemon.log"}


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_touches_nothing(module):
    assert tops_of(f"daemon.{module}") & (WORLD | {"loguru"}) == set()


@pytest.mark.parametrize("module", OWNER)
def test_the_owner_acts_through_ports_only(module):
    may_log = module in ("supervisor", "reception", "job_runner")
    assert tops_of(f"daemon.{module}") & (WORLD | (set() if may_log else {"loguru"})) == set()


@pytest.mark.parametrize("module", PURE + OWNER)
def test_what_decides_does_not_import_what_acts(module):
    edges = {"event_loop", "dispatch", "methods", "transport", "worker_process", "files", "log"}
    edges |= {"threads", "composition", "hardware", "guard_process", "host_watch", "scratch"}
    edges |= {"bridge", "bridge_host", "cgroups", "machine_probe"}
    assert imports_of(f"daemon.{module}") & {f"daemon.{edge}" for edge in edges} == set()


@pytest.mark.parametrize("module", PURE + OWNER)
def test_what_decides_reads_no_clock(module):
    assert "read_clock" not in set(calls_in(f"daemon.{module}"))


@pytest.mark.parametrize("module", sorted(CLIENT))
def test_the_client_needs_nothing_of_the_daemon_it_talks_to(module):
    others = {name for name in imports_of(module) if name.split(".")[0] in PACKAGES}
    assert others <= CLIENT | {"daemon.clock", "daemon.frozen"}


def test_there_is_one_kind_of_concurrency():
    assert importers_of("asyncio") | importers_of("multiprocessing") == set()


def test_openvino_has_one_door():
    """The one that bars its telemetry first."""
    assert importers_of("openvino") == {"ocr_worker.engines.rapidocr.openvino_networks"}


def test_rapidocr_itself_is_imported_nowhere():
    """Its modules bring an HTTP client and a downloader with them; only its models are used."""
    assert importers_of("rapidocr") == set()


def test_tesseract_has_one_door():
    """The one that sees to its threads first."""
    assert importers_of("tesserocr") == {"ocr_worker.engines.tesseract.library"}


def test_nothing_opens_a_connection():
    for top in ("socket", "ssl", "http", "urllib", "requests", "ftplib"):
        assert importers_of(top) == set(), top


def test_pikepdf_has_two_doors():
    """The PDFs it opens are as hostile as any; and most workers never need it."""
    package = "ocr_worker.outputs.searchable_pdf"
    others = {name for name in importers_of("pikepdf") if not name.startswith(package)}
    assert others == {"ocr_worker.documents.pdf_structure"}


def test_only_documents_know_pdfium():
    """It is not thread-safe; what opens documents runs on one thread."""
    assert all(name.startswith("ocr_worker.documents.") for name in importers_of("pypdfium2"))


def test_documents_know_no_engine():
    for module in TREES:
        if module.startswith("ocr_worker.documents"):
            engines = {name for name in imports_of(module) if ".engines" in name}
            assert engines <= {"ocr_worker.engines.base"}, module


@pytest.mark.parametrize("module", TREES)
def test_a_module_says_what_it_is_for(module):
    assert ast.get_docstring(TREES[module])


@pytest.mark.parametrize("module", TREES)
def test_a_module_is_no_longer_than_can_be_read_at_once(module):
    assert LINES[module] <= MAX_LINES


@pytest.mark.parametrize("module", TREES)
def test_nothing_prints_to_the_wire_or_sleeps(module):
    forbidden = {"print", "time.sleep", "sleep"}
    if module == "ocr_worker.engines.null":
        forbidden -= {"time.sleep"}  # its slowness is what it is for
    assert set(calls_in(module)) & forbidden == set()


def test_loguru_is_configured_in_one_place():
    doors = {name for name in TREES if {"logger.add", "logger.remove"} & set(calls_in(name))}
    assert doors == {"daemon.log"}


def test_these_are_the_packages_under_test():
    for package in (daemon, ocr_worker):
        assert package.__file__ is not None
        assert Path(package.__file__).is_relative_to(ROOT)


def test_what_a_host_would_spawn_is_what_was_installed(tmp_path):
    """PyPI's python-daemon also installs a package called `daemon`."""
    program = """
import importlib.metadata as metadata, json, daemon, ocr_worker
try:
    installed = metadata.distribution("ocr-sidecar")
except metadata.PackageNotFoundError:
    print("null")
else:
    print(json.dumps({
        "origin": json.loads(installed.read_text("direct_url.json") or "{}"),
        "folder": str(installed.locate_file("")),
        "files": [daemon.__file__, ocr_worker.__file__],
    }))"""
    # As a host runs it: not in our folder, and with nothing but the environment's packages.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=20, cwd=tmp_path, env=env
    )
    if "No module named 'daemon'" in done.stderr:
        pytest.skip("ocr-sidecar is not installed here, the tests run from its source")
    found = json.loads(done.stdout)
    assert found is not None, "there is a package called daemon, and it is not ours"
    folder = found["folder"]
    if found["origin"].get("dir_info", {}).get("editable", False):
        folder = url2pathname(urlparse(found["origin"]["url"]).path)
    for file in found["files"]:
        assert Path(file).resolve().is_relative_to(Path(folder).resolve())
