"""When and what to ask a Libre Solar BMS: constant lines that read and never write.

Listen first; a device that reports is left alone. A silent one is asked in the form of current
firmware, then in that of v21.0, then through the command shell of a USB port; a refusal moves on in
the next cycle, silence after three unanswered cycles. A form that was answered is kept.
"""

POLICIES = ("auto", "yes", "no")
LISTEN_MS = 3000
PATIENCE = 3

MEASUREMENTS = (b"?Meas\n",)
MEASUREMENTS_V21 = (b"?output\n", b"?output/Cells_V\n")
MEASUREMENTS_SHELL = (b"thingset ?Meas\n",)
FORMS = (MEASUREMENTS, MEASUREMENTS_V21, MEASUREMENTS_SHELL)
IDENTITY = (b"?Device\n", b"?pNodeID\n", b"?Conf\n")
SENDS = frozenset(line for form in (*FORMS, IDENTITY) for line in form)


class Asking:
    """State of the conversation."""

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._form = 0
        self._unanswered = 0
        self._answered = False
        self._reported = False
        self._quiet_since: int | None = None
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

    def due(self, now: int, *, identified: bool) -> tuple[bytes, ...]:
        """Lines to send in this cycle; `now` in milliseconds."""
        if not self._may_ask(now):
            return ()
        if self._unanswered >= PATIENCE:
            self._answered = False
            self._next_form()
        self._unanswered += 1
        form = FORMS[self._form]
        if form is MEASUREMENTS and self._answered and not identified:
            self._identity_asked += 1
            if self._identity_asked <= PATIENCE:
                return (*form, *IDENTITY)
        return form

    def _may_ask(self, now: int) -> bool:
        if self._policy != "auto":
            return self._policy == "yes"
        if self._reported or self._quiet_since is None:
            self._reported = False
            self._quiet_since = now
        return now - self._quiet_since >= LISTEN_MS

    def _next_form(self) -> None:
        self._unanswered = 0
        self._form = (self._form + 1) % len(FORMS)
        self.in_vain = self.in_vain or self._form == 0
