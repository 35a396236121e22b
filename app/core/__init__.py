"""MODULE CORE: who may do what, and the record of it."""
