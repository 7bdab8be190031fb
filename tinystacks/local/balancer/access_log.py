"""Access logs: a line per request in the bucket that the load balancer names.

Source: Application Load Balancer user guide, load-balancer-access-logs (entries, file names, the test file).
"""

from __future__ import annotations

import gzip
import logging
import secrets
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tinystacks.local.status import ACCOUNT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.local.listener_rules import LoadBalancer

INTERVAL_SECONDS = 300.0
"""Simulated seconds between two files."""
KEPT_LINES = 10_000
"""Lines of one load balancer that wait at most; a file is written early when there are more."""
_AGENT_CHARACTERS = 8 * 1024

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Entry:
    """What is known of one request; times in seconds since the epoch, spans in seconds, -1 where there is none."""

    kind: str
    client: str
    began: float
    request: str = ""
    agent: str = ""
    target: str = "-"
    request_seconds: float = -1
    target_seconds: float = -1
    response_seconds: float = -1
    code: int = 0
    target_code: int = 0
    received: int = 0
    sent: int = 0
    cipher: str = "-"
    tls_version: str = "-"
    group_arn: str = "-"
    trace: str = "-"
    server_name: str = "-"
    certificate_arn: str = "-"
    priority: str = "-"
    actions: list[str] = field(default_factory=list[str])
    redirect: str = "-"
    classification: str = "-"
    reason: str = "-"
    connection: str = field(default_factory=lambda: f"TID_{secrets.token_hex(16)}")

    def line(self, load_balancer_arn: str, ended: float) -> str:
        """The entry as the log has it."""
        spans = (self.request_seconds, self.target_seconds, self.response_seconds)
        target_code = str(self.target_code) if self.target_code else "-"
        return " ".join(
            [
                self.kind,
                _moment(ended),
                load_balancer_arn.partition(":loadbalancer/")[2],
                self.client,
                self.target,
                *("-1" if span < 0 else f"{span:.3f}" for span in spans),
                str(self.code),
                target_code,
                str(self.received),
                str(self.sent),
                _quoted(self.request or "- - - "),
                _quoted(self.agent[:_AGENT_CHARACTERS] or "-"),
                self.cipher,
                self.tls_version,
                self.group_arn,
                _quoted(self.trace),
                _quoted(self.server_name),
                _quoted(self.certificate_arn),
                self.priority,
                _moment(self.began),
                _quoted(",".join(self.actions) or "-"),
                _quoted(self.redirect),
                '"-"',
                _quoted(self.target),
                _quoted(target_code),
                _quoted(self.classification),
                _quoted(self.reason),
                self.connection,
            ]
        )


class AccessLogs:
    """Collects lines and writes them to their buckets.

    Args:
        clients: boto3 client of the own endpoint by service and region.
    """

    def __init__(self, clients: Callable[[str, str], Any]) -> None:
        self._clients = clients
        self._lines: dict[str, list[str]] = defaultdict(list)
        self._lock = threading.Lock()
        self._places: dict[str, tuple[str, str]] = {}
        self._next = 0.0

    def add(self, balancer: LoadBalancer, entry: Entry, ended: float) -> None:
        """Keep a line where the load balancer writes a log."""
        if not balancer.log_bucket:
            return
        line = entry.line(balancer.arn, ended)
        # Files are written in another thread, which takes the list away.
        with self._lock:
            if len(self._lines[balancer.arn]) < 2 * KEPT_LINES:
                self._lines[balancer.arn].append(line)

    def deliver(self, balancers: Mapping[str, LoadBalancer], now: float) -> None:
        """Write what is due: every five minutes, and at the end of a log.

        Args:
            balancers: all there are.
            now: simulated time.
        """
        places = {arn: (one.log_bucket, one.log_prefix) for arn, one in balancers.items() if one.log_bucket}
        if places == self._places and now < self._next and not self._full():
            return
        before, self._places = self._places, places
        for arn, place in places.items():
            if before.get(arn) != place:
                self._put(arn, place, "ELBAccessLogTestFile", b"Enable AccessLog for ELB")
        for arn, place in before.items():
            if now >= self._next or places.get(arn) != place or len(self._lines[arn]) >= KEPT_LINES:
                self._write(arn, place)
        if now >= self._next:
            self._next = now + INTERVAL_SECONDS

    def _full(self) -> bool:
        return any(len(lines) >= KEPT_LINES for lines in list(self._lines.values()))

    def _write(self, arn: str, place: tuple[str, str]) -> None:
        with self._lock:
            lines = self._lines.pop(arn, [])
        if not lines:
            return
        region, label = arn.split(":")[3], arn.partition(":loadbalancer/")[2].replace("/", ".")
        ended = datetime.now(UTC)
        name = (
            f"elasticloadbalancing/{region}/{ended:%Y/%m/%d}/{ACCOUNT_ID}_elasticloadbalancing_{region}_{label}_"
            f"{ended:%Y%m%dT%H%MZ}_127.0.0.1_{secrets.token_hex(4)}.log.gz"
        )
        self._put(arn, place, name, gzip.compress("".join(f"{line}\n" for line in lines).encode()))

    def _put(self, arn: str, place: tuple[str, str], name: str, body: bytes) -> None:
        bucket, prefix = place
        key = "/".join(part for part in (prefix.strip("/"), "AWSLogs", ACCOUNT_ID, name) if part)
        try:
            self._clients("s3", arn.split(":")[3]).put_object(Bucket=bucket, Key=key, Body=body)
        except (ClientError, BotoCoreError) as error:
            _log.warning("the access log of %s could not be written to %s: %s", arn, bucket, error)


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _quoted(text: str) -> str:
    """A field in quotes; what is not printable, and quotes, are written as their code."""
    safe = "".join(one if " " <= one <= "~" and one not in '"\\' else f"\\x{ord(one):02X}" for one in text)
    return f'"{safe}"'
