"""What programs ask of alerts: the alerts, the rules behind them, maintenance windows."""

from . import alerts, rules, windows

parts = (alerts, rules, windows)
