"""What was measured and is not yet acknowledged, kept on the disk."""
