"""The name of the machine that a bundle is for, as Rust has it, since Tauri looks for that."""

import platform
import sys
from typing import Final

from bundle.problems import Problem

_MACHINES: Final = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "aarch64": "aarch64",
    "arm64": "aarch64",
}
_SYSTEMS: Final = {
    "linux": "unknown-linux-gnu",
    "darwin": "apple-darwin",
    "win32": "pc-windows-msvc",
}


def target_triple() -> str:
    """Return the triple of the Python that runs this, such as `x86_64-unknown-linux-gnu`.

    Raise `Problem` where there is none that the product's wheels are made for.
    """
    machine = _MACHINES.get(platform.machine().lower())
    system = _SYSTEMS.get(sys.platform)
    if machine is None or system is None:
        raise Problem(f"no bundle for {sys.platform} on {platform.machine()}")
    if sys.platform == "linux" and platform.libc_ver()[0] != "glibc":
        raise Problem("no bundle for a Linux without glibc: openvino has no wheel for it")
    return f"{machine}-{system}"
