"""A small cache in files, shared by every process of the host; losing it costs time only."""

import json
from pathlib import Path
from typing import Any, BinaryIO

from cachelib import FileSystemCache


class _Json:
    """Values are JSON: a cache file can hold wrong data, never code."""

    def dump(self, value: Any, file: BinaryIO) -> None:
        file.write(json.dumps(value).encode())

    def load(self, file: BinaryIO) -> Any:
        try:
            return json.loads(file.read())
        except ValueError:  # cut short by a crash: as good as absent
            return None


class SharedCache(FileSystemCache):
    """At most 500 entries of JSON; a read costs tens of microseconds."""

    serializer = _Json()

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), threshold=500)
