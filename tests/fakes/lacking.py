"""What a test does where something that it needs is not there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(reason: str) -> NoReturn:
    """Skip the test on a laptop; fail it in CI, which installs what tests need.

    Args:
        reason: what is not there.
    """
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
