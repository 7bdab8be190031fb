from __future__ import annotations

import pytest

from tests.fakes.deployment_target import FakeTarget
from tinystacks.deployment.preflight import check_images
from tinystacks.errors import UsageError
from tinystacks.spec.model import StackSpec

STAGE = StackSpec.model_validate(
    {"name": "shop", "services": {"web": {"build": "."}, "worker": {"image": "busybox"}}}
).stage()


def test_a_service_that_nobody_built_asks_for_an_image_before_aws_is_reached() -> None:
    with pytest.raises(UsageError, match="`web`") as refused:
        check_images(STAGE, FakeTarget(name="aws"), [])
    assert "`image:`" in refused.value.hint
    assert "worker" not in refused.value.message


def test_a_given_image_or_the_simulation_is_enough() -> None:
    check_images(STAGE, FakeTarget(name="aws"), ["web"])
    check_images(STAGE, FakeTarget(name="local"), [])
