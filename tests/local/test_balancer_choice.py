"""Which target gets a request: algorithms, slow start, cookies.

Sources: Application Load Balancer user guide, load-balancer-target-groups (routing algorithms, slow start mode),
sticky-sessions, load-balancer-listeners (weighted target groups).
"""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.balancer_world import GROUP, balancer_world, forwarding
from tinystacks.local.balancer.choice import Chooser
from tinystacks.local.balancer.stickiness import Seal, cookies
from tinystacks.local.targets import CheckResult, TargetBook, TargetGroup

FORWARD = {"Type": "forward", "TargetGroupArn": GROUP}
OTHER = GROUP + "b"


def healthy(book, *, now, port, group=GROUP):
    book.register(group, "i-1", port, address=("127.0.0.1", port), now=now)
    check(book, port, now=now + 1, group=group)


def check(book, port, *, now, passed=True, group=GROUP):
    for one, settings in book.due(now):
        if one.port == port and one.target_group_arn == group:
            book.checked(one, settings, CheckResult(passed=passed))


def book_of(*ports, **settings):
    book = TargetBook()
    book.set_groups({GROUP: TargetGroup(arn=GROUP, interval=1, unhealthy_threshold=2, **settings)})
    for port in ports:
        healthy(book, now=0, port=port)
    return book


def chosen(chooser, book, times):
    found = [chooser.choose(book, "l", FORWARD, {}, secure=False) for _ in range(times)]
    return [one.target.port for one in found if one.target is not None]


@given(st.integers(1, 7), st.integers(1, 50))
def test_round_robin_differs_by_one_at_most(targets, requests):
    book = book_of(*range(1, targets + 1))
    counts = Counter(dict.fromkeys(range(1, targets + 1), 0))
    counts.update(chosen(Chooser(lambda: 0.0), book, requests))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_round_robin_goes_on_fairly_when_a_target_leaves_or_comes():
    book, chooser = book_of(1, 2, 3), Chooser(lambda: 0.0)
    chosen(chooser, book, 7)
    book.deregister(GROUP, "i-1", 2, now=0)
    assert set(Counter(chosen(chooser, book, 10)).values()) <= {4, 5, 6}
    healthy(book, now=0, port=4)
    assert max(Counter(chosen(chooser, book, 9)).values()) <= 4


def test_least_outstanding_requests_goes_to_the_idle_one():
    book, chooser = book_of(1, 2, algorithm="least_outstanding_requests"), Chooser(lambda: 0.0)
    busy, idle = book.describe(GROUP)
    busy.open_requests, idle.open_requests = 3, 1
    assert chosen(chooser, book, 2) == [2, 2]
    idle.open_requests = 3
    assert set(chosen(chooser, book, 4)) == {1, 2}


def test_weighted_random_reaches_all():
    assert set(chosen(Chooser(lambda: 0.0), book_of(1, 2, algorithm="weighted_random"), 50)) == {1, 2}


def test_l7_all_get_requests_when_none_is_healthy():
    """Source: Application Load Balancer user guide, load-balancer-target-groups; developer guide,
    load-balancer-connection-draining.
    """
    book = book_of(1, 2)
    for turn in (2, 3):
        for port in (1, 2):
            check(book, port, now=10 * turn, passed=False)
            book.describe(GROUP)[port - 1].next_check_at = 0
    assert {one.state for one in book.describe(GROUP)} == {"unhealthy"}
    assert set(chosen(Chooser(lambda: 0.0), book, 4)) == {1, 2}


def test_l8_a_new_target_starts_slowly_and_grows_in_a_line():
    """Source: Application Load Balancer user guide, load-balancer-target-groups; Elastic Load Balancing API,
    TargetGroupAttribute.
    """
    now = 1000.0
    chooser = Chooser(lambda: now)
    book = book_of(1, slow_start=100.0)
    healthy(book, now=now, port=2)
    shares = {}
    for passed in (10, 50, 100):
        now = 1001.0 + passed
        shares[passed] = Counter(chosen(chooser, book, 220))[2] / 220
    assert shares[10] == pytest.approx(0.1 / 1.1, abs=0.02)
    assert shares[50] == pytest.approx(0.5 / 1.5, abs=0.02)
    assert shares[100] == pytest.approx(0.5, abs=0.02)


def test_the_first_target_of_all_does_not_start_slowly():
    book = book_of(1, slow_start=100.0)
    assert book.describe(GROUP)[0].slow_since is None


def test_an_unhealthy_target_starts_slowly_again():
    book = book_of(1, slow_start=30.0)
    healthy(book, now=0, port=2)
    second = book.describe(GROUP)[1]
    assert second.slow_since == 1
    for _ in range(2):
        second.next_check_at = 0
        check(book, 2, now=50, passed=False)
    assert second.state == "unhealthy"
    for _ in range(5):
        second.next_check_at = 0
        check(book, 2, now=200)
    assert (second.state, second.slow_since) == ("healthy", 200)


