"""Kinds of rules: one file each, exposing `RULE`; adding a file makes another kind."""
