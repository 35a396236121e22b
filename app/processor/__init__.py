"""MODULE DATA PROCESSOR: live state, history, roll-ups, alerts, exports."""
