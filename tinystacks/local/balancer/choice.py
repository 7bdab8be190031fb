"""Which target group and which target get a request.

Sources: Application Load Balancer user guide, load-balancer-target-groups (routing algorithms, slow start),
load-balancer-listeners (weights), sticky-sessions.
"""

from __future__ import annotations

import itertools
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinystacks.local.balancer.stickiness import (
    APPLICATION_COOKIE,
    APPLICATION_COOKIE_SECONDS,
    GROUP_COOKIE,
    TARGET_COOKIE,
    Seal,
    set_cookies,
    sets_cookie,
    value_of,
)
from tinystacks.local.listener_rules import forward_weights, group_stickiness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tinystacks.local.balancer.heads import Header
    from tinystacks.local.targets import Target, TargetBook, TargetGroup

_LEAST_SHARE = 0.02
"""What a target in slow start gets at first, of a full one's share."""


@dataclass(slots=True, kw_only=True)
class Choice:
    """Where a request goes.

    Attributes:
        group: the settings; None for a target group that is gone.
        target: None where the group has none.
        kept: it follows from a cookie.
        cookies: headers that the answer gets.
    """

    group_arn: str
    group: TargetGroup | None = None
    target: Target | None = None
    kept: bool = False
    cookies: list[Header] = field(default_factory=list["Header"])


class Chooser:
    """Chooses targets, in turn.

    Args:
        now: simulated time, for slow start.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._turns: dict[str, itertools.count[int]] = {}
        self._random = random.Random(0)  # noqa: S311 - no secret
        self._seal = Seal()

    def choose(
        self,
        book: TargetBook,
        listener_arn: str,
        action: Mapping[str, Any],
        given: Mapping[str, str],
        *,
        secure: bool,
    ) -> Choice:
        """Choose for one request.

        Args:
            book: the targets.
            listener_arn: whose turn it is.
            action: a forward action.
            given: cookies of the request.
            secure: the client speaks TLS.
        """
        now = time.time()
        made: list[Header] = []
        group_arn = self._group(listener_arn, action, given, made, secure=secure)
        group = book.group(group_arn)
        choice = Choice(group_arn=group_arn, group=group, cookies=made)
        able = [one for one in book.routable(group_arn) if one.address is not None]
        if group is None or not able:
            return choice
        if group.sticky:
            name = TARGET_COOKIE if group.sticky == "lb_cookie" else APPLICATION_COOKIE
            told = self._seal.open(value_of(given, name), now)
            choice.target = next((one for one in able if told == [group_arn, one.target_id, str(one.port)]), None)
            if choice.target is not None and group.sticky == "app_cookie" and group.sticky_cookie not in given:
                choice.target = None
            choice.kept = choice.target is not None
        if choice.target is None:
            choice.target = self._target(group, able)
        if group.sticky == "lb_cookie":
            choice.cookies += self._binding(choice, now + group.sticky_seconds, secure=secure)
        return choice

    def after_answer(self, choice: Choice, answered: list[Header], *, secure: bool) -> list[Header]:
        """Headers to add to a target's answer."""
        group = choice.group
        if group is None or group.sticky != "app_cookie":
            return choice.cookies
        if not choice.kept and not sets_cookie(answered, group.sticky_cookie):
            return choice.cookies
        now = time.time()
        kept = now + APPLICATION_COOKIE_SECONDS
        return choice.cookies + self._binding(choice, now + group.sticky_seconds, expires=kept, secure=secure)

    def _binding(self, choice: Choice, until: float, *, secure: bool, expires: float | None = None) -> list[Header]:
        if choice.target is None or choice.group is None:
            return []
        content = [choice.group_arn, choice.target.target_id, str(choice.target.port)]
        name = TARGET_COOKIE if choice.group.sticky == "lb_cookie" else APPLICATION_COOKIE
        return set_cookies(name, self._seal.close(content, until), expires or until, secure=secure)

    def _group(
        self,
        listener_arn: str,
        action: Mapping[str, Any],
        given: Mapping[str, str],
        made: list[Header],
        *,
        secure: bool,
    ) -> str:
        """Spread requests over a rule's target groups by weight, in a fixed turn, or keep to the cookie's."""
        weights = forward_weights(action)
        seconds = group_stickiness(action)
        if seconds is None:
            return self._weighted(listener_arn, weights)
        now = time.time()
        told = self._seal.open(value_of(given, GROUP_COOKIE), now)
        known = told[0] if told and any(arn == told[0] and weight for arn, weight in weights) else ""
        chosen = known or self._weighted(listener_arn, weights)
        made += set_cookies(GROUP_COOKIE, self._seal.close([chosen], now + seconds), now + seconds, secure=secure)
        return chosen

    def _weighted(self, listener_arn: str, weights: list[tuple[str, int]]) -> str:
        total = sum(weight for _, weight in weights)
        if total <= 0:
            return ""
        place = next(self._turns.setdefault(listener_arn, itertools.count())) % total
        for arn, weight in weights:
            if place < weight:
                return arn
            place -= weight
        return ""

    def _target(self, group: TargetGroup, able: Sequence[Target]) -> Target:
        shares = [self._share(group, one) for one in able]
        if group.algorithm == "weighted_random":
            return self._random.choices(able, shares)[0]
        for one, share in zip(able, shares, strict=True):
            one.turn += share
        if group.algorithm == "least_outstanding_requests":
            chosen = min(able, key=lambda one: (one.open_requests, -one.turn))
        else:
            chosen = max(able, key=lambda one: one.turn)
        chosen.turn -= sum(shares)
        return chosen

    def _share(self, group: TargetGroup, target: Target) -> float:
        if not group.slow_start or target.slow_since is None or group.algorithm == "least_outstanding_requests":
            return 1.0
        return min(1.0, max(_LEAST_SHARE, (self._now() - target.slow_since) / group.slow_start))
