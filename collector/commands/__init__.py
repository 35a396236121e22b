"""The commands of `python -m collector`, one module each."""
