"""User data of later versions of a launch template: moto keeps it as a text, which its Auto Scaling groups refuse."""

from __future__ import annotations

from typing import Any, cast


def install() -> None:
    """Let moto keep the user data of every version in the form that it keeps that of the first, in this process."""
    from moto.ec2.models.launch_templates import LaunchTemplate  # noqa: PLC0415 - moto takes seconds to load
    from moto.ec2.utils import parse_user_data  # noqa: PLC0415 - as above

    made: Any = LaunchTemplate.create_version
    parsed = cast("Any", parse_user_data)

    def create_version(template: Any, data: dict[str, Any], description: str) -> Any:
        text = data.get("UserData")
        return made(template, {**data, "UserData": parsed(text)} if isinstance(text, str) else data, description)

    cast("Any", LaunchTemplate).create_version = create_version
