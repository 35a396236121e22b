"""The formats of files that people take away: one file a format, each exposing `FORMAT`."""
