"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `tstack doctor`.

    Attributes:
        name: what was checked.
        verdict: `failed` stands in the way of `tstack up`, `warning` of something else that is named.
        found: what is there, or what is missing and why it matters.
        mend: what to do about it; empty when all is well.
    """

    name: str
    verdict: Verdict
    found: str
    mend: str = ""
