"""What the global search looks through: one file each, exposing `SOURCE`."""
