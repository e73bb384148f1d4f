"""The files behind lines: written before the line that names them, read into the line they are in.

On the thread that writes to the host, which may wait for a disk as it waits for the host.
"""

import os

from loguru import logger

from daemon.lines import Overflow, Part, Place, StoredLine
from daemon.newest import Newest
from daemon.scratch import Scratch, open_private


class LineFiles:
    """Resolves the lines of one daemon, in the order in which they leave."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._results = Newest()
        """Files of responses: a host reads such a file at once or never."""

    def resolve(self, line: StoredLine) -> bytes:
        """Return the line to write; its fallback where the disk does not play along."""
        try:
            if line.overflow is not None:
                self._write(line.overflow)
            return b"".join(self._bytes_of(part) for part in line.parts)
        except OSError as error:
            logger.warning("a line needs the scratch folder, in vain: {}", error.strerror)
            return line.fallback

    def _write(self, overflow: Overflow) -> None:
        self._scratch.make()
        unfinished = f"{overflow.path}.new"
        size = 0
        with open(unfinished, "wb", opener=open_private) as file:
            for part in overflow.parts:
                size += file.write(self._bytes_of(part))
        os.replace(unfinished, overflow.path)
        if overflow.is_passing:
            for old in self._results.add(overflow.path, size):
                os.unlink(old)

    def _bytes_of(self, part: Part) -> bytes:
        if isinstance(part, bytes):
            return part
        if isinstance(part, StoredLine):
            return self.resolve(part).rstrip()
        return _read(part)


def _read(place: Place) -> bytes:
    with open(place.path, "rb") as file:
        file.seek(place.offset)
        content = file.read(place.size)
    if len(content) < place.size:
        raise OSError(None, "the file is shorter than it was")
    return content
