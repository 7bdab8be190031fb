"""The AWS CLI line that forwards a port of this machine to a task.

Source: AWS Systems Manager user guide, "Start a session" (port forwarding); ECS developer guide, "Using Amazon ECS
Exec" (the target of a container).
"""

from __future__ import annotations

import json

DOCUMENT = "AWS-StartPortForwardingSession"


def port_forward_words(
    *, target: str, port: int, local_port: int | None, region: str | None, profile: str | None
) -> list[str]:
    """Give program and arguments.

    Args:
        target: `ecs:CLUSTER_TASK_RUNTIMEID`.
        port: port inside the container.
        local_port: port of this machine; any free one when none is given.
        region: added when given.
        profile: added when given.
    """
    parameters = {"portNumber": [str(port)]}
    if local_port is not None:
        parameters["localPortNumber"] = [str(local_port)]
    words = ["aws", "ssm", "start-session", "--target", target, "--document-name", DOCUMENT]
    words += ["--parameters", json.dumps(parameters, separators=(",", ":"))]
    for option, value in (("--region", region), ("--profile", profile)):
        if value:
            words += [option, value]
    return words
