"""Trap A3: an engine that died after AWS had made something, and before it could note that, loses nothing.

The state is brought to what such an engine leaves: the resource exists, the state knows only that it was being made.
"""

from __future__ import annotations

import json

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import Notice
from tinystacks.deployment.leftovers import Sweep
from tinystacks.local.process import LocalAws

PARTS = (
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:lb/listener:Listener",
    "aws:lb/listenerRule:ListenerRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
)
TAGGED = ("aws:cloudwatch/metricAlarm:MetricAlarm",)


@pytest.fixture
def deployment(tmp_path):
    server = LocalAws(home=tmp_path / "home")
    server.start("simulated")
    api = {"image": "nginx:1.27", "port": 80, "route": {"path": ["/api/*"]}}
    yield local_deployment(tmp_path, tmp_path / "home", engine_or_skip().path, services={"api": api})
    server.stop()


def forget(state_file, types):
    """Turn resources of these types into creations that nobody saw the end of, and give their number."""
    document = json.loads(state_file.read_text())
    deployment = document["checkpoint"]["latest"]
    lost = [item for item in deployment["resources"] if item["type"] in types]
    gone = {item["urn"] for item in lost}

    def without(item):
        own = [urn for urn in item.get("dependencies") or () if urn not in gone]
        by_property = {
            key: [urn for urn in urns or () if urn not in gone]
            for key, urns in (item.get("propertyDependencies") or {}).items()
        }
        return {**item, "dependencies": own, "propertyDependencies": by_property}

    deployment["resources"] = [without(item) for item in deployment["resources"] if item["urn"] not in gone]
    deployment["pending_operations"] = [
        {"type": "creating", "resource": {key: value for key, value in item.items() if key not in {"id", "outputs"}}}
        for item in lost
    ]
    assert {item["type"] for item in lost} == types
    state_file.write_text(json.dumps(document))
    return len(lost)


def test_a3_what_was_made_and_not_noted_is_found_and_made_once(deployment, tmp_path):
    assert deployment.up().result is Result.STEADY
    (state_file,) = (tmp_path / ".tstack" / "local" / "dev" / "state").glob("**/stacks/shop/dev.json")
    count = forget(state_file, {*PARTS, *TAGGED})

    found = deployment.repair()
    assert len(found.unfinished) == len(found.orphans) == count
    events = []
    done = deployment.up(events.append)
    assert done.result is Result.STEADY
    removed = [event.message for event in events if isinstance(event, Notice) and event.message.startswith("Removed")]
    assert len(removed) == count
    assert deployment.up().result is Result.UNCHANGED

    iam, elb = deployment.target.client("iam"), deployment.target.client("elbv2")
    assert len(iam.list_instance_profiles()["InstanceProfiles"]) == 1
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    assert len(elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]) == 1
    assert deployment.destroy().kept == ()
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
    assert Sweep(deployment.target.client, stack="shop", stage="dev").find() == []
