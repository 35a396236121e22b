"""BMSs on a CAN bus, described in a TOML file: where each value sits in which frame."""
