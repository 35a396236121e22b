"""One file per family of BMS; a module that exposes `DRIVER` is a driver, found by its name."""
