"""Texts of the command line by subject: key to (French, English); `collector.words` says them."""
