"""A run of a program: what it costs beside its work, and its end where the engine left it in the middle.

The SDK sends each of its debug messages to the engine, one by one, and waits for the answer; an engine that was not
asked for them throws them away. There are two hundred of them in a run, and they are not sent here.

When an update fails or is interrupted, the engine goes away while the program still waits for it. The Automation API
then neither ends the program's coroutines nor closes its event loop (its clean-up begins with a message to the engine
that is gone), and Python and gRPC report that later, somewhere, with tracebacks. Here it is ended in order.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_PATIENCE = 20.0
"""Seconds for the API's own thread to let go of the event loop; it takes milliseconds, seconds on a busy machine."""
_LOOK = 0.01
_LOOKS = 2
"""How often in a row the loop is seen idle: the API's thread runs it once per task that it cancels, with moments in
between."""
_GRPC_LOG = "grpc._server"


@contextmanager
def ended_in_order(program: Callable[[], Any]) -> Generator[Callable[[], Any]]:
    """Give the program to run in place of `program`; at the end, whatever it left unfinished is ended.

    Args:
        program: an inline program of the Automation API, which calls it in an event loop of its own.
    """
    loops: list[asyncio.AbstractEventLoop] = []

    def tracked() -> Any:
        loops.append(asyncio.get_running_loop())
        _keep_debug_messages()
        return program()

    log = logging.getLogger(_GRPC_LOG)
    log.addFilter(_unless_engine_gone)
    try:
        yield tracked
    finally:
        for loop in loops:
            _end(loop)
        log.removeFilter(_unless_engine_gone)


def _keep_debug_messages() -> None:
    """Have the SDK's debug messages of this run end here."""
    from pulumi.runtime.proto import engine_pb2  # noqa: PLC0415 - the program has loaded it
    from pulumi.runtime.settings import get_engine  # noqa: PLC0415 - same

    engine: Any = get_engine()
    if engine is None:
        return
    send = engine.Log

    def log(request: Any) -> Any:
        return None if request.severity == engine_pb2.DEBUG else send(request)

    # The stub is of this run alone.
    engine.Log = log


def _end(loop: asyncio.AbstractEventLoop) -> None:
    until = time.monotonic() + _PATIENCE
    idle = 0
    while idle < _LOOKS and time.monotonic() < until:
        idle = 0 if loop.is_running() else idle + 1
        time.sleep(_LOOK)
    if loop.is_closed() or loop.is_running():
        return
    # The API's handler stops the loop at each call that the engine no longer answers.
    loop.set_exception_handler(lambda _loop, _context: None)
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=_PATIENCE))
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # taken note of, so that the loop does not report it
    loop.close()


def _unless_engine_gone(record: logging.LogRecord) -> bool:
    """Whether a record of gRPC is something else than the API's failure to tell an engine that is gone."""
    return not record.getMessage().startswith("Exception calling application")
