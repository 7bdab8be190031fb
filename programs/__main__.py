"""The same program under plain `pulumi preview` and `pulumi up`, without the `tstack` command.

The Pulumi stack is the stage. Configuration, all optional: `tinystacks:file` (default `tstack.yaml` beside
`Pulumi.yaml`), `tinystacks:images` (image reference by service, needed for services that are built),
`tinystacks:ami` (pinned machine image), `aws:region`.
"""

from __future__ import annotations

from pathlib import Path

import pulumi

from programs.plain import plain_settings
from programs.stage import program_for
from tinystacks.spec.loader import load_stack

config = pulumi.Config("tinystacks")
spec = load_stack(Path(pulumi.get_root_directory()) / (config.get("file") or "tstack.yaml"))
stage = spec.stage(pulumi.get_stack())
program_for(stage, plain_settings(stage, config))()
