"""Resources in words of the file, the gate, and the counts."""

from __future__ import annotations

import pytest

from tinystacks.deployment.changes import PlannedChange
from tinystacks.deployment.ends import Result
from tinystacks.deployment.gate import DowntimeError, RemovalError, check_removals, check_replacements, interrupts
from tinystacks.deployment.retry import passes_by_itself
from tinystacks.deployment.wording import Wording, type_words
from tinystacks.naming import logical_name

SERVICES = ("web", "web-admin", "a-service-with-a-long-name")


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev::shop::awsx:ec2:Vpc${token}::{name}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_resource_is_said_with_its_service(service):
    name = logical_name("shop", service, "targets")
    words = Wording("shop", SERVICES).words(urn("aws:lb/targetGroup:TargetGroup", name))
    assert words == f"service `{service}`: target group ({name})"


def test_a_resource_of_the_whole_stage_names_no_service():
    words = Wording("shop", SERVICES).words(urn("aws:ecs/cluster:Cluster", "shop-cluster"))
    assert words == "cluster (shop-cluster)"


def test_a_type_without_words_of_its_own_is_spelled_out():
    assert type_words("aws:ec2/routeTableAssociation:RouteTableAssociation") == "route table association"


def planned(token: str, action: str) -> PlannedChange:
    return PlannedChange(
        action=action,
        type=token,
        name="n",
        words=f"the {token}",
        urn="u",
        replaced_for=("name",),
        interrupts=action == "replace" and interrupts(token),
    )


@pytest.mark.parametrize(
    "token",
    [
        "aws:ecs/service:Service",
        "aws:lb/targetGroup:TargetGroup",
        "aws:autoscaling/group:Group",
        "aws:ecs/capacityProvider:CapacityProvider",
    ],
)
def test_b9_d3_g1_replacing_what_serves_requests_is_stopped_and_named(token):
    with pytest.raises(DowntimeError, match=r"is replaced because of name") as caught:
        check_replacements([planned(token, "replace")])
    assert "--allow-downtime" in caught.value.hint


@pytest.mark.parametrize(
    "token",
    [
        "aws:ecs/service:Service",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:autoscaling/group:Group",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ecs/cluster:Cluster",
        "aws:ec2/vpc:Vpc",
    ],
)
def test_removing_what_serves_requests_or_holds_data_is_stopped_and_named(token):
    with pytest.raises(RemovalError, match=r"is removed: ") as caught:
        check_removals([planned(token, "delete")])
    assert (caught.value.exit_code, "--yes" in caught.value.hint) == (2, True)


def test_ordinary_updates_remove_nothing_that_serves():
    """A new revision replaces a task definition: its former one goes, or is kept in the account."""
    check_removals(
        [
            planned("aws:ecs/taskDefinition:TaskDefinition", "replace"),
            planned("aws:ecs/taskDefinition:TaskDefinition", "delete"),
            planned("aws:ecs/service:Service", "update"),
            planned("aws:ecs/service:Service", "replace"),
            planned("aws:cloudwatch/logGroup:LogGroup", "keep"),
            planned("aws:iam/rolePolicy:RolePolicy", "delete"),
        ]
    )


def test_updates_and_harmless_replacements_pass():
    check_replacements(
        [planned("aws:ecs/service:Service", "update"), planned("aws:ecs/taskDefinition:TaskDefinition", "replace")]
    )


@pytest.mark.parametrize(
    "text",
    [
        "ValidationError: Invalid IAM Instance Profile ARN",
        "DependencyViolation: resource sg-1 has a dependent object",
        "ThrottlingException: Rate exceeded",
        "read tcp: connection reset by peer",
    ],
)
def test_h2_passing_errors_are_known(text):
    assert passes_by_itself(text)


def test_h2_other_errors_are_not_tried_again():
    assert not passes_by_itself("AccessDenied: not authorized to perform iam:CreateRole")


def test_results_that_are_bad_or_not_known_to_be_good():
    bad = {Result.ROLLED_BACK, Result.TIMED_OUT, Result.FAILED, Result.IN_PROGRESS}
    assert {result for result in Result if not result.good} == bad
