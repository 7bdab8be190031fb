"""The program of the background process: `python -m tinystacks.local.server`.

It forks at once, so that whoever starts it has nothing to wait for; holds `server.lock` while it lives; says `ready`
over the pipe it was given; and ends on SIGTERM or SIGINT within two seconds.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tinystacks.errors import LocalAwsError, TinystacksError
from tinystacks.local.environment import write_aws_files
from tinystacks.local.status import DEFAULT_REGION, RUNTIMES, LocalStatus, StateFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.local.composition import LocalServer
    from tinystacks.local.provider_process import ProviderProcess

END_WITHIN_SECONDS = 1.5
_BACKLOG = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; returns when it has ended.

    Args:
        arguments: the command line without the program's name.
    """
    options = _options(arguments)
    if not options.foreground:
        _leave_the_parent()
    folder = StateFolder(Path(options.home))
    lock = folder.take_lock("server.lock", wait=False)
    if lock is None:
        _say(options.ready_fd, "another local AWS runs already")
        return 1
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda _number, _frame: ended.set())
    try:
        _run(options, folder, ended)
    except TinystacksError as error:
        _say(options.ready_fd, str(error).replace("\n", " "))
        return error.exit_code
    except Exception as error:
        logging.getLogger(__name__).exception("the local AWS could not start")
        _say(options.ready_fd, f"{type(error).__name__}: {error}".replace("\n", " "))
        return 1
    finally:
        lock.close()
    return 0


def _run(options: argparse.Namespace, folder: StateFolder, ended: threading.Event) -> None:
    listening = _listen(options.port)
    endpoint_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    provider = _start_provider(endpoint_url, wanted=not options.no_provider)
    try:
        # Loading moto takes seconds: the provider process loads its own libraries meanwhile.
        from tinystacks.local.composition import LocalServer  # noqa: PLC0415 - see above

        server = LocalServer(listening, runtime=options.runtime, speed=options.speed, home=folder.path)
        server.start()
        ports = provider.ports() if provider is not None else None
        if provider is not None and ports is None:
            raise LocalAwsError("its provider process, which stands for the Pulumi plugins, did not start")
        folder.write(_status(server, folder, ports))
        write_aws_files(folder, server.endpoint_url, DEFAULT_REGION)
        _say(options.ready_fd, "ready")
        ended.wait()
        threading.Timer(END_WITHIN_SECONDS, os._exit, (0,)).start()
        folder.forget()
        server.stop()
    finally:
        if provider is not None:
            provider.stop()
        listening.close()
    logging.shutdown()
    os._exit(0)  # threads of open connections would keep the process until their clients leave


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tinystacks.local.server", description=__doc__)
    parser.add_argument("--home", required=True, help="folder of the server's files")
    parser.add_argument("--port", type=int, default=0, help="port of the endpoint; 0 takes a free one")
    parser.add_argument("--runtime", choices=RUNTIMES, help="what runs containers")
    parser.add_argument("--speed", type=float, help="simulated seconds per real second")
    parser.add_argument("--ready-fd", type=int, default=-1, help="pipe that is told when the server answers")
    parser.add_argument("--foreground", action="store_true", help="do not leave the parent process")
    parser.add_argument("--no-provider", action="store_true", help="start no provider process")
    return parser.parse_args(arguments)


def _leave_the_parent() -> None:
    """Go on in a child in a session of its own; no thread runs yet."""
    if os.fork():
        os._exit(0)
    os.setsid()


def _listen(port: int) -> socket.socket:
    """Bind to 127.0.0.1; a port that was asked for and is taken gives way to a free one."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.bind(("127.0.0.1", 0))
    listening.listen(_BACKLOG)
    return listening


def _start_provider(endpoint_url: str, *, wanted: bool) -> ProviderProcess | None:
    if not wanted:
        return None
    from tinystacks.local.provider_process import ProviderProcess  # noqa: PLC0415 - only when it is wanted

    return ProviderProcess(endpoint_url)


def _status(server: LocalServer, folder: StateFolder, ports: Mapping[str, int] | None) -> LocalStatus:
    from importlib import metadata  # noqa: PLC0415 - beside its only use

    version = ""
    with suppress(metadata.PackageNotFoundError):
        version = metadata.version("tinystacks")
    return LocalStatus(
        endpoint_url=server.endpoint_url,
        pid=os.getpid(),
        runtime=server.runtime_name,
        container_engine=str(server.container_engine or ""),
        speed=server.speed,
        instance_id=server.instance_id,
        providers=ports,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version,
        home=str(folder.path),
    )


def _say(descriptor: int, text: str) -> None:
    """Tell the starter one line and close the pipe."""
    if descriptor < 0:
        return
    with suppress(OSError):
        os.write(descriptor, text.encode() + b"\n")
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
