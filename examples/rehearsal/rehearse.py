"""The whole life of a service, rehearsed on this machine with real containers: no account, no bill.

Needs Docker (with buildx) or Podman. Run it with the Python that tinystacks is installed for:

    python examples/rehearsal/rehearse.py

It works on a copy of this folder, with a local AWS of its own; one that runs already is left alone. Each step says what
it expects, and the script ends at the first that is not so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
TSTACK = Path(sys.executable).with_name("tstack")
CRASH = "echo no configuration; exit 3\n"


def main() -> None:
    """Rehearse."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as made:
        folder = Path(made) / "rehearsal"
        shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns(".tstack"))
        serve = (folder / "web" / "serve.sh").read_text()
        try:
            rehearse(folder, serve)
        finally:
            tstack(folder, "local", "stop", expect=None)


def environment(folder: Path) -> dict[str, str]:
    """Give the environment of each command: it names the rehearsal's own local AWS."""
    return {**os.environ, "TINYSTACKS_LOCAL_HOME": str(folder.parent / "local")}


def rehearse(folder: Path, serve: str) -> None:
    """Go through the life of the service, step by step."""
    step("up: version 1 is built, pushed, and serves")
    tstack(folder, "local", "start", "--runtime", "docker", "--speed", "10")
    url = document(folder, "up")["endpoint"]
    assert get(url) == "v1"

    step("a bad version: it crashes. up exits 4 with the cause, and version 1 serves all the time")
    write(folder, page="v2", script=CRASH)
    with watched(url) as answers:
        failed = document(folder, "up", expect=4)
    [cause] = failed["causes"]
    print(f"  cause: {cause['count']} tasks, exit code {cause['exit_code']}, last line {cause['log_tail'][-1]!r}")
    assert (failed["result"], cause["exit_code"], cause["log_tail"]) == ("rolled_back", 3, ["no configuration"])
    assert set(answers) == {"v1"}, answers
    print(f"  version 1 gave all {len(answers)} answers")

    step("rollback: version 1 is a release again, without building anything")
    document(folder, "rollback")
    releases = document(folder, "releases")["releases"]
    for release in reversed(releases):
        print(f"  release {release['number']}: {release['result']} {release['message']}")
    assert releases[0]["images"] == releases[2]["images"] != releases[1]["images"]

    step("version 3, a good one, comes in without a failed request")
    write(folder, page="v3", script=serve)
    with watched(url) as answers:
        document(folder, "up")
    assert "failed" not in answers, answers
    assert get(url) == "v3"

    step("exec: what a task's environment holds; logs: what the tasks wrote")
    assert tstack(folder, "exec", "--local", "--command", "printenv GREETING").strip() == "hello"
    assert "serving hello" in tstack(folder, "logs", "--local")

    step("someone changes the service behind the engine's back: drift shows it, and heals it")
    aws(folder, "ecs", "update-service", "--health-check-grace-period-seconds", "77")
    print(tstack(folder, "drift", "--local"))
    [drifted] = document(folder, "drift")["resources"]
    assert drifted["service"] == "web"
    document(folder, "up", "--refresh")
    assert not document(folder, "drift")["drifted"]

    step("destroy: nothing is left")
    gone = document(folder, "destroy", "--yes", "--purge-images")
    assert gone["result"] == "destroyed"
    assert gone["kept"] == []


def step(text: str) -> None:
    """Say what comes."""
    print(f"\n== {text}", flush=True)


def tstack(folder: Path, *words: str, expect: int | None = 0) -> str:
    """Run a command and give what it wrote to stdout; its exit code must be as expected."""
    print(f"$ tstack {' '.join(words)}", flush=True)
    done = subprocess.run(  # noqa: S603
        [TSTACK, *words], cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True, check=False
    )
    assert expect is None or done.returncode == expect, f"exit code {done.returncode}, not {expect}\n{done.stdout}"
    return done.stdout


def document(folder: Path, *words: str, expect: int = 0) -> dict[str, Any]:
    """Run a command with --local --json and give its document."""
    return json.loads(tstack(folder, *words, "--local", "--json", expect=expect))


def aws(folder: Path, service: str, operation: str, *words: str) -> None:
    """Change the service as somebody else would, with the AWS's own API."""
    import boto3  # noqa: PLC0415 - the only step that needs it

    outputs = document(folder, "outputs")
    env = json.loads(tstack(folder, "local", "env", "--json"))["environment"]
    client = boto3.client(
        service,
        endpoint_url=env["AWS_ENDPOINT_URL"],
        region_name=outputs["region"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )
    print(f"$ aws {service} {operation} {' '.join(words)}", flush=True)
    client.update_service(
        cluster=outputs["cluster_name"],
        service=outputs["services"]["web"]["service_name"],
        healthCheckGracePeriodSeconds=int(words[-1]),
    )


def write(folder: Path, *, page: str, script: str) -> None:
    """Write another version of the sources."""
    (folder / "web" / "page").write_text(f"{page}\n")
    (folder / "web" / "serve.sh").write_text(script)


def get(url: str) -> str:
    """Ask the endpoint once."""
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - the local endpoint
            return answer.read().decode().strip()
    except (URLError, OSError):
        return "failed"


@contextmanager
def watched(url: str) -> Iterator[list[str]]:
    """Ask the endpoint ten times a second as long as this lasts, and give every answer."""
    answers: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.1):
            answers.append(get(url))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"\nDone in {time.monotonic() - started:.0f} s.")
