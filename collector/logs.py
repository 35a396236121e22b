"""The log: one JSON object a line on stderr, for a journal; a plain line for a person.

It never holds readings or secrets: messages name assets, ports and reasons.
"""

import json
import logging
import sys
import time


class JsonLines(logging.Formatter):
    """One object a line: time (UTC), level, part of the program, text."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "part": record.name.removeprefix("collector."),
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start(*, verbose: bool) -> None:
    """Send the log to stderr; `verbose` is for a terminal and says more."""
    handler = logging.StreamHandler(sys.stderr)
    if verbose:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-8s %(message)s"))
    else:
        handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("collector").setLevel(logging.DEBUG if verbose else logging.INFO)
    # says at every poll that a slow device is still busy, which is our own rule
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
