"""Words that every module of the control plane shares."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]
"""A nested structure of the API in its own spelling (camelCase for ECS, PascalCase for Application Auto Scaling)."""
