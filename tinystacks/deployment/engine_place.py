"""Where the engine works on a stage: folder, backend, secrets, environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tinystacks.deployment.engine_state import Place
from tinystacks.errors import EngineError

if TYPE_CHECKING:
    from tinystacks.deployment.target import Target
    from tinystacks.deployment.work_folder import WorkFolder
    from tinystacks.spec.model import StageSpec


def engine_place(stage: StageSpec, target: Target, folder: WorkFolder) -> Place:
    """Say where and how the engine works on a stage.

    The local AWS's stages are kept in the folder and encrypted with a passphrase, whatever the stage says: they end
    with its server.

    Args:
        stage: names backend and secrets provider.
        target: gives the environment.
        folder: of the stage; made ready.

    Raises:
        EngineError: the state is shared, and nothing says how its secrets are encrypted.
    """
    on_aws = target.name == "aws"
    backend = (stage.state if on_aws else None) or folder.state_url
    provider = (stage.secrets_provider if on_aws else None) or "passphrase"
    if backend.startswith("http"):
        folder.share_login()
    return Place(
        project=stage.stack,
        stage=stage.stage,
        folder=folder.path,
        home=folder.home,
        backend_url=backend,
        secrets_provider=provider,
        environment={
            **target.environment(),
            **(_passphrase(stage, folder, on_aws=on_aws) if provider == "passphrase" else {}),
        },
    )


def _passphrase(stage: StageSpec, folder: WorkFolder, *, on_aws: bool) -> dict[str, str | None]:
    """Say where the engine finds the passphrase (trap A9): the stage's own file, else the user's variable."""
    if on_aws and not folder.has_passphrase:
        if "PULUMI_CONFIG_PASSPHRASE" in os.environ or "PULUMI_CONFIG_PASSPHRASE_FILE" in os.environ:
            return {}
        if stage.state:
            raise EngineError(
                f"The state of stage `{stage.stage}` is shared, but nothing says how its secrets are encrypted.",
                hint="Set `secrets_provider` in the file (such as awskms://alias/tinystacks?region=eu-west-1), "
                "or PULUMI_CONFIG_PASSPHRASE.",
            )
    return {"PULUMI_CONFIG_PASSPHRASE_FILE": str(folder.passphrase_file()), "PULUMI_CONFIG_PASSPHRASE": None}
