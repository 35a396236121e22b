"""Alerts: what we say of a battery by ourselves, from rules; what its BMS says is an alarm."""
