"""JSON Schema of the batch, generated from the registry: a third party's written contract."""

from typing import Any

from . import block, envelope, reading
from .alarms import ALARMS, SEVERITIES
from .metrics import EXTENSION, METRICS, STATES

_TYPES = {bool: "boolean", int: "integer", str: "string"}


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of version 1 of the envelope."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "TrackingBMS batch",
        "type": "object",
        "required": ["v", "sent"],
        "properties": {
            "v": {"const": envelope.VERSION},
            "sent": _TIME,
            "agent": _AGENT,
            "live": {"type": "array", "maxItems": envelope.MAX_LIVE, "items": _reading()},
            "blocks": {"type": "array", "maxItems": envelope.MAX_BLOCKS, "items": _block()},
        },
    }


_COUNT = {"type": "integer", "minimum": 0, "exclusiveMaximum": 1 << 53}
_AGENT = {
    "type": "object",
    "description": "what the device says of itself; anything in it may be left out",
    "properties": {
        "version": {"type": "string", "maxLength": 32},
        "boot": {"type": "string", "maxLength": 40},
        "uptime": {**_COUNT, "description": "seconds"},
        "queued": {**_COUNT, "description": "blocks and batches waiting behind this batch"},
        "thinned": {**_COUNT, "description": "readings left out because the store was full"},
        "lost": {**_COUNT, "description": "readings gone for good"},
        "wish": {**_COUNT, "description": "revision of the portal's wish heard last"},
        "refused": {"type": "string", "maxLength": 32, "description": "why it is not followed"},
    },
}
_TIME = {
    "type": "integer",
    "minimum": 0,
    "exclusiveMaximum": 1 << 47,
    "description": "UTC epoch milliseconds",
}
_UID = {"type": "string", "pattern": f"^{reading.UID.pattern}$"}
_EXTENSIONS = f"^{EXTENSION}[a-z0-9_]+$"


def _reading() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["asset", "ts"],
        "properties": {
            "asset": _UID,
            "ts": _TIME,
            "values": _metrics(array=False, shape=lambda text: {"type": "number", **text}),
            "arrays": _metrics(array=True, shape=_list_of_numbers),
            "states": _STATES,
            "alarms": _ALARMS,
        },
    }


def _block() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["asset", "seq", "t0", "n", "dt"],
        "properties": {
            "asset": _UID,
            "seq": {"type": "integer", "minimum": 0},
            "t0": _TIME,
            "n": {"type": "integer", "minimum": 1, "maximum": block.MAX_READINGS},
            "dt": {
                "description": "milliseconds between readings: one number, or n - 1 of them",
                "type": ["integer", "array"],
                "items": {"type": "integer", "minimum": 1},
            },
            "values": _metrics(array=False, shape=_column),
            "arrays": _metrics(array=True, shape=_columns),
            "changes": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["at"],
                    "properties": {
                        "at": {"type": "integer", "minimum": 0},
                        "states": _STATES,
                        "alarms": _ALARMS,
                    },
                },
            },
        },
    }


def _metrics(*, array: bool, shape) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            metric.code: shape({"description": f"{metric.unit or 'count'}, {metric.kind}"})
            for metric in METRICS.values()
            if metric.is_array == array
        },
        "patternProperties": {_EXTENSIONS: shape({})},
    }


def _list_of_numbers(text: dict) -> dict[str, Any]:
    return {
        "type": "array",
        "maxItems": reading.MAX_ELEMENTS,
        "items": {"type": ["number", "null"]},
        **text,
    }


_DELTA = {
    "type": "array",
    "items": {"type": ["integer", "null"]},
    "description": "first integer, then differences between successive known ones; null: unknown",
}


def _column(text: dict) -> dict[str, Any]:
    return _digits_and(_DELTA, text)


def _columns(text: dict) -> dict[str, Any]:
    return _digits_and({"type": "array", "minItems": 1, "items": _DELTA}, text)


def _digits_and(delta: dict, text: dict) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["digits", "delta"],
        "properties": {
            "digits": {
                "type": "integer",
                "minimum": 0,
                "maximum": 9,
                "description": "value = integer / 10**digits",
            },
            "delta": delta,
        },
        **text,
    }


_STATES = {
    "type": "object",
    "additionalProperties": False,
    "properties": {code: {"type": _TYPES[kind]} for code, kind in STATES.items()},
    "patternProperties": {_EXTENSIONS: {"type": ["boolean", "integer", "string"]}},
}
_ALARMS = {
    "type": "array",
    "maxItems": reading.MAX_ALARMS,
    "items": {
        "type": "object",
        "required": ["code", "severity"],
        "properties": {
            "code": {
                "anyOf": [
                    {"enum": sorted(ALARMS)},
                    {"type": "string", "pattern": f"^{reading.VENDOR_CODE.pattern}$"},
                ]
            },
            "severity": {"enum": list(SEVERITIES)},
            "index": {"type": ["integer", "null"], "minimum": 0},
        },
    },
}
