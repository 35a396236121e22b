"""Which page of a Green-BMS to ask for, and keeping it awake: harmless constant lines only.

The device acknowledges nothing and takes anybody's word, settings included, so nothing is ever sent
but these: page 2, page 3 for one scan, cell count and capacity on and off, keep-alive. What it does
afterwards is seen in what it sends; a page that does not come is asked for again. Left alone for
fifteen seconds it falls silent by itself, which is how it is left.
"""

PACK, CELLS = b"#s2\n", b"#s3\n"
COUNT_ON, COUNT_OFF = b"#h1\n", b"#h0\n"
ALIVE = tuple(b"#m%d\n" % n for n in range(10))
"""The number must change from one keep-alive to the next."""
SENDS = frozenset((PACK, CELLS, COUNT_ON, COUNT_OFF, *ALIVE))

ALIVE_MS = 3000
REPEAT_MS = 2500
TICK_MS = 400
"""A line, that is two cells."""
LONGEST_SCAN_MS = 15_000
TRIES = 3
"""To learn the number of cells."""


class Paging:
    """State of the conversation."""

    def __init__(self, active: bool, scan_ms: int) -> None:
        self._active = active
        self._scan_ms = scan_ms
        self._scan_due = 0
        self._scan_until: int | None = None
        self._alive = 0
        self._alive_at: int | None = None
        self._page: int | None = None
        self._wanted: int | None = None
        self._seen_at = 0
        self._is_counting = False
        self._tries = 0

    def heard(self, *, page: int) -> None:
        self._page = page

    def scanned(self) -> None:
        """One complete scan has come."""
        self._scan_until = None

    def due(self, now: int, count: int | None, *, is_learned: bool) -> tuple[bytes, ...]:
        """Lines to send in this cycle; `count` is the number of cells, if known."""
        if not self._active:
            return ()
        heard, self._page = self._page, None
        lines = (*self._keep_alive(now), *self._learn(heard, is_learned))
        is_due = now >= self._scan_due or now < self._scan_due - self._scan_ms
        if heard == 2 and not self._is_counting and is_due:
            self._scan_due = now + self._scan_ms
            self._scan_until = now + _scan_ms(count)
        if self._scan_until is not None and now >= self._scan_until:
            self._scan_until = None
        return (*lines, *self._choose(2 if self._scan_until is None else 3, heard, now))

    def _keep_alive(self, now: int) -> tuple[bytes, ...]:
        if self._alive_at is not None and 0 <= now - self._alive_at < ALIVE_MS:
            return ()
        self._alive_at = now
        self._alive = (self._alive + 1) % len(ALIVE)
        return (ALIVE[self._alive],)

    def _learn(self, heard: int | None, is_learned: bool) -> tuple[bytes, ...]:
        """While count and capacity are shown, the values are not: ask, and switch it off again."""
        if self._is_counting:
            self._is_counting = False
            return (COUNT_OFF,)
        if is_learned or heard != 2 or self._tries >= TRIES:
            return ()
        self._tries += 1
        self._is_counting = True
        return (COUNT_ON,)

    def _choose(self, wanted: int, heard: int | None, now: int) -> tuple[bytes, ...]:
        """Ask for a page when it becomes the wanted one, and when it does not come."""
        if wanted == self._wanted:
            if heard == wanted:
                self._seen_at = now
            if 0 <= now - self._seen_at < REPEAT_MS:
                return ()
        self._wanted, self._seen_at = wanted, now
        return (CELLS if wanted == 3 else PACK,)


def _scan_ms(count: int | None) -> int:
    """Time for one pass over the cells, which may begin just after the first."""
    if count is None:
        return LONGEST_SCAN_MS
    return min(2 * (-(-count // 2) * TICK_MS) + 1000, LONGEST_SCAN_MS)
