"""The rules per resource type: what is required, kept, replaced, defaulted, and how values are compared.

They follow the resource schemas of the Terraform AWS provider as the Pulumi package `aws` 7.51 exposes them
(https://www.pulumi.com/registry/packages/aws/, https://github.com/hashicorp/terraform-provider-aws) and lie beside this
module as package data, `tables/*.json`. Keys of a property there:

`type` (string, int, number, bool, object, map, list, set), `items` or `properties` (what is inside), `required`,
`computed` (AWS's value is kept when the program gives none), `force_new` (a change replaces), `default`, `output`
(cannot be given), `kept` (AWS does not tell it, so the state does), `secret`, `json` (text that must parse; an object
is accepted), `compare` (see `comparing`), `removal: ignored` (taking the block away changes nothing), `choices`,
`range`, `length`, `pattern`, `max_items`, `free` (an object whose inside is not described).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_DEFAULT: Any = object()
"""Stands for "this property has no default", since None, false and 0 could be one."""

DEFAULT_TIMEOUT_SECONDS = 1200.0
"""20 minutes, the Terraform plugin SDK's default for every operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """The rules of one property; see the module's docstring for the flags."""

    name: str
    type: str
    items: str = ""
    properties: Mapping[str, Property] = field(default_factory=dict[str, "Property"])
    required: bool = False
    computed: bool = False
    force_new: bool = False
    default: Any = NO_DEFAULT
    output: bool = False
    kept: bool = False
    secret: bool = False
    json: bool = False
    compare: str = ""
    removal_ignored: bool = False
    choices: tuple[Any, ...] = ()
    range: tuple[float, float | None] | None = None
    length: tuple[int, int] | None = None
    pattern: re.Pattern[str] | None = None
    max_items: int | None = None
    free: bool = False

    @property
    def has_default(self) -> bool:
        """Whether Check fills the property in."""
        return self.default is not NO_DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRule:
    """How a name is made when the program gives none.

    Attributes:
        property: the property that holds it.
        max: longest name in characters, without the prefix.
        prefix: text before the name, such as `alias/`.
        lower: whether the logical name is put in lower case.
        suffix_when: a boolean property and the suffix that it asks for.
    """

    property: str
    max: int = 255
    prefix: str = ""
    lower: bool = False
    suffix_when: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """When an output is not known before an update has been made.

    Attributes:
        when: changed properties that make it unknown; empty when `unless_only` decides.
        unless_only: properties whose changes alone leave it known.
        and_true: a boolean input that must be set as well.
    """

    when: frozenset[str] = frozenset()
    unless_only: frozenset[str] = frozenset()
    and_true: str = ""

    def applies(self, changed: frozenset[str], inputs: Mapping[str, Any]) -> bool:
        """Whether these changes make the output unknown."""
        if self.and_true and not inputs.get(self.and_true):
            return False
        return bool(changed & self.when) if self.when else bool(changed - self.unless_only)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceTable:
    """The rules of one resource type.

    Attributes:
        token: Pulumi type token, such as `aws:ecs/service:Service`.
        title: what the real provider calls it in errors, such as `ECS Service`.
        service: service id as AWS SDKs write it in errors, such as `ECS`.
        properties: by wire name.
        name: auto-naming rule, if the type has one.
        regional: whether it takes `region` (IAM and Route 53 do not).
        delete_before_replace: whether a replacement always deletes first.
        exactly_one_of: groups of which exactly one must be given.
        conflicts: groups of which at most one may be given.
        requires: property to the properties that it needs beside it.
        recomputed: outputs that an update makes unknown.
        timeouts: seconds by operation (`create`, `update`, `delete`), where not 20 minutes.
    """

    token: str
    title: str
    service: str
    properties: Mapping[str, Property]
    name: NameRule | None
    regional: bool
    delete_before_replace: bool
    exactly_one_of: tuple[tuple[str, ...], ...]
    conflicts: tuple[tuple[str, ...], ...]
    requires: Mapping[str, tuple[str, ...]]
    recomputed: Mapping[str, Recomputed]
    timeouts: Mapping[str, float]

    @property
    def tagged(self) -> bool:
        """Whether the provider's default tags reach this type."""
        return "tags" in self.properties and "tagsAll" in self.properties

    def timeout(self, operation: str) -> float:
        """Seconds that `create`, `update`, `delete` or `read` may take when the program does not say."""
        return self.timeouts.get(operation, DEFAULT_TIMEOUT_SECONDS)


@cache
def resource_tables() -> Mapping[str, ResourceTable]:
    """All tables by type token; read from package data once per process."""
    tables: dict[str, ResourceTable] = {}
    folder = resources.files("tinystacks.local.provider") / "tables"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json"):
            raw = cast("dict[str, dict[str, Any]]", json.loads(file.read_text(encoding="utf-8")))
            tables.update({token: table_of(token, entry) for token, entry in raw.items()})
    return tables


def table_of(token: str, raw: dict[str, Any]) -> ResourceTable:
    """One table from its JSON form."""
    return ResourceTable(
        token=token,
        title=raw["title"],
        service=raw["service"],
        properties={name: _property(name, entry) for name, entry in raw["properties"].items()},
        name=_name_rule(raw.get("name")),
        regional=not raw.get("global", False),
        delete_before_replace=raw.get("delete_before_replace", False),
        exactly_one_of=tuple(tuple(group) for group in raw.get("exactly_one_of", ())),
        conflicts=tuple(tuple(group) for group in raw.get("conflicts", ())),
        requires={name: tuple(needed) for name, needed in raw.get("requires", {}).items()},
        recomputed={name: _recomputed(entry) for name, entry in raw.get("recomputed", {}).items()},
        timeouts=raw.get("timeouts", {}),
    )


def _property(name: str, raw: dict[str, Any]) -> Property:
    span = raw.get("range")
    length = raw.get("length")
    return Property(
        name=name,
        type=raw["type"],
        items=raw.get("items", ""),
        properties={inner: _property(inner, entry) for inner, entry in raw.get("properties", {}).items()},
        required=raw.get("required", False),
        computed=raw.get("computed", False),
        force_new=raw.get("force_new", False),
        default=raw.get("default", NO_DEFAULT),
        output=raw.get("output", False),
        kept=raw.get("kept", False),
        secret=raw.get("secret", False),
        json=raw.get("json", False),
        compare=raw.get("compare", ""),
        removal_ignored=raw.get("removal") == "ignored",
        choices=tuple(raw.get("choices", ())),
        range=(span[0], span[1]) if span else None,
        length=(length[0], length[1]) if length else None,
        pattern=re.compile(raw["pattern"]) if "pattern" in raw else None,
        max_items=raw.get("max_items"),
        free=raw.get("free", False),
    )


def _name_rule(raw: dict[str, Any] | None) -> NameRule | None:
    if raw is None:
        return None
    suffix = raw.get("suffix_when")
    return NameRule(
        property=raw["property"],
        max=raw.get("max", 255),
        prefix=raw.get("prefix", ""),
        lower=raw.get("lower", False),
        suffix_when=(suffix["property"], suffix["suffix"]) if suffix else None,
    )


def _recomputed(raw: dict[str, Any]) -> Recomputed:
    return Recomputed(
        when=frozenset(raw.get("when", ())),
        unless_only=frozenset(raw.get("unless_only", ())),
        and_true=raw.get("and_true", ""),
    )
