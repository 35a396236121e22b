"""Who is told of alerts, by which channels, and what became of it."""
