"""`schema`: the written contract of what is sent, for whoever makes a device of their own."""

import argparse
import json

from ..wire.schema import schema


def arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(args: argparse.Namespace) -> int:
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
    return 0
