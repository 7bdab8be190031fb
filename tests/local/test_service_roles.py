"""Service-linked roles have AWS's names, so that whoever looks for one before making it finds it (trap H1)."""

import pytest

from tests.fakes.local_stage import refusal
from tinystacks.deployment.preflight import ensure_service_roles
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget
from tinystacks.spec.model import StackSpec


class Account(LocalTarget):
    """The local AWS, seen as any account."""

    name = "aws"


@pytest.fixture
def account(tmp_path):
    local = LocalAws(home=tmp_path, providers=False)
    yield Account(local.start("simulated"), "us-east-1")
    local.stop()


def test_h1_missing_roles_are_made_once_and_found_afterwards(account):
    document = {
        "name": "shop",
        "services": {"web": {"image": "nginx", "port": 80}},
        "compute": {"spot": {"on_demand_base": 1}},
    }
    stage = StackSpec.from_mapping(document).stage("dev")
    waited = []
    made = ensure_service_roles(stage, account, wait=waited.append)
    assert sorted(made) == [
        "autoscaling.amazonaws.com",
        "ecs.amazonaws.com",
        "ecs.application-autoscaling.amazonaws.com",
        "elasticloadbalancing.amazonaws.com",
        "spot.amazonaws.com",
    ]
    assert ensure_service_roles(stage, account, wait=waited.append) == []
    assert len(waited) == 1
    iam = account.client("iam")
    role = iam.get_role(RoleName="AWSServiceRoleForApplicationAutoScaling_ECSService")["Role"]
    assert role["Path"] == "/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    code, message = refusal(iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com")
    assert (code, "has been taken in this account" in message) == ("InvalidInput", True)
    assert refusal(iam.create_service_linked_role, AWSServiceName="x.amazonaws.com")[0] == "InvalidInput"
