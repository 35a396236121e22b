"""MODULE DATABASE MANAGER: engines, sessions, schema, copies."""
