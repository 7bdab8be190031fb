"""A bare Automation API script: as many resources as a stage has, against a provider that does nothing.

Usage: bare_script.py up|preview FOLDER COUNT PROVIDER_PORT (the engine is the `pulumi` on PATH)
"""

from __future__ import annotations

import sys
from pathlib import Path

import pulumi
from pulumi import automation as auto


def main() -> None:
    verb, folder, count, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

    def program() -> None:
        previous: pulumi.CustomResource | None = None
        for number in range(count):
            values = {"number": number, "of": previous.id if previous else ""}
            thing = pulumi.CustomResource("nothing:index:Thing", f"thing-{number}", values)
            # Chains of three, about as deep as a stage's own resources hang on each other.
            previous = thing if number % 3 else None

    folder.mkdir(parents=True, exist_ok=True)
    stack = auto.create_or_select_stack(
        stack_name="bench",
        project_name="bare",
        program=program,
        opts=auto.LocalWorkspaceOptions(
            work_dir=str(folder),
            pulumi_home=str(folder / "home"),
            env_vars={
                "PULUMI_CONFIG_PASSPHRASE": "",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                # As for --local: the engine must not look for plug-ins in the network.
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_DEBUG_PROVIDERS": f"nothing:{port}",
            },
            project_settings=auto.ProjectSettings(
                name="bare", runtime="python", backend=auto.ProjectBackend(url=folder.as_uri())
            ),
        ),
    )
    if verb == "up":
        print(stack.up().summary.resource_changes)
    else:
        print(stack.preview().change_summary)


if __name__ == "__main__":
    main()
