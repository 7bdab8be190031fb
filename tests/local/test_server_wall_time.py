"""Timestamps are translated wherever the API's own model says that one is."""

from moto.core.utils import get_service_model

from tinystacks.local.clock import SpeededClock
from tinystacks.local.wall_time import translated


def test_every_timestamp_of_a_response_and_nothing_else():
    shape = get_service_model("ecs").operation_model("DescribeServices").output_shape
    document = {
        "services": [
            {
                "createdAt": 10.0,
                "desiredCount": 10,
                "events": [{"id": "e", "createdAt": 20, "message": "m"}],
                "deployments": [{"createdAt": 30.0, "updatedAt": None, "taskDefinition": "t"}],
            }
        ],
        "unknown": 10.0,
    }
    assert translated(shape, document, lambda seconds: seconds * 2) == {
        "services": [
            {
                "createdAt": 20.0,
                "desiredCount": 10,
                "events": [{"id": "e", "createdAt": 40.0, "message": "m"}],
                "deployments": [{"createdAt": 60.0, "updatedAt": None, "taskDefinition": "t"}],
            }
        ],
        "unknown": 10.0,
    }


def test_what_does_not_fit_the_model_is_left_for_the_api_to_refuse():
    shape = get_service_model("ecs").operation_model("DescribeServices").output_shape
    for wrong in ({"services": {"createdAt": 1}}, {"services": [5, {"createdAt": "soon"}]}, [], None):
        assert translated(shape, wrong, lambda seconds: seconds * 2) == wrong


def test_the_clock_goes_there_and_back():
    wall = [1000.0]
    clock = SpeededClock(20, lambda: wall[0])
    wall[0] = 1003.0
    assert clock.now() == 1060.0
    assert clock.to_wall(clock.now()) == 1003.0
    assert clock.at_wall(1003.0) == 1060.0
    assert clock.wall_seconds(60) == 3.0
