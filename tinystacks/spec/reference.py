"""The reference of the file for people: `python -m tinystacks.spec.reference` writes `docs/file.md`."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinystacks.spec.base import SpecModel
from tinystacks.spec.docstrings import field_sentences
from tinystacks.spec.filling import MEMORY_ON_EC2
from tinystacks.spec.model import StackSpec
from tinystacks.spec.schema import file_schema
from tinystacks.spec.shape import Shape, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INTRODUCTION = """# The file `tstack.yaml`

One file describes one application (a **stack**): its services, what they run on, and its stages (dev, prod, …).
`tstack init` writes a first one, `tstack validate` checks it. This page is made from the program's own models.

```yaml
name: shop
services:
  web:
    build: .
    port: 8080
    health_check: {path: /ping}
    variables: {GREETING: hello}
stages:
  dev: {}
  prod:
    region: eu-west-1
    approval: manual
    services:
      web:
        tasks: {min: 4, max: 20}
```

## How it is read

- YAML 1.2: `yes`, `no`, `on` and `off` are text; `true` and `false` are not. Anchors and `<<` work.
- An unknown key is an error, and so is a value of the wrong type. Every problem is told at once, as
  `file:line:column: field: what is wrong; what would be right`.
- Values of `variables`, `tags` and build `args` are taken as they are written: `1.10` stays `1.10`.
- A key without a value counts as not given. Only `target_cpu: null` says something: no CPU target.
- Short forms: `tasks: 3` is `tasks: {min: 3, max: 3}`, and `build: ./web` is `build: {context: ./web}`.
- Limits: 256 KiB, 10,000 values, 32 levels.

## Stages

The first stage is the one that commands take when none is named. Under its name a stage says what it has different:

- mappings are merged key by key, lists and values are replaced;
- `null` takes a value away, so that the default holds again (`sidecars: {proxy: null}` removes a sidecar, and
  `services: {worker: null}` a service);
- an `image` takes the place of a `build`, and the other way round;
- `extends: prod` begins with what the stage `prod` has different;
- `approval: manual` (default `none`): `up` has a person type the stage's name before it changes the stage; without a
  terminal it needs `--approve`. With `--local` nobody is asked, since nothing in an account changes, and `up` says so.

A stage may set everything below except `name` and `stages`. The result is checked like a file of its own.
"""

_PYTHON = """
## The same in Python

```python
from tinystacks import ServiceSpec, StackSpec

stack = StackSpec(name="shop", services={"web": ServiceSpec(image="public.ecr.aws/nginx/nginx:1.27", port=80)})
stage = stack.stage("dev")
```

Keys, defaults and checks are the same. A mistake raises `SpecError`, whose `problems` tell all that is wrong.
`StackSpec.from_mapping({...})` takes the file's content as a dictionary, and `load_stack(path)` the file itself.
"""

_WORDED_DEFAULTS: Mapping[tuple[str, str], str] = {
    ("ServiceSpec", "memory"): f"`{MEMORY_ON_EC2}` on EC2; on Fargate the least for `cpu`",
    ("ServiceSpec", "network_mode"): "`bridge` on EC2, `awsvpc` on Fargate",
    ("ServiceSpec", "zone_rebalancing"): "`true`, unless `max_percent` is 100",
    ("ServiceSpec", "build"): "this or `image`",
    ("ServiceSpec", "image"): "this or `build`",
    ("ComputeSpec", "architecture"): "`x86_64` on Fargate; that of the types on EC2",
    ("EndpointSpec", "deletion_protection"): "`true` with `approval: manual`",
    ("StackSpec", "stages"): "one stage, `dev`",
}


def file_reference() -> str:
    """Give the reference of every key as Markdown."""
    schema = file_schema()
    places: dict[type[SpecModel], str] = {}
    for model, place in _places(StackSpec, ""):
        places.setdefault(model, place)
    parts = [_INTRODUCTION, _table(StackSpec, "The top", schema)]
    parts += [_table(model, place, schema["$defs"][model.__name__]) for model, place in places.items()]
    return "".join([*parts, _PYTHON])


def _places(model: type[SpecModel], prefix: str) -> Iterator[tuple[type[SpecModel], str]]:
    """Give where each section stands, such as `services.<name>.tasks`."""
    for name, shape in fields_of(model).items():
        place, inner = f"{prefix}{name}", shape
        while inner.item is not None:
            place += "[]" if inner.kind == "list" else ".<name>"
            inner = inner.item
        if inner.model is not None:
            yield inner.model, f"`{place}`"
            yield from _places(inner.model, f"{place}.")


def _table(model: type[SpecModel], title: str, schema: Mapping[str, Any]) -> str:
    sentences = field_sentences(model)
    lines = [f"\n## {title}\n\n{inspect.getdoc(model)}\n".split("\n\nRaises:")[0].rstrip() + "\n"]
    lines += ["\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n"]
    for name, shape in fields_of(model).items():
        info = model.model_fields[name]
        default = _WORDED_DEFAULTS.get((model.__name__, name)) or (
            "**needed**" if info.is_required() else _default(info.get_default(call_default_factory=True))
        )
        kind = _kind(shape, schema["properties"][name])
        lines.append(f"| `{name}` | {kind} | {default} | {sentences[name]} |\n".replace("||", "|"))
    return "".join(lines)


def _default(value: Any) -> str:
    if value is None or value in ({}, []) or isinstance(value, SpecModel):
        return "none" if value is None else ""
    return f"`{json.dumps(value).strip(chr(34))}`"


def _kind(shape: Shape, schema: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one line per kind
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    if len(options) > 1:
        return " or ".join(dict.fromkeys(_kind(shape if "$ref" in option else _NO_SHAPE, option) for option in options))
    option: Mapping[str, Any] = options[0]
    if "enum" in option:
        return ", ".join(f"`{json.dumps(word).strip(chr(34))}`" for word in option["enum"])
    if "const" in option:
        return f"`{option['const']}`"
    if shape.kind == "section" or "$ref" in option:
        return "section"
    if shape.kind == "map":
        return "names to sections" if shape.item and shape.item.kind in {"section", "map"} else "names to text"
    if shape.kind == "list":
        return "list of sections" if shape.item and shape.item.kind == "section" else "list of text"
    return _plain_kind(option)


def _plain_kind(option: Mapping[str, Any]) -> str:
    if option.get("type") == "boolean":
        return "`true`, `false`"
    if option.get("type") == "integer":
        low, high = option.get("minimum"), option.get("maximum")
        return f"{low} to {high}" if high is not None else f"{low} or more"
    return "text"


_NO_SHAPE = Shape(kind="value")

if __name__ == "__main__":
    (Path(__file__).parents[2] / "docs" / "file.md").write_text(file_reference(), encoding="utf-8")
