"""The whole stage: what every combination must hold, and the order in which things come and go."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from programs.stage import program_for
from tests.programs.recorder import ACCOUNT, REGION, Recorded, Recording, record
from tests.programs.samples import SAMPLES, WEB, declare, sample, sample_stage, settings
from tinystacks.naming import LOGICAL_NAME_LIMIT
from tinystacks.outputs import StageOutputs

ANY = pytest.mark.parametrize("name", SAMPLES)
SERVICE, GROUP = "aws:ecs/service:Service", "aws:autoscaling/group:Group"
PROVIDER_TABLES = {
    token: table
    for each in files("tinystacks.local.provider").joinpath("tables").iterdir()
    if each.name.endswith(".json")
    for token, table in json.loads(each.read_text()).items()
}


@ANY
def test_exports_are_what_stage_outputs_reads(name: str):
    exports = sample(name).exports

    outputs = StageOutputs.from_exports(exports)

    assert set(exports) == set(StageOutputs.__dataclass_fields__)
    assert set(outputs.services) == set(SAMPLES[name]["services"])
    assert outputs.region == REGION
    assert outputs.account_id == ACCOUNT


@ANY
def test_a2_every_resource_and_invoke_uses_the_one_explicit_provider(name: str):
    recording = sample(name)
    provider = recording.one("pulumi:providers:aws")

    assert provider.inputs["region"] == REGION
    assert json.loads(provider.inputs["allowedAccountIds"]) == [ACCOUNT]
    for resource in recording.resources:
        if resource.custom and resource is not provider:
            assert resource.provider.startswith(f"{provider.urn}::"), resource.name
    assert all(used.startswith(f"{provider.urn}::") for _, _, used in recording.invokes)


def test_a_shared_stage_tells_other_machines_how_its_releases_ended():
    document = {"services": {"web": WEB}, "state": "s3://states/team", "secrets_provider": f"awskms://{ACCOUNT}"}
    shared = declare(document).all("aws:cloudwatch/logGroup:LogGroup")
    (group,) = (one for one in shared if one.name == "shop-releases")
    assert group.inputs == {"name": "/tinystacks/shop/dev/_releases", "retentionInDays": 731}
    alone = sample("one service on ec2").all("aws:cloudwatch/logGroup:LogGroup")
    assert {one.name for one in shared} - {one.name for one in alone} == {"shop-releases"}


def test_a2_awsx_hands_the_same_provider_to_what_it_makes():
    recording = sample("one service on ec2")

    vpc = recording.one("awsx:ec2:Vpc")

    assert vpc.providers["aws"].startswith(f"{recording.one('pulumi:providers:aws').urn}::")


def test_a12_the_provider_gets_no_keys_or_tokens():
    recording = declare({"services": {"web": WEB}}, provider_arguments={"skip_metadata_api_check": True})

    inputs = recording.one("pulumi:providers:aws").inputs

    assert set(inputs) <= {
        "region",
        "allowedAccountIds",
        "defaultTags",
        "skipMetadataApiCheck",
        "skipCredentialsValidation",
        "skipRegionValidation",
    }


def test_default_tags_find_the_stage_again_beside_the_users():
    recording = declare({"services": {"web": WEB}, "tags": {"team": "shop"}})

    tags = json.loads(recording.one("pulumi:providers:aws").inputs["defaultTags"])["tags"]

    assert tags == {"team": "shop", "tinystacks:stack": "shop", "tinystacks:stage": "dev"}


@ANY
def test_a14_logical_names_carry_no_stage(name: str):
    """A stage renamed or promoted would otherwise replace everything."""
    document = {key: value for key, value in SAMPLES[name].items() if key != "stages"}

    first = {(each.type, each.name) for each in sample(name).resources}
    second = {(each.type, each.name) for each in declare(document, stage="prod").resources}

    assert first == second


@ANY
def test_g2_logical_names_leave_room_for_the_providers_suffix(name: str):
    for resource in sample(name).resources:
        assert len(resource.name) <= LOGICAL_NAME_LIMIT, resource.name
        assert not resource.name.endswith("-")


def test_g2_long_names_stay_within_32_characters_and_apart():
    services = {f"a-service-with-a-very-long-{end}": {**WEB, "route": {"path": [f"/{end}/*"]}} for end in "ab"}

    recording = declare({"services": services}, stack="a-stack-with-a-very-long-name-ok")

    names = {group.name for group in recording.all("aws:lb/targetGroup:TargetGroup")}
    assert len(names) == 2
    assert all(len(name) + 8 <= 32 for name in names)


@pytest.mark.parametrize("stack", ["aws-shop", "ecs-shop", "fargate-shop", "internal-shop", "sg-shop"])
def test_d19_no_physical_name_begins_with_what_aws_reserves(stack: str):
    """CreateCapacityProvider refuses aws, ecs, fargate; CreateLoadBalancer internal-; CreateSecurityGroup sg-."""
    stage = sample_stage({"services": {"web": WEB}}).model_copy(update={"stack": stack})

    recording = record(program_for(stage, settings()))

    for type_, reserved in (
        ("aws:ecs/capacityProvider:CapacityProvider", ("aws", "ecs", "fargate")),
        ("aws:lb/loadBalancer:LoadBalancer", ("internal-",)),
        ("aws:ec2/securityGroup:SecurityGroup", ("sg-",)),
    ):
        for resource in recording.all(type_):
            assert not resource.name.startswith(reserved)


@ANY
def test_b9_g1_no_name_is_fixed_where_a_replacement_would_clash(name: str):
    for resource in sample(name).resources:
        if resource.type.split("/")[0] in {"aws:lb", "aws:iam", "aws:autoscaling", "aws:ec2"} or resource.type in {
            SERVICE,
            "aws:ecs/capacityProvider:CapacityProvider",
        }:
            assert "name" not in resource.inputs, resource.urn


@ANY
def test_urns_are_unique(name: str):
    urns = [resource.urn for resource in sample(name).resources]

    assert len(urns) == len(set(urns))


@ANY
def test_the_local_provider_knows_every_property(name: str):
    for resource in sample(name).resources:
        if resource.type.startswith("aws:"):
            unknown = unknown_properties(PROVIDER_TABLES[resource.type]["properties"], resource.inputs)
            assert not unknown, f"{resource.type}: {unknown}"


def test_nothing_is_protected_so_that_destroy_can_finish():
    """Trap A20."""
    assert not [each.name for name in SAMPLES for each in sample(name).resources if each.protect]


@ANY
def test_c2_c3_services_go_before_their_capacity_and_the_cluster_last(name: str):
    recording = sample(name)
    association = recording.one("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
    cluster = recording.one("aws:ecs/cluster:Cluster")

    for service in recording.all(SERVICE):
        assert association.urn in service.dependencies
    chain: list[Recorded] = [association]
    if recording.has(GROUP):
        chain += [recording.one("aws:ecs/capacityProvider:CapacityProvider"), recording.one(GROUP)]
    for earlier, later in zip(chain, [*chain[1:], cluster], strict=True):
        assert recording.depends(earlier, on=later), f"{earlier.name} must go before {later.name}"


@ANY
def test_c4_services_go_before_every_right_their_tasks_need(name: str):
    recording = sample(name)
    roles = {"aws:iam/rolePolicy:RolePolicy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"}

    for service in recording.all(SERVICE):
        key = service.name.removesuffix("-service")
        own = [each for each in recording.resources if each.type in roles and each.name.startswith(f"{key}-")]
        assert own
        for policy in own:
            assert policy.urn in service.dependencies, f"{service.name} must go before {policy.name}"


@ANY
def test_b13_services_wait_for_the_listener_and_its_rules(name: str):
    recording = sample(name)
    listeners = [
        each
        for each in recording.all("aws:lb/listener:Listener") + recording.all("aws:lb/listenerRule:ListenerRule")
        if not each.name.endswith("-redirect")
    ]

    for service in recording.all(SERVICE):
        if "loadBalancers" in service.inputs:
            assert listeners
            assert {each.urn for each in listeners} <= service.dependencies


@ANY
def test_c7_groups_name_each_other_only_in_rules_of_their_own(name: str):
    for group in sample(name).all("aws:ec2/securityGroup:SecurityGroup"):
        assert {"ingress", "egress"}.isdisjoint(group.inputs)
        assert group.inputs["description"].startswith("tinystacks ")


def test_c5_c7_instances_go_before_the_way_out_that_draining_needs():
    recording = sample("one service on ec2")
    group = recording.one(GROUP)

    assert recording.one("awsx:ec2:Vpc").urn in group.dependencies
    assert recording.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "shop-instances-out").urn in (
        group.dependencies
    )
    assert recording.one("aws:iam/rolePolicy:RolePolicy", "shop-instance-policy").urn in group.dependencies


def test_c1_c7_slow_deletions_get_the_time_they_need():
    recording = sample("one service on ec2")

    assert recording.one(GROUP).timeouts["delete"] == "45m"
    assert recording.one("aws:ecs/capacityProvider:CapacityProvider").timeouts["delete"] == "45m"
    assert recording.one(SERVICE).timeouts == {"create": "1200s", "update": "1200s", "delete": "1260s"}


def test_a15_importing_the_programs_makes_nothing():
    """An Output made at import would belong to another event loop than the program's."""
    code = (
        "import programs.stage, programs.plain, asyncio, pulumi.runtime.settings as s\n"
        "assert s.get_root_resource() is None\n"
        "assert not s.SETTINGS.outputs and not s.SETTINGS.rpc_manager.rpcs\n"
    )

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def unknown_properties(known: dict[str, dict[str, object]], given: dict[str, object], path: str = "") -> list[str]:
    """Give the properties of `given` that a table does not list, or lists as outputs."""
    found: list[str] = []
    for key, value in given.items():
        if key.startswith("__"):
            continue
        rule = known.get(key)
        if rule is None or rule.get("output_only"):
            found.append(path + key)
            continue
        inner = rule.get("properties")
        for each in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and isinstance(each, dict):
                found += unknown_properties(inner, each, f"{path}{key}.")
    return found


def test_several_stages_of_one_process_do_not_mix():
    first: Recording = declare({"services": {"web": WEB}}, stage="dev")
    second: Recording = declare({"services": {"web": WEB}}, stage="prod")

    assert first.exports["cluster_name"] == "shop-dev"
    assert second.exports["cluster_name"] == "shop-prod"


def test_the_document_of_resources_names_every_type():
    text = (Path(__file__).parents[2] / "docs" / "resources.md").read_text()

    for type_ in {each.type for name in SAMPLES for each in sample(name).resources if each.custom}:
        module, _, name = type_.removeprefix("aws:").partition(":")
        if module != "providers" and "SecurityGroup" not in name and type_ != "pulumi:providers:aws":
            assert f"`{module.split('/')[0]}.{name}`" in text, type_
