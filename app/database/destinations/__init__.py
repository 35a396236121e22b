"""Places off the host where backups are copied to: every module that exposes `DESTINATION`."""
