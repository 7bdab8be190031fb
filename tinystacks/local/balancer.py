"""The load balancers: one HTTP reverse proxy per listener on 127.0.0.1.

A balancer has a port from the moment it exists, since its DNS name is asked for at once: the port of its listener on
80 (else 443, else the first). Other listeners get ports of their own. HTTPS listeners speak plain HTTP here, and a
redirect to one of the balancer's own listeners names the port where it really listens.
"""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

from tinystacks.local.documents import structure
from tinystacks.local.listener_rules import Request, final_action, forward_weights, redirect_location
from tinystacks.local.traffic import Path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.local.listener_rules import Listener, LoadBalancer
    from tinystacks.local.loop_thread import LoopThread
    from tinystacks.local.targets import Target, TargetBook
    from tinystacks.local.traffic import TrafficBook

CONNECT_TIMEOUT_SECONDS = 10.0
"""A target that takes no connection in this time: 504 (ALB user guide, load-balancer-troubleshooting)."""
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
_TITLES = {
    404: "404 Not Found",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}
_CHUNK_BYTES = 64 * 1024


class Balancers:
    """All load balancers of the local AWS.

    Args:
        loop: thread in which they run.
        book_of: the targets of the region that an ARN names.
        traffic: where requests are counted.
    """

    def __init__(self, loop: LoopThread, book_of: Callable[[str], TargetBook], traffic: TrafficBook) -> None:
        self._loop = loop
        self._book_of = book_of
        self._traffic = traffic
        self._turns: dict[str, itertools.count[int]] = {}
        self._balancers: dict[str, LoadBalancer] = {}
        self._fronts: dict[tuple[str, str], _Front] = {}
        self._session: aiohttp.ClientSession | None = None

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

    def connections(self) -> dict[str, int]:
        """Connections of each load balancer at this moment."""
        return {}

    def close(self) -> None:
        """Close every port."""
        self._loop.call(self._close())

    async def _sync(self, balancers: dict[str, LoadBalancer]) -> None:
        wanted: set[tuple[str, str]] = set()
        for arn, balancer in balancers.items():
            main = balancer.main_listener()
            wanted.add((arn, ""))
            wanted |= {(arn, listener.arn) for listener in balancer.listeners if listener is not main}
        self._balancers = balancers
        for key in wanted - self._fronts.keys():
            await self._open(*key)
        for key in self._fronts.keys() - wanted:
            await self._fronts.pop(key).close()

    async def _open(self, load_balancer_arn: str, listener_arn: str) -> int:
        key = (load_balancer_arn, listener_arn)
        if key not in self._fronts:
            front = _Front(lambda request: self._answer(key, request))
            await front.open()
            self._fronts[key] = front
        return self._fronts[key].port

    async def _close(self) -> None:
        for front in self._fronts.values():
            await front.close()
        self._fronts.clear()
        if self._session is not None:
            await self._session.close()

    def _listener(self, key: tuple[str, str]) -> Listener | None:
        balancer = self._balancers.get(key[0])
        if balancer is None:
            return None
        if not key[1]:
            return balancer.main_listener()
        return next((one for one in balancer.listeners if one.arn == key[1]), None)

    async def _answer(self, key: tuple[str, str], request: web.BaseRequest) -> web.StreamResponse:
        listener = self._listener(key)
        if listener is None:
            return _error(503)
        asked = _understand(request)
        rule = listener.rule_for(asked)
        action = final_action(rule.actions) if rule is not None else None
        if action is None:
            return _error(503)
        if action["Type"] == "fixed-response":
            config = structure(action, "FixedResponseConfig")
            return web.Response(
                status=int(config.get("StatusCode") or 503),
                text=str(config.get("MessageBody") or ""),
                content_type=str(config.get("ContentType") or "text/plain"),
            )
        if action["Type"] == "redirect":
            return self._redirect(key, listener, asked, request, structure(action, "RedirectConfig"))
        return await self._forward(key[0], listener, request, self._pick_group(listener.arn, forward_weights(action)))

    def _redirect(
        self,
        key: tuple[str, str],
        listener: Listener,
        asked: Request,
        request: web.BaseRequest,
        config: Mapping[str, str],
    ) -> web.StreamResponse:
        location = redirect_location(
            config, asked, protocol=listener.protocol, port=listener.port, query=request.query_string
        )
        balancer = self._balancers[key[0]]
        for other in balancer.listeners:
            scheme = other.protocol.lower()
            usual = {"http": 80, "https": 443}.get(scheme)
            here = f"{scheme}://{asked.host}" + ("" if other.port == usual else f":{other.port}")
            if location == here or location.startswith((f"{here}/", f"{here}?")):
                main = other is balancer.main_listener()
                port = self.port(key[0], "" if main else other.arn)
                location = f"http://{asked.host}:{port}{location[len(here) :]}"
                break
        status = 301 if config.get("StatusCode") == "HTTP_301" else 302
        return web.Response(status=status, headers={"Location": location})

    def _pick_group(self, listener_arn: str, weights: list[tuple[str, int]]) -> str:
        """Spread requests over a rule's target groups by weight, in a fixed turn."""
        total = sum(weight for _, weight in weights)
        if total <= 0:
            return ""
        place = next(self._turns.setdefault(listener_arn, itertools.count())) % total
        for arn, weight in weights:
            if place < weight:
                return arn
            place -= weight
        return ""

    def _pick_target(self, book: TargetBook, group_arn: str) -> Target | None:
        group = book.group(group_arn)
        routable = [one for one in book.routable(group_arn) if one.address is not None]
        if not routable:
            return None
        if group is not None and group.algorithm == "least_outstanding_requests":
            return min(routable, key=lambda one: one.open_requests)
        return routable[next(self._turns.setdefault(group_arn, itertools.count())) % len(routable)]

    async def _forward(
        self, arn: str, listener: Listener, request: web.BaseRequest, group_arn: str
    ) -> web.StreamResponse:
        book = self._book_of(arn)
        path = Path(arn, group_arn)
        target = self._pick_target(book, group_arn) if group_arn else None
        if target is None or target.address is None:
            self._traffic.refused(path, 503)
            return _error(503)
        started = time.monotonic()
        self._traffic.chosen(path)

        def began(code: int) -> None:
            self._traffic.answered(path, code, time.monotonic() - started)

        target.open_requests += 1
        try:
            return await self._proxy(request, listener, target.address, self._balancers[arn].idle_timeout, began)
        except (TimeoutError, aiohttp.ServerTimeoutError):
            self._traffic.refused(path, 504)
            return _error(504)
        except (aiohttp.ClientError, OSError):
            self._traffic.refused(path, 502)
            return _error(502)
        finally:
            target.open_requests -= 1

    async def _proxy(
        self,
        request: web.BaseRequest,
        listener: Listener,
        address: tuple[str, int],
        idle_timeout: float,
        began: Callable[[int], None],
    ) -> web.StreamResponse:
        """Pass a request on; `began` is told when the target begins to answer, which is what its time means."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=5),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        host, port = address
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_SECONDS, sock_read=idle_timeout)
        async with self._session.request(
            request.method,
            f"http://{host}:{port}{request.raw_path}",
            headers=_onward_headers(request, listener),
            data=request.content if request.body_exists else None,
            allow_redirects=False,
            timeout=timeout,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        ) as answer:
            began(answer.status)
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    response.headers.add(name, value)
            try:
                await response.prepare(request)
                async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                    await response.write(chunk)
                await response.write_eof()
            except (aiohttp.ClientError, OSError):
                # Too late for a page of our own: the client sees the answer break off, as it would behind an ALB.
                if request.transport is not None:
                    request.transport.abort()
            return response


class _Front:
    """One listening port."""

    def __init__(self, answer: Callable[[web.BaseRequest], object]) -> None:
        self._server = web.Server(answer, access_log=None)  # pyright: ignore[reportArgumentType] - the handler is a coroutine function behind a lambda
        self._sockets: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._sockets = await loop.create_server(self._server, "127.0.0.1", 0)
        self.port = int(self._sockets.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._sockets is not None:
            self._sockets.close()
        await self._server.shutdown(0.5)


def _understand(request: web.BaseRequest) -> Request:
    return Request(
        method=request.method,
        host=(request.headers.get("Host") or "").rsplit(":", 1)[0].lower(),
        path=request.path,
        query=tuple(parse_qsl(request.query_string, keep_blank_values=True)),
        headers={name.lower(): value for name, value in request.headers.items()},
        source_ip=request.remote or "127.0.0.1",
    )


def _onward_headers(request: web.BaseRequest, listener: Listener) -> dict[str, str]:
    """The client's headers with the balancer's own (ALB user guide, page x-forwarded-headers)."""
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
    before = request.headers.get("X-Forwarded-For")
    source = request.remote or "127.0.0.1"
    headers["X-Forwarded-For"] = f"{before}, {source}" if before else source
    headers["X-Forwarded-Proto"] = listener.protocol.lower()
    headers["X-Forwarded-Port"] = str(listener.port)
    headers.setdefault("X-Amzn-Trace-Id", f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}")
    return headers


def _error(code: int) -> web.Response:
    return web.Response(
        status=code, text=_PAGE.format(_TITLES[code]), content_type="text/html", headers={"Server": "awselb/2.0"}
    )
