"""`FileLog`: a feed's log that outlives its process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from tests.feeds.storm import news


class FileLog:
    """The epoch, then a line for each update, handed to the system at once: so it is there after a SIGKILL."""

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        if not path.exists():
            path.write_text(f"{time.time_ns() // 1_000_000}\n")
        epoch, *numbers = path.read_text().splitlines()
        self.epoch = int(epoch)
        self.head = len(numbers)
        self._file = path.open("a", buffering=1)

    def append(self, value: news.Update) -> int:
        self.head += 1
        assert value["number"] == self.head
        self._file.write(f"{self.head}\n")
        return self.head

    async def read(self, after: int, limit: int) -> Sequence[tuple[int, news.Update]] | None:
        return [(offset, news.update(offset)) for offset in range(after + 1, min(self.head, after + limit) + 1)]
