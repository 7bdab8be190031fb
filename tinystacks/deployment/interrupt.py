"""Work in a thread of its own, with its events and signals handled in the caller's (traps A4, A18, A23)."""

from __future__ import annotations

import contextvars
import queue
import signal
import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from tinystacks.deployment.events import Warned
from tinystacks.errors import InterruptedByUserError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

    from tinystacks.deployment.events import Event, OnEvent

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """How a user ends an operation early; one object per operation.

    The first request lets the engine end what it has begun and leaves the state whole. The second ends the engine at
    once, after which resources may exist that the state does not know.
    """

    def __init__(self) -> None:
        self.requested = threading.Event()
        self._count = 0
        self._actions: list[Callable[[int], None]] = []
        self._guard = threading.RLock()  # a signal may arrive in the thread that is inside a method here

    @property
    def count(self) -> int:
        """How often the end was asked for."""
        return self._count

    def request(self) -> int:
        """Ask for the end; safe in a signal handler.

        Returns:
            How often it was asked for until now.
        """
        with self._guard:
            self._count += 1
            count, actions = self._count, list(self._actions)
        self.requested.set()
        for action in actions:
            action(count)
        return count

    @contextmanager
    def calling(self, action: Callable[[int], None]) -> Generator[None]:
        """Call `action` with the number of the request at each request from now on; at once when there was one."""
        with self._guard:
            self._actions.append(action)
            count = self._count
        if count:
            action(count)
        try:
            yield
        finally:
            with self._guard:
                self._actions.remove(action)

    @contextmanager
    def on_signals(self) -> Generator[None]:
        """Take SIGINT and SIGTERM as requests while in this context; only in the main thread."""
        former: dict[signal.Signals, Any] = {}

        def handler(_number: int, _frame: FrameType | None) -> None:
            self.request()

        for number in _SIGNALS:
            former[number] = signal.signal(number, handler)
        try:
            yield
        finally:
            for number, kept in former.items():
                signal.signal(number, kept)

    def check(self) -> None:
        """Stop between two steps when the end was asked for.

        Raises:
            InterruptedByUserError: it was.
        """
        if self.requested.is_set():
            raise InterruptedByUserError("Interrupted.", hint="Repeat the command: it goes on from here.")


def run_in_worker(work: Callable[[Callable[[Event], None]], T], *, on_event: OnEvent, interrupt: Interrupt) -> T:
    """Run work in a thread of its own and deliver its events in this one.

    A callback that fails gets no more events; the work goes on to its end, since an engine must not be left alone, and
    the callback's error is raised then. In the main thread, SIGINT and SIGTERM count as requests to end, unless the
    caller has handlers of its own.

    Args:
        work: is given the function that takes its events.
        on_event: receives the events, in order, in this thread.
        interrupt: of the operation.
    """
    events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    outcome: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work(events.put))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, whatever it is
            failures.append(error)
        finally:
            events.put(None)

    def warn(count: int) -> None:
        events.put(_warning(count))

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(run,), name="tinystacks-operation", daemon=True)
    unhandled = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    with interrupt.on_signals() if unhandled else nullcontext(), interrupt.calling(warn):
        thread.start()
        callback_error = _deliver(events, on_event, interrupt)
        thread.join()
    if failures:
        raise failures[0]
    if callback_error is not None:
        raise callback_error
    return outcome[0]


def _deliver(events: queue.SimpleQueue[Event | None], on_event: OnEvent, interrupt: Interrupt) -> Exception | None:
    failed: Exception | None = None
    while True:
        try:
            event = events.get()
            if event is None:
                return failed
            if failed is None:
                on_event(event)
        except KeyboardInterrupt:
            interrupt.request()
        except Exception as error:  # noqa: BLE001 - kept until the work has ended
            failed = error


def _warning(count: int) -> Warned:
    if count == 1:
        return Warned(
            message="Interrupted: what has begun is brought to its end, then the command stops.",
            hint="A second interrupt ends it at once and may leave resources that nobody keeps track of.",
        )
    return Warned(
        message="Ended at once: resources that were being made may be left without anyone keeping track of them.",
        hint="Repeat the command, or run `tstack repair`: both look for what was left.",
    )
