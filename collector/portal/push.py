"""The push: the newest readings and what waits in the spool, signed, until the portal has it.

One request at a time. A batch with blocks is frozen in the spool first and sent with the same
bytes until a receipt matches; a push of live readings alone is not kept, since the next one says
it better. Every push carries the newest readings, so a backlog never delays what is shown.
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import requests

from .. import __version__
from ..clock import Clock
from ..sampler import Sampler
from ..spool.spool import BATCH_PACKED, Frozen, Spool, SpoolError
from ..wire.envelope import PART, Agent, Receipt
from ..wire.reading import Reading
from ..words import english
from . import identity as identities
from .answers import Next, Verdict, judge
from .identity import IdentityError
from .reach import PortalError, fault
from .rotation import WANTED, rotate
from .wishes import Wishes

log = logging.getLogger(__name__)

CONNECT_TIMEOUT, READ_TIMEOUT, ANSWER_TIMEOUT = 10, 30, 45
MAX_ANSWER = 1 << 20
LONGEST_PAUSE = 300.0
BACKLOG_PAUSE = 1.0
"""Least seconds between pushes while blocks wait that did not fit; a slow portal gets longer."""
BACKLOG_SHARE = 2.0
"""How much longer than it took to answer the portal is left alone meanwhile."""
SHORTEST_PAUSE = 0.5
SMALLEST_BATCH = 2048
SPLIT_AFTER = 4
"""Refusals in a row before a lone block is cut: an earlier answer to it may have been lost."""
ROTATION_PAUSE = 60.0
"""Seconds between two attempts to change the key."""
BURIED_AT_MOST = 3
"""Batches set aside in a row; a portal that takes none at all is at fault itself."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of one push: seconds until the next, and whether the portal stored this one."""

    pause: float
    stored: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch about to be sent; `kept` in the spool; `live` readings nobody has been sent yet."""

    frozen: Frozen
    kept: bool
    live: tuple[Reading, ...] = ()


class Pusher:
    """Pushes for one collector; used by one thread.

    `state` holds the identity. `session` does the HTTP; `chance` draws the jitter, from 0 to 1.
    """

    def __init__(
        self,
        state: Path,
        spool: Spool,
        sampler: Sampler,
        clock: Clock,
        wishes: Wishes,
        session: requests.Session | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._state, self._wishes = state, wishes
        self._identity = identities.load(state)
        self._signer = identities.signer(state, self._identity)
        self._spool, self._sampler, self._clock = spool, sampler, clock
        self._session = session or requests.Session()
        self._session.headers["User-Agent"] = f"trackingbms-collector/{__version__}"
        self._chance = chance
        self._boot, self._started = uuid4().hex, clock.monotonic()
        self._failures = self._buried = self._oversized = 0
        self._most = BATCH_PACKED
        self._took = self._rotation_due = 0.0
        self.delivered: int | None = None
        """When the portal took something for the last time, epoch milliseconds."""

    @property
    def name(self) -> str:
        """What the portal calls this collector."""
        return self._identity.collector

    def push(self) -> Pushed:
        """One push of the most urgent batch. Raises SpoolError if the disk refuses."""
        if (self._state / WANTED).exists():
            self._rotate()
        draft = self._draft()
        verdict = self._send(draft.frozen)
        if verdict.next is Next.CLOCK:
            verdict = self._send(draft.frozen)
        if verdict.next is Next.STORED:
            return self._stored(draft, verdict.receipt)
        if draft.kept and verdict.next in (Next.SMALLER, Next.BURY, Next.COPIED):
            return self._changed(draft.frozen, verdict)
        return self._later(verdict)

    def _draft(self) -> Draft:
        """What to send now.

        Until the portal has told the time nothing new is frozen: dates may still have to move.
        """
        if pending := self._spool.pending():
            return Draft(pending, kept=True)
        now, agent = self._clock.now(), self._agent()
        if not self._clock.synced:
            return Draft(self._spool.unspooled(now, (), agent), kept=False)
        live = self._sampler.fresh()
        if frozen := self._spool.freeze(now, live, agent, self._most):
            return Draft(frozen, kept=True, live=live)
        return Draft(self._spool.unspooled(now, live, agent), kept=False, live=live)

    def _send(self, frozen: Frozen) -> Verdict:
        headers = self._signer.headers(
            self._clock.now() // 1000, frozen.epoch, frozen.seq, frozen.digest
        )
        part = {PART: ("batch.json.gz", frozen.body, "application/gzip")}
        sent = self._clock.monotonic()
        try:
            with self._session.post(
                self._identity.ingest_url,
                files=part,
                headers=headers,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=False,
                stream=True,
                verify=self._session.verify,
            ) as answer:
                verdict = judge(answer.status_code, answer.headers, _body(answer), frozen)
        except requests.RequestException as error:
            return Verdict(Next.LATER, english(fault(error), reason=type(error).__name__))
        received = self._clock.monotonic()
        self._took = received - sent
        if verdict.server_time is not None:
            self._learn(verdict.server_time, sent, received)
        return verdict

    def _learn(self, server_time: int, sent: float, received: float) -> None:
        first = not self._clock.synced
        correction = self._clock.learn(server_time, sent, received)
        if correction:
            log.warning("the clock was wrong by %.1f s", correction / 1000)
        if first:
            try:
                self._sampler.redate(correction, self._clock.base, final=True)
            except SpoolError:
                self._clock.forget(correction)
                raise

    def _stored(self, draft: Draft, receipt: Receipt) -> Pushed:
        if draft.kept:
            for outcome in self._spool.settle(draft.frozen, receipt, self._clock.now()):
                log.error("block %s of %s refused: %s", outcome.seq, outcome.asset, outcome.reason)
        self._sampler.shown(draft.live)
        self.delivered = self._clock.now()
        self._heed(draft.frozen, receipt)
        if self._failures:
            log.info("the portal answers again")
        self._failures = self._buried = self._oversized = 0
        pause = receipt.next_push
        if self._spool.queued():
            pause = min(pause, max(BACKLOG_PAUSE, BACKLOG_SHARE * self._took))
        return Pushed(self._wishes.sending.pause(pause), True)

    def _heed(self, frozen: Frozen, receipt: Receipt) -> None:
        """Do what else the portal asks for. The batch is delivered, whatever comes of it."""
        try:
            self._wishes.hear(self._identity, frozen, receipt)
        except OSError as error:
            log.error("what the portal asks for cannot be kept: %s", error)
        if receipt.rotate:
            self._rotate()

    def _rotate(self) -> None:
        """Change the key; if that fails the old one goes on, and it is tried again."""
        if self._clock.monotonic() < self._rotation_due:
            return
        self._rotation_due = self._clock.monotonic() + ROTATION_PAUSE
        try:
            changed = rotate(self._state, self._session, self._clock.now())
            self._signer = identities.signer(self._state, changed)
        except (PortalError, IdentityError, OSError) as error:
            log.error("the key is not changed: %s", error)
            return
        self._identity = changed
        log.info("the key is changed: %s", changed.key_id)

    def _changed(self, frozen: Frozen, verdict: Verdict) -> Pushed:
        """The portal read the batch, or its size, and will not take it as it is."""
        now = self._clock.now()
        if verdict.next is Next.SMALLER:
            self._oversized += 1
            self._most = max(SMALLEST_BATCH, min(self._most, len(frozen.body)) // 2)
            if self._spool.thaw(frozen, now, split=self._oversized > SPLIT_AFTER):
                self._oversized = 0
            log.warning("the portal wants smaller batches: %d bytes from now on", self._most)
            return Pushed(BACKLOG_PAUSE, False, verdict.reason)
        if self._buried == BURIED_AT_MOST:
            return self._later(verdict)
        self._buried += 1
        self._spool.bury(frozen, verdict.reason, now)
        log.error("batch %d will never be taken (%s): set aside", frozen.seq, verdict.reason)
        if verdict.next is Next.COPIED:
            self._spool.renew_epoch()
            log.critical("this spool seems to be a copy: going on under a new epoch")
        return Pushed(BACKLOG_PAUSE, False, verdict.reason)

    def _later(self, verdict: Verdict) -> Pushed:
        """Wait as long as the portal asks, or up to twice as long each time, jittered."""
        self._failures += 1
        self._oversized = 0
        level = logging.CRITICAL if verdict.next is Next.REFUSED else logging.WARNING
        log.log(level, "not delivered, kept: %s", verdict.reason)
        if verdict.pause is not None:
            return Pushed(verdict.pause + self._chance(), False, verdict.reason)
        ceiling = min(LONGEST_PAUSE, 2.0 ** min(self._failures, 16))
        return Pushed(max(SHORTEST_PAUSE, self._chance() * ceiling), False, verdict.reason)

    def _agent(self) -> Agent:
        """This collector as a batch describes it; the spool adds what waits behind the batch."""
        uptime = int(self._clock.monotonic() - self._started)
        thinned, lost = self._spool.losses()
        wish, refused = self._wishes.report()
        return Agent(__version__, 0, self._boot, uptime, thinned, lost, wish, refused)


def _body(answer: requests.Response) -> bytes:
    """The answer, whole; an answer that is endless or dripping is a broken connection."""
    body, deadline = bytearray(), time.monotonic() + ANSWER_TIMEOUT
    for piece in answer.iter_content(16384):
        body += piece
        if len(body) > MAX_ANSWER or time.monotonic() > deadline:
            raise requests.ConnectionError("the answer does not end")
    return bytes(body)
