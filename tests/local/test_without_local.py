"""The commands without `--local`, as they go to an AWS account; here the account is the local AWS's."""

from __future__ import annotations

import pytest

from tests.fakes.command_line import a_user
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.stage_remains import remains
from tests.fakes.surroundings import make_surroundings
from tinystacks.local.environment import environment
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

FILE = """\
name: shop
services:
  web: {{{source}, port: 80, health_check: {{path: /}}}}
compute: {{kind: fargate}}
network: {{vpc_id: {vpc}, public_subnets: [{subnets}]}}
stages:
  dev: {{}}
  prod: {{approval: manual}}
"""


@pytest.fixture
def account(tmp_path):
    local = LocalAws(home=tmp_path / "account")
    yield LocalTarget(local.start("simulated", speed=60), "us-east-1")
    local.stop()


def test_a_stage_with_approval_in_an_account(account, tmp_path):
    user = a_user(tmp_path, TINYSTACKS_ENGINE=str(engine_or_skip().path))
    # The plug-ins come from where the local AWS has them; all else is as with any account.
    user.variables |= environment(account.status, "us-east-1")
    around = make_surroundings(account.client, "us-east-1")

    def write(source: str) -> None:
        user.write(FILE.format(source=source, vpc=around.vpc_id, subnets=", ".join(around.public_subnets)))

    write("build: .")
    unbuilt = user.run("up", "--yes", "--json")
    assert (unbuilt.code, unbuilt.document["error"]["kind"]) == (1, "image")
    assert "run a ready image with `image`" in unbuilt.document["error"]["hint"]

    write("image: 'nginx:1.27'")
    unapproved = user.run("up", "prod", "--yes", "--json")
    assert (unapproved.code, unapproved.document["error"]["kind"]) == (5, "approval")
    assert remains(account.client, "shop") == []

    done = user.run("up", "prod", "--yes", "--approve", "--json")
    assert done.code == 0, done.err
    assert done.document["result"] == "steady"
    assert "shop/prod in account 123456789012, us-east-1" in done.err.partition("created")[0]
    elb = account.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    assert {"Key": "deletion_protection.enabled", "Value": "true"} in attributes
    again = user.run("up", "prod", "--yes", "--approve", "--json")
    assert again.document.get("result") == "unchanged", again.err
    assert user.run("status", "prod", "--json").document["services"][0]["running"] == 2

    gone = user.run("destroy", "prod", "--yes", "--json")
    assert gone.code == 0, gone.err
    assert (gone.document["result"], gone.document["kept"]) == ("destroyed", [])
    assert remains(account.client, "shop") == []
    assert not user.local_aws_was_started
