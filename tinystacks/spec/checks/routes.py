"""Which request goes to which service of the shared load balancer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.positions import KeyPath
    from tinystacks.spec.service import RouteSpec

_HOST = re.compile(r"[A-Za-z0-9*?.-]{1,128}")
_PATH = re.compile(r"[/*?][A-Za-z0-9_.$/~\"'@:+&*?-]{0,127}")


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check routes: one service at most without, no empty or double ones, valid patterns.

    Patterns: Elastic Load Balancing user guide, "Condition types for listener rules".
    """
    exposed = stage.exposed_services
    default: str | None = None
    taken: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    for name, service in stage.services.items():
        path = ("services", name, "route")
        if service.route is None:
            if name in exposed and default is not None:
                message = (
                    f"needs a `route`: `{default}` has a port and no route too, and only one service gets the rest"
                )
                yield error(("services", name), "route-missing", message)
            elif name in exposed:
                default = name
            continue
        if service.port is None:
            yield error(path, "route-without-port", "a route needs a `port`; add one or remove the route")
        if not service.route.host and not service.route.path:
            yield error(path, "route-empty", "needs `host` or `path`; or remove the route to make this the default")
        yield from _patterns(service.route, path)
        key = (tuple(sorted(map(str.lower, service.route.host))), tuple(sorted(service.route.path)))
        if key in taken:
            yield error(
                path, "route-taken", f"is the same as the route of `{taken[key]}`; one of them would get nothing"
            )
        taken.setdefault(key, name)


def _patterns(route: RouteSpec, path: KeyPath) -> Iterator[Finding]:
    for at, host in enumerate(route.host):
        if not _HOST.fullmatch(host):
            message = "must be a host name of at most 128 characters without port; `*` and `?` stand for any characters"
            yield error((*path, "host", at), "route-host", message)
    for at, pattern in enumerate(route.path):
        if not _PATH.fullmatch(pattern):
            message = "must be a path such as `/api/*`: beginning with `/`, at most 128 characters, no spaces"
            yield error((*path, "path", at), "route-path", message)
