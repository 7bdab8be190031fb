"""Policy documents in the state: the program's wording as long as it means what AWS has."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from tinystacks.local.provider.comparing import normalised


def policy_text(found: Any, known: Any) -> str:
    """The text for the state.

    Args:
        found: what AWS tells: a document, its JSON, or its URL-encoded JSON.
        known: the text as last known; anything but a text when there is none.

    Returns:
        The known text when it means the same, else AWS's as compact JSON with sorted keys.
    """
    text = found if isinstance(found, str) else json.dumps(found)
    if text.startswith("%7B"):
        text = unquote(text)
    if isinstance(known, str) and normalised("policy", known, {}) == normalised("policy", text, {}):
        return known
    return compact_json(text)


def compact_json(text: str) -> str:
    """JSON without spaces and with sorted keys; other texts as they are."""
    try:
        document = json.loads(text)
    except ValueError:
        return text
    return json.dumps(document, separators=(",", ":"), sort_keys=True)