@pytest.fixture
def world():
    with balancer_world() as made:
        yield made


def jar(headers):
    pairs = [value.partition(";")[0] for name, value in headers.items() if name == "Set-Cookie"]
    return {"Cookie": "; ".join(pairs)} if pairs else {}


def told_port(world, **more):
    return json.loads(world.get("/", **more)[2])["port"]


def sticky(world, **settings):
    world.book.set_groups({GROUP: replace(world.group, **settings)})
    ports = [world.target().port for _ in range(3)]
    world.listen(forwarding(80), forwarding(443, protocol="HTTPS"))
    return ports


def test_the_balancers_cookie_binds_a_client_to_its_target(world):
    sticky(world, sticky="lb_cookie", sticky_seconds=60)
    _, headers, _ = world.get("/")
    first, twin = headers.get_all("Set-Cookie")
    assert first.startswith("AWSALB=")
    assert twin.startswith("AWSALBCORS=")
    assert "SameSite=None" in twin
    assert "Secure" not in twin
    expires = parsedate_to_datetime(first.split("Expires=")[1].split(";")[0])
    assert 50 < (expires - datetime.now(UTC)).total_seconds() <= 60
    ports = {told_port(world, headers=jar(headers)) for _ in range(5)}
    assert len(ports) == 1
    assert len({told_port(world) for _ in range(6)}) == 3


def test_a_secure_clients_cookie_is_secure(world):
    sticky(world, sticky="lb_cookie")
    _, headers, _ = world.get("/", secure=True)
    assert headers.get_all("Set-Cookie")[1].endswith("SameSite=None; Secure")


@pytest.mark.parametrize("value", ["nonsense", "", "AAAA", "%2B%2B"])
def test_a_forged_cookie_binds_to_nothing(world, value):
    sticky(world, sticky="lb_cookie")
    assert len({told_port(world, headers={"Cookie": f"AWSALB={value}"}) for _ in range(6)}) == 3


def test_a_client_whose_target_left_is_bound_to_another(world):
    ports = sticky(world, sticky="lb_cookie")
    _, headers, text = world.get("/")
    bound = json.loads(text)["port"]
    world.book.deregister(GROUP, "i-1", bound, now=0)
    _, again, text = world.get("/", headers=jar(headers))
    now_at = json.loads(text)["port"]
    assert now_at in set(ports) - {bound}
    assert {told_port(world, headers=jar(again)) for _ in range(4)} == {now_at}


def test_the_applications_cookie_begins_and_carries_the_binding(world):
    sticky(world, sticky="app_cookie", sticky_cookie="app")
    _, headers, _ = world.get("/")
    assert headers.get_all("Set-Cookie") is None
    _, headers, _ = world.get("/cookie")
    assert [value.partition("=")[0] for value in headers.get_all("Set-Cookie")] == ["app", "AWSALBAPP-0"]
    assert len({told_port(world, headers=jar(headers)) for _ in range(5)}) == 1
    only = {"Cookie": jar(headers)["Cookie"].partition("; ")[2]}
    assert len({told_port(world, headers=only) for _ in range(6)}) == 3


def test_weighted_groups_bind_a_client_to_one_of_them(world):
    world.book.set_groups({GROUP: world.group, OTHER: replace(world.group, arn=OTHER)})
    world.target()
    world.target(group=OTHER)
    action = {
        "Type": "forward",
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": GROUP, "Weight": 1}, {"TargetGroupArn": OTHER, "Weight": 1}],
            "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
        },
    }
    world.listen(forwarding(action=action))
    _, headers, _ = world.get("/")
    assert headers.get_all("Set-Cookie")[0].startswith("AWSALBTG=")
    assert len({told_port(world, headers=jar(headers)) for _ in range(4)}) == 1
    assert len({told_port(world) for _ in range(4)}) == 2


@given(st.lists(st.text(), max_size=3), st.floats(0, 1e9), st.binary(max_size=60))
def test_a_seal_opens_to_what_it_closed_and_nothing_else(content, now, noise):
    seal, other = Seal(), Seal()
    value = seal.close(content, now + 1)
    assert seal.open(value, now) == content
    assert seal.open(value, now + 2) is None
    assert other.open(value, now) is None
    assert seal.open(noise.decode("latin-1"), now) is None


def test_cookies_of_several_headers():
    headers = [("Cookie", "a=1; b=2"), ("X", "c=3"), ("cookie", "b=9;d=x=y")]
    assert cookies(headers) == {"a": "1", "b": "2", "d": "x=y"}
