"""Stub."""


def minute(state): ...
