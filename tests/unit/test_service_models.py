"""Descriptions of services are botocore's own, found without listing all services."""

from __future__ import annotations

import os

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from tinystacks.local.service_models import OneServiceLoader


@pytest.mark.parametrize("service", ["ecs", "ec2", "elbv2", "logs", "cloudwatch", "application-autoscaling"])
@pytest.mark.parametrize("kind", ["service-2", "paginators-1"])
def test_a_description_is_the_one_that_botocore_loads(service, kind):
    assert OneServiceLoader().load_service_model(service, kind) == Loader().load_service_model(service, kind)


def test_other_services_are_not_looked_at(monkeypatch):
    seen: list[str] = []
    real = os.listdir
    loader = OneServiceLoader()
    monkeypatch.setattr(os, "listdir", lambda path: seen.append(str(path)) or real(path))
    loader.load_service_model("ecs", "service-2")
    assert seen
    assert {path.rpartition(os.sep)[2] for path in seen} == {"ecs"}


def test_a_service_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UnknownServiceError, match="ecss"):
        OneServiceLoader().load_service_model("ecss", "service-2")
    assert OneServiceLoader().list_available_services("service-2") == Loader().list_available_services("service-2")
