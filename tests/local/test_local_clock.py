"""The clock of the local AWS: simulated time at any speed, and at a speed that changes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinystacks.errors import UsageError
from tinystacks.local.clock import SpeededClock

START = 1_700_000_000.0


class Wall:
    """Real time as a test sets it."""

    def __init__(self):
        self.time = START

    def __call__(self):
        return self.time


def test_a_new_speed_counts_from_now_on():
    wall = Wall()
    clock = SpeededClock(20, wall)
    wall.time += 10
    assert clock.now() == START + 200
    clock.set_speed(1)
    assert (clock.speed, clock.now()) == (1, START + 200)
    wall.time += 10
    assert clock.now() == START + 210
    assert clock.wall_seconds(60) == 60


def test_times_of_before_keep_their_place_in_real_time():
    wall = Wall()
    clock = SpeededClock(20, wall)
    wall.time += 5
    created = clock.now()
    clock.set_speed(300)
    wall.time += 5
    assert clock.to_wall(created) == START + 5
    assert clock.at_wall(START + 2) == START + 40
    assert clock.to_wall(clock.now()) == pytest.approx(wall.time)


@pytest.mark.parametrize("speed", [0, -1, 1000.5, float("nan")])
def test_a_speed_that_no_clock_has_is_refused_and_changes_nothing(speed):
    clock = SpeededClock(20)
    with pytest.raises(UsageError, match="speed of the local AWS cannot be"):
        clock.set_speed(speed)
    assert clock.speed == 20


@given(st.lists(st.tuples(st.floats(0.1, 1000), st.floats(0.01, 3600)), min_size=1, max_size=12))
def test_time_neither_jumps_nor_goes_back_and_can_be_read_both_ways(changes):
    wall = Wall()
    clock = SpeededClock(1, wall)
    seen = []
    for speed, seconds in changes:
        before = clock.now()
        clock.set_speed(speed)
        assert clock.now() == pytest.approx(before, abs=1e-3)
        wall.time += seconds
        seen.append((wall.time, clock.now()))
    assert all(one[1] < other[1] for one, other in itertools.pairwise(seen))
    for real, simulated in seen:
        assert clock.to_wall(simulated) == pytest.approx(real, abs=1e-2)
        assert clock.at_wall(real) == pytest.approx(simulated, abs=1)
