"""Clusters, capacity providers, container instances, attributes, tags and account settings, by boto3 over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.ecs_server import GROUP_ARN, EcsServer, codes, names

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "123456789012"


@pytest.fixture
def server() -> Iterator[EcsServer]:
    with EcsServer() as running:
        yield running


@pytest.fixture
def ecs(server: EcsServer) -> Any:
    return server.client("ecs")


def test_a33_a_cluster_reads_back_with_its_defaults(ecs: Any) -> None:
    """Source: developer guide, stop-service-deployment, api_failures_messages."""
    made = ecs.create_cluster(clusterName="main", tags=[{"key": "stage", "value": "dev"}])["cluster"]
    assert made["clusterArn"] == f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/main"
    assert made["settings"] == [{"name": "containerInsights", "value": "disabled"}]
    assert made["tags"] == [{"key": "stage", "value": "dev"}]
    plain = ecs.describe_clusters(clusters=["main"])["clusters"][0]
    assert (plain["tags"], plain["settings"], plain["statistics"]) == ([], [], [])
    full = ecs.describe_clusters(
        clusters=[made["clusterArn"]], include=["TAGS", "SETTINGS", "STATISTICS", "CONFIGURATIONS", "ATTACHMENTS"]
    )["clusters"][0]
    assert full["tags"] == made["tags"]
    assert {"name": "runningEC2TasksCount", "value": "0"} in full["statistics"]


def test_a2_an_unknown_cluster_is_missing_for_describe_and_not_found_elsewhere(ecs: Any) -> None:
    """Source: ECS API reference; developer guide, api_failures_messages."""
    answer = ecs.describe_clusters(clusters=["ghost"])
    assert answer["clusters"] == []
    assert [(one["arn"], one["reason"]) for one in answer["failures"]] == [
        (f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/ghost", "MISSING")
    ]
    for call, extra in (
        (ecs.list_services, {}),
        (ecs.list_tasks, {}),
        (ecs.list_container_instances, {}),
        (ecs.describe_services, {"services": ["a"]}),
        (ecs.update_cluster_settings, {"settings": [{"name": "containerInsights", "value": "enabled"}]}),
    ):
        assert codes(call, cluster="ghost", **extra) == ("ClusterNotFoundException", "Cluster not found.")


def test_a23_creating_an_active_cluster_again_returns_it_unchanged(ecs: Any) -> None:
    """Source: no AWS document; inferred."""
    ecs.create_cluster(clusterName="main", settings=[{"name": "containerInsights", "value": "enabled"}])
    again = ecs.create_cluster(clusterName="main", settings=[{"name": "containerInsights", "value": "disabled"}])
    assert again["cluster"]["settings"] == [{"name": "containerInsights", "value": "enabled"}]


def test_a32_clusters_are_paged_and_deleted_ones_only_described(ecs: Any) -> None:
    """Source: ECS API reference."""
    for number in range(7):
        ecs.create_cluster(clusterName=f"c{number}")
    assert ecs.delete_cluster(cluster="c3")["cluster"]["status"] == "INACTIVE"
    pages = list(ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 4}))
    assert [names(page["clusterArns"]) for page in pages] == [["c0", "c1", "c2", "c4"], ["c5", "c6"]]
    assert ecs.describe_clusters(clusters=["c3"])["clusters"][0]["status"] == "INACTIVE"
    assert codes(ecs.list_clusters, nextToken="nonsense")[0] == "InvalidParameterException"
    assert codes(ecs.list_clusters, maxResults=101)[0] == "InvalidParameterException"


def test_regions_are_apart(server: EcsServer, ecs: Any) -> None:
    ecs.create_cluster(clusterName="main")
    assert server.client("ecs", "eu-west-1").list_clusters()["clusterArns"] == []


def test_capacity_providers_read_back_with_their_defaults(server: EcsServer, ecs: Any) -> None:
    server.prepare(instances=0)
    answer = ecs.describe_capacity_providers(capacityProviders=["provider", "ghost"], include=["TAGS"])
    (provider,) = answer["capacityProviders"]
    assert provider["autoScalingGroupProvider"] == {
        "autoScalingGroupArn": GROUP_ARN,
        "managedScaling": {
            "status": "ENABLED",
            "targetCapacity": 100,
            "minimumScalingStepSize": 1,
            "maximumScalingStepSize": 10000,
            "instanceWarmupPeriod": 300,
        },
        "managedTerminationProtection": "DISABLED",
        "managedDraining": "ENABLED",
    }
    assert provider["capacityProviderArn"] == f"arn:aws:ecs:us-east-1:{ACCOUNT}:capacity-provider/provider"
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]
    everything = ecs.describe_capacity_providers()["capacityProviders"]
    assert {one["name"] for one in everything} == {"FARGATE", "FARGATE_SPOT", "provider"}
    first = ecs.describe_capacity_providers(maxResults=2)
    second = ecs.describe_capacity_providers(maxResults=2, nextToken=first["nextToken"])
    assert len(first["capacityProviders"]) + len(second["capacityProviders"]) == len(everything)


def test_a16_a_capacity_provider_in_a_cluster_cannot_be_deleted(server: EcsServer, ecs: Any) -> None:
    """Source: API DeleteCapacityProvider."""
    server.prepare(instances=0)
    assert codes(ecs.delete_capacity_provider, capacityProvider="provider")[0] == "ClientException"
    ecs.put_cluster_capacity_providers(cluster="main", capacityProviders=[], defaultCapacityProviderStrategy=[])
    assert ecs.delete_capacity_provider(capacityProvider="provider")["capacityProvider"]["name"] == "provider"


def test_container_instances_show_their_resources(server: EcsServer, ecs: Any) -> None:
    server.prepare(instances=3)
    arns = ecs.list_container_instances(cluster="main")["containerInstanceArns"]
    assert len(arns) == 3
    ghost = f"arn:aws:ecs:us-east-1:{ACCOUNT}:container-instance/main/{'0' * 32}"
    answer = ecs.describe_container_instances(
        cluster="main", containerInstances=[*arns, ghost], include=["TAGS", "CONTAINER_INSTANCE_HEALTH"]
    )
    assert [(one["arn"], one["reason"]) for one in answer["failures"]] == [(ghost, "MISSING")]
    first = answer["containerInstances"][0]
    registered = {one["name"]: one for one in first["registeredResources"]}
    assert registered["CPU"]["integerValue"] == 2048
    assert registered["PORTS"]["stringSetValue"] == ["22", "2375", "2376", "51678", "51679"]
    assert (first["status"], first["agentConnected"], first["capacityProviderName"]) == ("ACTIVE", True, "provider")
    zones = {one["name"]: one.get("value") for one in first["attributes"]}["ecs.availability-zone"]
    assert zones in {"us-east-1a", "us-east-1b", "us-east-1c"}


def test_p23_container_instances_are_listed_by_query_and_by_status(server: EcsServer, ecs: Any) -> None:
    """Source: developer guide, cluster-query-language."""
    server.prepare(instances=3)
    in_a = ecs.list_container_instances(cluster="main", filter="attribute:ecs.availability-zone == us-east-1a")[
        "containerInstanceArns"
    ]
    assert len(in_a) == 1
    assert codes(ecs.list_container_instances, cluster="main", filter="attribute:a ~~ b")[0] == (
        "InvalidParameterException"
    )
    changed = ecs.update_container_instances_state(cluster="main", containerInstances=in_a, status="DRAINING")
    assert [one["status"] for one in changed["containerInstances"]] == ["DRAINING"]
    draining = ecs.list_container_instances(cluster="main", status="DRAINING")["containerInstanceArns"]
    assert draining == in_a
    pages = ecs.get_paginator("list_container_instances").paginate(cluster="main", PaginationConfig={"PageSize": 2})
    assert [len(page["containerInstanceArns"]) for page in pages] == [2, 1]


def test_p26_attributes_are_put_listed_and_deleted(server: EcsServer, ecs: Any) -> None:
    """Source: developer guide, task-placement-constraints; API AttributeLimitExceededException."""
    server.prepare(instances=2)
    arn = ecs.list_container_instances(cluster="main")["containerInstanceArns"][0]
    attribute = {"name": "stack", "value": "blue", "targetType": "container-instance", "targetId": arn}
    ecs.put_attributes(cluster="main", attributes=[attribute])
    listed = ecs.list_attributes(cluster="main", targetType="container-instance", attributeName="stack")
    assert [(one["value"], one["targetId"]) for one in listed["attributes"]] == [("blue", arn)]
    ecs.delete_attributes(
        cluster="main", attributes=[{"name": "stack", "targetType": "container-instance", "targetId": arn}]
    )
    assert (
        ecs.list_attributes(cluster="main", targetType="container-instance", attributeName="stack")["attributes"] == []
    )


def test_a14_a_cluster_with_instances_cannot_be_deleted(server: EcsServer, ecs: Any) -> None:
    """Source: API DeleteCluster."""
    server.prepare(instances=1)
    assert codes(ecs.delete_cluster, cluster="main") == (
        "ClusterContainsContainerInstancesException",
        "The Cluster cannot be deleted while Container Instances are active or draining.",
    )
    (arn,) = ecs.list_container_instances(cluster="main")["containerInstanceArns"]
    gone = ecs.deregister_container_instance(cluster="main", containerInstance=arn, force=True)["containerInstance"]
    assert gone["status"] == "INACTIVE"
    assert codes(ecs.update_container_agent, cluster="main", containerInstance=arn)[0] == "InvalidParameterException"


def test_a35_tags_are_put_listed_and_removed_by_arn(ecs: Any) -> None:
    """Source: ECS API reference; developer guide, ecs-using-tags."""
    arn = ecs.create_cluster(clusterName="main", tags=[{"key": "a", "value": "1"}])["cluster"]["clusterArn"]
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "2"}, {"key": "a", "value": "3"}])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [
        {"key": "a", "value": "3"},
        {"key": "b", "value": "2"},
    ]
    ecs.untag_resource(resourceArn=arn, tagKeys=["a", "none"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]
    assert codes(ecs.tag_resource, resourceArn=arn, tags=[{"key": "aws:x", "value": "2"}])[0] in {
        "InvalidParameterException",
        "ClientException",
    }


def test_account_settings_have_defaults_own_values_and_checked_values(ecs: Any) -> None:
    effective = {
        one["name"]: one["value"]
        for one in ecs.list_account_settings(effectiveSettings=True, maxResults=100)["settings"]
    }
    assert effective["containerInsights"] == "disabled"
    assert effective["taskLongArnFormat"] == "enabled"
    assert ecs.list_account_settings()["settings"] == []
    ecs.put_account_setting_default(name="containerInsights", value="enhanced")
    me = f"arn:aws:iam::{ACCOUNT}:user/me"
    ecs.put_account_setting(name="awsvpcTrunking", value="enabled", principalArn=me)
    mine = {
        one["name"]: one["value"]
        for page in ecs.get_paginator("list_account_settings").paginate(effectiveSettings=True, principalArn=me)
        for one in page["settings"]
    }
    assert (mine["containerInsights"], mine["awsvpcTrunking"]) == ("enhanced", "enabled")
    assert ecs.create_cluster(clusterName="main")["cluster"]["settings"] == [
        {"name": "containerInsights", "value": "enhanced"}
    ]
    assert codes(ecs.put_account_setting, name="containerInsights", value="perhaps")[0] == "InvalidParameterException"
    assert codes(ecs.put_account_setting, name="guardDutyActivate", value="on")[0] == "InvalidParameterException"
    assert ecs.delete_account_setting(name="containerInsights")["setting"]["value"] == "disabled"


def test_a24_operations_outside_the_model_are_unsupported(ecs: Any) -> None:
    """Source: ECS API reference."""
    refused = codes(ecs.list_daemons)
    assert refused == ("UnsupportedFeatureException", "The local AWS does not offer ListDaemons.")
    assert codes(ecs.list_services_by_namespace, namespace="internal")[0] == "NamespaceNotFoundException"


def test_a15_a_capacity_provider_in_use_cannot_leave_its_cluster(server: EcsServer, ecs: Any) -> None:
    """Source: ECS API reference."""
    server.prepare(instances=1)
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=1)
    empty: dict[str, Any] = {"capacityProviders": [], "defaultCapacityProviderStrategy": []}
    refused = codes(ecs.put_cluster_capacity_providers, cluster="main", **empty)
    assert refused == ("ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
    assert codes(ecs.delete_cluster, cluster="main")[0].startswith("ClusterContains")
    ecs.delete_service(cluster="main", service="web", force=True)
    server.advance(300)
    assert ecs.put_cluster_capacity_providers(cluster="main", **empty)["cluster"]["capacityProviders"] == []


def test_a26_termination_protection_needs_a_group_that_protects_new_instances(server: EcsServer, ecs: Any) -> None:
    """Source: no AWS document; as users of AWS report it."""
    server.prepare(instances=0)
    group = GROUP_ARN.replace("group", "other")
    with server.planes.locked("us-east-1") as plane:
        plane.group_observed(group, name="other", minimum=0, maximum=1, desired=0)
    provider = {
        "autoScalingGroupArn": group,
        "managedScaling": {"status": "ENABLED"},
        "managedTerminationProtection": "ENABLED",
    }
    refused = codes(ecs.create_capacity_provider, name="guarded", autoScalingGroupProvider=provider)
    assert refused[0] == "ClientException"
    assert refused[1].startswith("The managed termination protection setting for the capacity provider is invalid.")


@pytest.mark.parametrize("name", ["aws-one", "ecs-one", "fargate-one"])
def test_c7_reserved_names_of_capacity_providers_are_refused(ecs: Any, name: str) -> None:
    """Source: API CreateCapacityProvider, CapacityProviderUpdateStatus; ECS service quotas."""
    provider = {"autoScalingGroupArn": GROUP_ARN}
    assert codes(ecs.create_capacity_provider, name=name, autoScalingGroupProvider=provider)[0] == "ClientException"
