"""One file per kind of recording; a module that exposes `FORMAT` is a format, found by its name."""
