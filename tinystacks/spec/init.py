"""A first `tstack.yaml` for a folder, with a comment at everything that a newcomer will want to change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.errors import UsageError
from tinystacks.file_names import FILE_NAMES, file_in
from tinystacks.spec.dockerfile import Exposed, exposed
from tinystacks.spec.positions import printable

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_NAME = 32
_FALLBACK_NAME = "my-app"
_EXAMPLE_IMAGE = "public.ecr.aws/nginx/nginx:1.27"
_LONGEST_WORD = 40
_MOST_CHARACTERS = 100_000
_RESERVED = ("aws", "ecs", "fargate", "internal-")
_WORDS_OF_YAML = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a folder says about its application.

    Attributes:
        name: name of the stack, made from the folder's.
        dockerfile: whether there is a Dockerfile.
        exposed: what the Dockerfile exposes.
    """

    name: str
    dockerfile: bool
    exposed: Exposed


def inspect_folder(folder: Path) -> Findings:
    """Look at a folder; nothing is changed.

    Args:
        folder: where the sources are.
    """
    dockerfile = folder / "Dockerfile"
    text = ""
    if dockerfile.is_file():
        with dockerfile.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_MOST_CHARACTERS)
    return Findings(name=stack_name(folder.resolve().name), dockerfile=dockerfile.is_file(), exposed=exposed(text))


def stack_name(text: str) -> str:
    """Make a valid name of a stack from any text, such as the name of a folder."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-").lstrip("0123456789-")
    if name.startswith(_RESERVED) or name in _WORDS_OF_YAML:
        name = f"my-{name}"
    return name[:_LONGEST_NAME].strip("-") or _FALLBACK_NAME


def starter_file(folder: Path) -> str:
    """Give the text of a first file for a folder; valid as it is.

    Args:
        folder: where the sources are.
    """
    found = inspect_folder(folder)
    port = found.exposed.port or 80
    return _TEMPLATE.format(name=found.name, source=_source(found), port=port, port_comment=_port_comment(found))


def write_starter_file(folder: Path) -> Path:
    """Write a first file into a folder and give its path; an existing one is never touched.

    Args:
        folder: where the sources are.

    Raises:
        UsageError: the folder has a file already, or nothing can be written to it.
    """
    existing = file_in(folder)
    path = folder / FILE_NAMES[0]
    if existing is not None:
        raise UsageError(f"{existing} is there already", hint="Change it, or remove it first.")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter_file(folder))
    except FileExistsError:
        raise UsageError(f"{path} is there already", hint="Change it, or remove it first.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    return path


def _source(found: Findings) -> str:
    if found.dockerfile:
        return "build: .                    # the folder with your Dockerfile"
    return (
        f"image: {_EXAMPLE_IMAGE}\n    # build: .                  # or build your own: the folder with your Dockerfile"
    )


def _port_comment(found: Findings) -> str:
    if not found.dockerfile:
        return "# where the program listens"
    ports = found.exposed
    if ports.port is not None:
        return "# where your program listens (EXPOSE in your Dockerfile)"
    if ports.unread:
        why = f"only a build knows what `EXPOSE {printable(ports.unread, _LONGEST_WORD)}` in your Dockerfile means"
    else:
        why = f"your Dockerfile {'exposes no TCP port' if ports.instruction else 'has no EXPOSE'}"
    return f"# change it: {why}, so this is a guess"


_TEMPLATE = """\
# {name}: what runs, and where. Every key: docs/file.md
#
#   tstack validate         check this file
#   tstack up --local       run it on this machine, no AWS account needed
#   tstack preview          what would change in AWS
#   tstack up               do it

name: {name}

services:
  web:
    {source}
    port: {port:<22}{port_comment}
    health_check:
      path: /                   # must answer 200 to 399 when the program is ready
    cpu: 256                    # 1024 is one CPU
    memory: 256                 # MiB
    tasks:
      min: 2                    # two copies always run, so that one may fail
      max: 4                    # more are added when they are busy
      target_cpu: 75            # percent
    # variables:                # environment variables
    #   GREETING: hello
    # secrets:                  # values that stay out of this file: put them into AWS Systems Manager first
    #   DATABASE_URL: arn:aws:ssm:eu-west-1:123456789012:parameter/{name}/database-url

compute:
  kind: ec2                     # or fargate: no instances to look after, usually dearer
  instance_types: [t3.micro]
  instances:
    min: 2                      # two instances in different Availability Zones
    max: 4

stages:
  dev: {{}}                       # the first one is used when you name none
  # prod:
  #   approval: manual          # asks before it changes anything
  #   region: eu-west-1
  #   services:
  #     web:
  #       tasks: {{min: 2, max: 8}}
"""
