"""When and what to ask a Libre Solar BMS: constant lines that read and never write.

Listen first; a device that reports is left alone. A silent one is asked in the form of current
firmware, then in that of v21.0, then through the command shell of a USB port; a refusal moves on in
the next cycle, silence after three unanswered cycles. A form that was answered is kept.

One line a cycle: the firmware drops what arrives while it works on a request. So what is wanted
besides the measurements, the identity or the cells of v21.0, takes every second turn.
"""

POLICIES = ("auto", "yes", "no")
LISTEN_MS = 3000
PATIENCE = 3

CURRENT, V21, SHELL = FORMS = (b"?Meas\n", b"?output\n", b"thingset ?Meas\n")
CELLS_V21 = b"?output/Cells_V\n"
IDENTITY = (b"?Device\n", b"?pNodeID\n", b"?Conf\n")
SENDS = frozenset((*FORMS, CELLS_V21, *IDENTITY))


class Asking:
    """State of the conversation."""

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._form = 0
        self._unanswered = 0
        self._answered = False
        self._reported = False
        self._quiet_since: int | None = None
        self._is_second_turn = False
        self._identity_asked = 0
        self.in_vain = False
        """Every form was tried without an answer."""

    def heard(self, *, report: bool) -> None:
        """Measurements came, pushed or as an answer."""
        self.in_vain = False
        if report:
            self._reported = True
        else:
            self._answered = True
            self._unanswered = 0

    def refused(self) -> None:
        """The device answered that it does not know what it was asked."""
        if not self._answered:
            self._unanswered = PATIENCE

    def due(self, now: int, *, is_identified: bool) -> tuple[bytes, ...]:
        """What to send in this cycle; `now` in milliseconds."""
        if not self._may_ask(now):
            return ()
        self._is_second_turn = self._answered and not self._is_second_turn
        if self._is_second_turn and (besides := self._besides(is_identified)):
            return (besides,)
        if self._unanswered >= PATIENCE:
            self._next_form()
        self._unanswered += 1
        return (FORMS[self._form],)

    def _may_ask(self, now: int) -> bool:
        if self._policy != "auto":
            return self._policy == "yes"
        if self._reported or self._quiet_since is None:
            self._reported = False
            self._quiet_since = now
        return now - self._quiet_since >= LISTEN_MS

    def _besides(self, is_identified: bool) -> bytes | None:
        if FORMS[self._form] == V21:
            return CELLS_V21
        if FORMS[self._form] == SHELL or is_identified:
            return None
        if self._identity_asked == PATIENCE * len(IDENTITY):
            return None
        self._identity_asked += 1
        return IDENTITY[(self._identity_asked - 1) % len(IDENTITY)]

    def _next_form(self) -> None:
        self._answered = False
        self._unanswered = 0
        self._form = (self._form + 1) % len(FORMS)
        self.in_vain = self.in_vain or self._form == 0
