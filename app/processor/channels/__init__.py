"""Ways to reach somebody: every module here that exposes `CHANNEL` is one."""
