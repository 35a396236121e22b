"""The seven modules of the specification, each with the same four endpoints: one file a module."""
