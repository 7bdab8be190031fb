"""Somebody who uses an endpoint all the time and notes every answer."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from typing import Self

PAUSE_SECONDS = 0.02


class Poller:
    """Asks for a URL again and again, in a thread, until the end of the `with` block.

    Attributes:
        answers: bodies of what was answered with 200, in order.
        failures: what else happened.
    """

    def __init__(self, url: str) -> None:
        self.answers: list[str] = []
        self.failures: list[str] = []
        self._url = url
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._done.wait(PAUSE_SECONDS):
            try:
                with urllib.request.urlopen(self._url, timeout=10) as answer:
                    self.answers.append(answer.read().decode())
            except urllib.error.HTTPError as error:
                with error:
                    self.failures.append(f"{error.code} {error.reason}")
            except OSError as error:
                self.failures.append(repr(error))
