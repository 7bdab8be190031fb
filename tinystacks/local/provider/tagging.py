"""Default tags and ignored tags of a provider, laid over a resource's own.

Source: https://www.pulumi.com/registry/packages/aws/api-docs/provider/#providerdefaulttags and the Terraform AWS
provider's `internal/tags/key_value_tags.go`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING, Any, cast

from tinystacks.local.provider.values import UNKNOWN, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSettings:
    """A provider's settings for tags.

    Attributes:
        defaults: `defaultTags.tags`; UNKNOWN while one of them is.
        ignored_keys: `ignoreTags.keys`.
        ignored_prefixes: `ignoreTags.keyPrefixes`.
    """

    defaults: Mapping[str, str] | Unknown = field(default_factory=dict[str, str])
    ignored_keys: frozenset[str] = frozenset()
    ignored_prefixes: tuple[str, ...] = ()

    def ignores(self, key: str) -> bool:
        """Whether the provider leaves tags of this key to others."""
        return key in self.ignored_keys or key.startswith(("aws:", *self.ignored_prefixes))

    def merged(self, tags: Any) -> dict[str, Any] | Unknown:
        """`tagsAll` for a resource's own `tags`: unknown as soon as one of both sides is."""
        own: dict[str, Any] | Unknown = {} if tags is None else tags
        if isinstance(self.defaults, Unknown) or isinstance(own, Unknown):
            return UNKNOWN
        if not isinstance(tags, (dict, NoneType)):
            return {}  # the schema refuses it
        merged: dict[str, Any] = {**self.defaults, **own}
        if any(isinstance(value, Unknown) for value in merged.values()):
            return UNKNOWN
        return {key: value for key, value in merged.items() if not self.ignores(key) and value is not None}

    def split(self, found: Mapping[str, str], own: Any) -> tuple[dict[str, str], dict[str, str]]:
        """`tags` and `tagsAll` out of the tags that AWS has.

        Args:
            found: every tag that AWS tells.
            own: the resource's own tags as last known; keys that are not among the defaults count as its own too, so
                that a tag set by somebody else shows up.
        """
        everything = {key: value for key, value in found.items() if not self.ignores(key)}
        defaults: Mapping[str, str] = {} if isinstance(self.defaults, Unknown) else self.defaults
        configured: Mapping[str, Any] = cast("dict[str, Any]", own) if isinstance(own, dict) else {}
        tags = {
            key: value
            for key, value in everything.items()
            if key in configured or key not in defaults or defaults[key] != value
        }
        return tags, everything
