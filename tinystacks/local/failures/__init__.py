"""Failures on demand: what a user breaks until it is mended."""
