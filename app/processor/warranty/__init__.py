"""Warranty evidence: day records in a signed chain, and the program that checks it anywhere."""
