"""Which request goes to which service: listener rules and their priorities, as plain data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tinystacks.spec.service import RouteSpec, ServiceSpec

VALUES_PER_RULE = 5
"""Condition values that one rule may have (Elastic Load Balancing user guide, "Quotas")."""
_HOSTS_BESIDE_PATHS = 2
_BAND = 500
"""Priorities of one degree of precision; 99 bands fill the 50,000 that a listener has."""
_PATH_DEGREES = 33
_HOST_DEGREES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerRule:
    """One rule of the listener.

    Attributes:
        service: who gets the request.
        index: number of the rule among those of its service.
        hosts: host names that match; empty for any.
        paths: paths that match; empty for any.
        priority: 1 to 50,000, the lowest is asked first.
    """

    service: str
    index: int
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    priority: int


def default_service(services: Mapping[str, ServiceSpec]) -> str | None:
    """Give the service that gets what no rule matches: the one without a route."""
    return next((name for name, service in sorted(services.items()) if not _has_route(service)), None)


def listener_rules(services: Mapping[str, ServiceSpec]) -> list[ListenerRule]:
    """Give the rules of all services with a route.

    Priorities follow from a rule's own content: exact hosts before patterns, long paths before short ones, and within
    that a number from the service's name. So adding or removing one service moves no other rule (trap G3), except in
    the rare case that two rules fall on one number.
    """
    parts = [
        (name, index, hosts, paths)
        for name, service in sorted(services.items())
        if service.route is not None and _has_route(service)
        for index, (hosts, paths) in enumerate(_parts(service.route))
    ]
    taken: set[int] = set()
    rules: list[ListenerRule] = []
    for name, index, hosts, paths in parts:
        priority = _priority(name, index, hosts, paths, taken)
        taken.add(priority)
        rules.append(ListenerRule(service=name, index=index, hosts=hosts, paths=paths, priority=priority))
    return rules


def route_url(endpoint: str, route: RouteSpec | None) -> str:
    """Give the address of a service behind the endpoint.

    Args:
        endpoint: URL of the stage.
        route: hosts and paths of the service; the first without a wildcard is shown.
    """
    if route is None:
        return endpoint
    scheme = endpoint.partition("://")[0]
    host = next((host for host in route.host if not _is_pattern(host)), None)
    base = endpoint if host is None else f"{scheme}://{host}"
    return base + _literal(route.path[0]).rstrip("/") if route.path else base


def _has_route(service: ServiceSpec) -> bool:
    return service.route is not None and bool(service.route.host or service.route.path)


def _parts(route: RouteSpec) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Cut a route into rules that hold no more values than one rule may."""
    if not route.path:
        yield from ((hosts, ()) for hosts in _chunks(route.host, VALUES_PER_RULE))
    elif not route.host:
        yield from (((), paths) for paths in _chunks(route.path, VALUES_PER_RULE))
    else:
        for hosts in _chunks(route.host, _HOSTS_BESIDE_PATHS):
            yield from ((hosts, paths) for paths in _chunks(route.path, VALUES_PER_RULE - _HOSTS_BESIDE_PATHS))


def _chunks(values: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    ordered = list(dict.fromkeys(values))
    for start in range(0, len(ordered), size):
        yield tuple(ordered[start : start + size])


def _priority(name: str, index: int, hosts: Sequence[str], paths: Sequence[str], taken: set[int]) -> int:
    band = _host_degree(hosts) * _PATH_DEGREES + _path_degree(paths)
    offset = int.from_bytes(hashlib.sha256(f"{name}/{index}".encode()).digest()[:4], "big") % _BAND
    # Every band has room for 500 rules; a listener takes 100 by default.
    return next(
        priority for step in range(_BAND) if (priority := band * _BAND + (offset + step) % _BAND + 1) not in taken
    )


def _host_degree(hosts: Sequence[str]) -> int:
    if not hosts:
        return _HOST_DEGREES - 1
    return 1 if any(_is_pattern(host) for host in hosts) else 0


def _path_degree(paths: Sequence[str]) -> int:
    """0 for the most precise; a rule is as precise as its least precise path."""
    precision = min((len(_literal(path)) for path in paths), default=0)
    return _PATH_DEGREES - 1 - min(precision, _PATH_DEGREES - 1)


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _literal(path: str) -> str:
    """Give the part of a path before its first wildcard."""
    return path.split("*", 1)[0].split("?", 1)[0]
