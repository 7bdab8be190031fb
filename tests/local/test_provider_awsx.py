"""`awsx:ec2:Vpc` against what the real component makes.

`recordings/awsx_vpc.json` holds six cases recorded from the package awsx 3.11 attached to an engine: arguments, every
child (type, name, parent, inputs) and outputs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import provider_pb2

from tests.fakes.resource_monitor import ResourceMonitor
from tinystacks.local.provider.awsx import construct
from tinystacks.local.provider.awsx_subnets import SubnetRequest, VpcArgumentError, planned_subnets
from tinystacks.local.provider.handlers import UnknownTypeError
from tinystacks.local.provider.values import UNKNOWN, UNKNOWN_STRING, Secret, to_struct

RECORDINGS = json.loads((Path(__file__).parent / "recordings" / "awsx_vpc.json").read_text())
PROVIDER = "urn:pulumi:dev::test::pulumi:providers:aws::aws::1234"
ARGUMENTS = {
    "cidrBlock": "10.0.0.0/16",
    "numberOfAvailabilityZones": 2,
    "natGateways": {"strategy": "None"},
    "subnetStrategy": "Auto",
    "subnetSpecs": [{"type": "Public"}, {"type": "Isolated"}],
}


def wire(value: Any) -> Any:
    """Arguments of the Python SDK as they travel: in camel case."""
    if isinstance(value, dict):
        return {name if ":" in name else camel(name): wire(inner) for name, inner in value.items()}
    return [wire(item) for item in value] if isinstance(value, list) else value


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def request_for(monitor: ResourceMonitor, arguments: dict[str, Any], **more: Any) -> provider_pb2.ConstructRequest:
    fields: dict[str, Any] = {
        "type": "awsx:ec2:Vpc",
        "name": "network",
        "parent": "urn:pulumi:dev::test::pulumi:pulumi:Stack::test-dev",
        "monitorEndpoint": monitor.address,
        "inputs": to_struct(arguments),
        "providers": {"aws": PROVIDER},
        **more,
    }
    return provider_pb2.ConstructRequest(**fields)


def made(arguments: dict[str, Any], **more: Any) -> tuple[ResourceMonitor, dict[str, Any]]:
    with ResourceMonitor() as monitor:
        response = construct(request_for(monitor, arguments, **more))
    return monitor, MessageToDict(response.state)


@pytest.mark.parametrize("case", sorted(RECORDINGS))
def test_children_and_outputs_are_those_of_the_real_component(case: str):
    recorded = RECORDINGS[case]
    monitor, state = made(wire(recorded["args"]), parent=f"urn:pulumi:dev::test::pulumi:pulumi:Stack::rec-{case}")
    children = sorted(monitor.registered(), key=lambda child: (child["type"], child["name"]))

    assert children == recorded["resources"]
    assert {
        "vpc": state["vpcId"],
        "pub": state["publicSubnetIds"],
        "priv": state["privateSubnetIds"],
        "iso": state["isolatedSubnetIds"],
        "layout": state["subnetLayout"],
    } == recorded["outputs"]


def test_every_child_uses_the_provider_that_the_program_gave_the_component():
    monitor, _ = made(ARGUMENTS)
    assert {request.provider for request in monitor.requests if request.custom} == {PROVIDER}
    assert monitor.invokes == [("aws:index/getAvailabilityZones:getAvailabilityZones", {}, PROVIDER)]


def test_without_a_provider_children_ask_for_the_version_that_is_stood_in_for():
    monitor, _ = made(ARGUMENTS, providers={})
    assert {(request.provider, request.version) for request in monitor.requests if request.custom} == {("", "7.51.1")}


def test_children_depend_on_what_they_use_so_that_the_engine_deletes_in_order():
    monitor, _ = made(ARGUMENTS)
    association = next(request for request in monitor.requests if request.type.endswith(":RouteTableAssociation"))
    names = {key: list(found.urns) for key, found in association.propertyDependencies.items()}
    assert [urn.split("::")[2] for urn in names["subnetId"]] == ["aws:ec2/subnet:Subnet"]
    assert [urn.split("::")[2] for urn in names["routeTableId"]] == ["aws:ec2/routeTable:RouteTable"]
    assert len(association.dependencies) == 2
    public_route = next(request for request in monitor.requests if request.type.endswith(":Route"))
    assert any("internetGateway" in urn for urn in public_route.dependencies)


def test_options_of_the_component_reach_its_registration():
    alias = {"urn": "urn:pulumi:dev::test::awsx:ec2:Vpc::old"}
    with ResourceMonitor() as monitor:
        request = request_for(monitor, ARGUMENTS, protect=True, dependencies=["urn:pulumi:dev::test::x:y:Z::first"])
        request.aliases.add(**alias)
        construct(request)
    component = monitor.requests[0]
    assert component.type == "awsx:ec2:Vpc"
    assert not component.custom
    assert component.protect
    assert list(component.dependencies) == ["urn:pulumi:dev::test::x:y:Z::first"]
    assert [found.urn for found in component.aliases] == [alias["urn"]]
    assert dict(component.providers) == {"aws": PROVIDER}


def test_outputs_are_registered_and_name_the_resources_they_come_from():
    with ResourceMonitor() as monitor:
        response = construct(request_for(monitor, ARGUMENTS))
    assert set(monitor.outputs) == {response.urn}
    dependencies = {name: list(found.urns) for name, found in response.stateDependencies.items()}
    assert len(dependencies["publicSubnetIds"]) == 2
    assert set(dependencies) == set(MessageToDict(response.state))
    vpc = MessageToDict(response.state)["vpc"]
    assert vpc["urn"].endswith("aws:ec2/vpc:Vpc::network")
    assert vpc["id"] == "network-id"


def test_in_a_preview_unknown_ids_flow_into_the_children_and_out_of_the_component():
    with ResourceMonitor(dry_run=True) as monitor:
        response = construct(request_for(monitor, ARGUMENTS))
    subnet = next(request for request in monitor.requests if request.type == "aws:ec2/subnet:Subnet")
    assert MessageToDict(subnet.object)["vpcId"] == UNKNOWN_STRING
    state = MessageToDict(response.state)
    assert state["vpcId"] == UNKNOWN_STRING
    assert state["publicSubnetIds"] == [UNKNOWN_STRING] * 2


def test_unknown_and_secret_tags_stay_so_in_every_child():
    monitor, _ = made({**ARGUMENTS, "tags": UNKNOWN})
    assert {child["inputs"]["tags"] for child in monitor.registered() if "tags" in child["inputs"]} == {UNKNOWN_STRING}
    monitor, _ = made({**ARGUMENTS, "tags": Secret({"a": "b"})})
    vpc = next(child for child in monitor.registered() if child["type"] == "aws:ec2/vpc:Vpc")
    assert vpc["inputs"]["tags"]["value"] == {"Name": "network", "a": "b"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subnetStrategy": "Legacy"}, "does not know the subnetStrategy 'Legacy'"),
        ({"ipv6CidrBlock": "::/56"}, "does not know the argument 'ipv6CidrBlock'"),
        ({"cidrBlock": UNKNOWN}, "'cidrBlock' of awsx:ec2:Vpc must be known"),
        ({"natGateways": {"strategy": "Single"}}, "both private and public subnets must be declared"),
        ({"natGateways": {"strategy": "Twice"}}, "Unknown NatGatewayStrategy 'Twice'"),
        ({"numberOfAvailabilityZones": 9}, "at least 9 Availability Zones"),
        ({"subnetSpecs": [{"type": "Public", "cidrMask": 16}]}, "Subnets are too large for VPC"),
        ({"availabilityZoneNames": ["us-east-1a"]}, "Only one of"),
        ({"subnetStrategy": "Exact", "subnetSpecs": [{"type": "Public", "cidrMask": 20}]}, "gaps in the subnet ranges"),
    ],
)
def test_arguments_that_do_not_work_are_refused_with_what_is_wrong(change: dict[str, Any], message: str):
    with pytest.raises(VpcArgumentError, match=message):
        made({**ARGUMENTS, **change})


def test_another_component_type_is_a_clear_error():
    with pytest.raises(UnknownTypeError, match="the local AWS does not know awsx:ecs:FargateService"):
        made({}, type="awsx:ecs:FargateService")


def test_a_refused_child_ends_the_component():
    with (
        ResourceMonitor(refuse={"aws:ec2/subnet:Subnet"}) as monitor,
        pytest.raises(grpc.RpcError, match="was refused"),
    ):
        construct(request_for(monitor, ARGUMENTS))


def test_subnets_of_given_sizes_follow_one_another_aligned():
    requests = [
        SubnetRequest(type="Public", mask=28),
        SubnetRequest(type="Private", mask=20, name="app"),
        SubnetRequest(type="Unused", mask=24),
        SubnetRequest(type="Isolated", mask=24),
    ]
    planned = planned_subnets("net", "10.0.0.0/16", ["a", "b"], requests)
    assert [(subnet.name, subnet.block) for subnet in planned] == [
        ("net-public-1", "10.0.0.0/28"),
        ("net-app-1", "10.0.16.0/20"),
        ("net-isolated-1", "10.0.33.0/24"),
        ("net-public-2", "10.0.128.0/28"),
        ("net-app-2", "10.0.144.0/20"),
        ("net-isolated-2", "10.0.161.0/24"),
    ]
