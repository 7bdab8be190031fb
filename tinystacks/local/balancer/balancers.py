"""All load balancers of the local AWS: their ports on 127.0.0.1.

A balancer has a port from the moment it exists, since its DNS name is asked for at once: that port serves its listener
on 80 and, for clients that speak TLS, the one on 443. Other listeners get ports of their own.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from tinystacks.local.balancer.certificates import Certificates
from tinystacks.local.balancer.choice import Chooser
from tinystacks.local.balancer.clients import Conversation
from tinystacks.local.balancer.exchange import Parts
from tinystacks.local.balancer.links import Links
from tinystacks.local.balancer.listening import Front
from tinystacks.local.listener_rules import LoadBalancer
from tinystacks.local.traffic import Path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.local.balancer.access_log import AccessLogs
    from tinystacks.local.balancer.listening import Client
    from tinystacks.local.listener_rules import Listener
    from tinystacks.local.loop_thread import LoopThread
    from tinystacks.local.targets import TargetBook
    from tinystacks.local.traffic import TrafficBook

_TIDY_SECONDS = 0.1
_Key = tuple[str, str]


class Balancers:
    """The load balancers.

    Args:
        loop: thread in which they run.
        book_of: the targets of the region that an ARN names.
        traffic: where requests are counted.
        logs: where access logs go.
        now: simulated time.
    """

    def __init__(
        self,
        loop: LoopThread,
        book_of: Callable[[str], TargetBook],
        *,
        traffic: TrafficBook,
        logs: AccessLogs,
        now: Callable[[], float],
    ) -> None:
        self._loop = loop
        self._traffic = traffic
        self._logs = logs
        self._now = now
        self._certificates = Certificates()
        self._balancers: dict[str, LoadBalancer] = {}
        self._fronts: dict[_Key, Front] = {}
        self._links: dict[str, Links] = {}
        self._zones = itertools.count()
        self._tidying: asyncio.Task[None] | None = None
        self._parts = Parts(
            book_of=book_of,
            traffic=traffic,
            chooser=Chooser(now),
            logs=logs,
            links_of=lambda arn: self._links.setdefault(arn, Links()),
            local_authority=self._authority,
        )

    def open(self, load_balancer_arn: str) -> int:
        """Give a new load balancer its port.

        Returns:
            The port on 127.0.0.1.
        """
        return self._loop.call(self._open(load_balancer_arn, ""))

    def port(self, load_balancer_arn: str, listener_arn: str = "") -> int | None:
        """The port of a load balancer's DNS name, or of one of its other listeners."""
        front = self._fronts.get((load_balancer_arn, listener_arn))
        return None if front is None else front.port

    def sync(self, balancers: Mapping[str, LoadBalancer]) -> None:
        """Take over the present load balancers and listeners; ports of those that are gone are closed."""
        if balancers != self._balancers:
            self._loop.call(self._sync(dict(balancers)))
        self._logs.deliver(balancers, self._now())

    def connections(self) -> dict[str, int]:
        """Connections of each load balancer at this moment, to clients and to targets."""
        found = {arn: len(links) for arn, links in list(self._links.items())}
        for (arn, _), front in list(self._fronts.items()):
            found[arn] = found.get(arn, 0) + len(front)
        return found

    def close(self) -> None:
        """Close every port."""
        self._loop.call(self._close())

    async def _sync(self, balancers: dict[str, LoadBalancer]) -> None:
        wanted: set[_Key] = set()
        for arn, balancer in balancers.items():
            others = {(arn, one.arn) for one in balancer.listeners if one not in balancer.named_listeners()}
            wanted |= {(arn, ""), *others}
        self._balancers = balancers
        for key in wanted - self._fronts.keys():
            await self._open(*key)
        for key in self._fronts.keys() - wanted:
            await self._fronts.pop(key).close()
        for arn in self._links.keys() - balancers.keys():
            self._links.pop(arn).close()

    async def _open(self, load_balancer_arn: str, listener_arn: str) -> int:
        key = (load_balancer_arn, listener_arn)
        if self._tidying is None:
            self._tidying = asyncio.create_task(self._tidy())
        if key not in self._fronts:
            where = Path(load_balancer_arn)
            front = Front(
                serve=lambda client: self._serve(key, client),
                secure=lambda: self._secure(key),
                certificates=self._certificates,
                failed=lambda: self._traffic.add(where, "ClientTLSNegotiationErrorCount"),
            )
            front.open()
            self._fronts[key] = front
        return self._fronts[key].port

    async def _close(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        for front in self._fronts.values():
            await front.close()
        self._fronts.clear()
        for links in self._links.values():
            links.close()

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(_TIDY_SECONDS)
            for links in list(self._links.values()):
                links.tidy()

    async def _serve(self, key: _Key, client: Client) -> None:
        zones = self._balancer(key[0]).zones
        client.zone = zones[next(self._zones) % len(zones)] if zones else ""
        self._traffic.add(Path(key[0], "", client.zone), "NewConnectionCount")
        await Conversation(
            parts=self._parts,
            client=client,
            settings=lambda: (self._balancer(key[0]), self._listener(key, secure=client.secure)),
        ).run()

    def _balancer(self, arn: str) -> LoadBalancer:
        return self._balancers.get(arn) or LoadBalancer(arn=arn, name="")

    def _listener(self, key: _Key, *, secure: bool) -> Listener | None:
        balancer = self._balancer(key[0])
        if key[1]:
            return next((one for one in balancer.listeners if one.arn == key[1]), None)
        return balancer.secure_listener() if secure else balancer.main_listener()

    def _secure(self, key: _Key) -> bool | None:
        """Whether a port speaks TLS; None for either."""
        if not key[1]:
            return None if self._balancer(key[0]).secure_listener() is not None else False
        listener = self._listener(key, secure=False)
        return listener is not None and listener.scheme == "https"

    def _authority(self, balancer: LoadBalancer, listener: Listener) -> tuple[str, int] | None:
        named = listener in balancer.named_listeners()
        port = self.port(balancer.arn, "" if named else listener.arn)
        return None if port is None else (listener.scheme, port)
