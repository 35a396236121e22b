"""Kinds of custom fields: one file each, exposing `KIND`."""
