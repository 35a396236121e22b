"""One file per simulated device; a module that exposes `SIMULATOR` is found by its name."""
