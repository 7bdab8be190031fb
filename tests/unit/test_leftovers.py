"""What is looked at as left of a stage."""

from __future__ import annotations

from typing import Any

from tests.fakes.aws_clients import AnsweringClient, AwsClients
from tinystacks.deployment.leftovers import Sweep


def _tags(kind: str, resource_id: str) -> list[dict[str, str]]:
    own = {"tinystacks:stack": "shop", "tinystacks:stage": "dev"}
    return [{"ResourceType": kind, "ResourceId": resource_id, "Key": key, "Value": own[key]} for key in own]


def _living(key: str, id_key: str, states: dict[str, str]) -> Any:
    def answer(*, Filters: list[dict[str, Any]]) -> dict[str, Any]:
        (one,) = Filters
        return {key: [{id_key: name, "State": states[name]} for name in one["Values"] if name in states]}

    return answer


def test_what_was_deleted_and_still_bears_its_tags_is_not_left() -> None:
    """A NAT gateway is told of for an hour after its deletion (Amazon VPC User Guide, "Delete a NAT gateway")."""
    ec2 = AnsweringClient(
        {
            "describe_tags": {
                "Tags": [
                    *_tags("vpc", "vpc-1"),
                    *(tag for name in ("nat-1", "nat-2", "nat-3") for tag in _tags("natgateway", name)),
                    *(tag for name in ("vpce-1", "vpce-2") for tag in _tags("vpc-endpoint", name)),
                ]
            },
            "describe_nat_gateways": _living("NatGateways", "NatGatewayId", {"nat-1": "deleted", "nat-2": "available"}),
            "describe_vpc_endpoints": _living(
                "VpcEndpoints", "VpcEndpointId", {"vpce-1": "Deleting", "vpce-2": "Available"}
            ),
        }
    )
    sweep = Sweep(AwsClients({"ec2": ec2}), stack="shop", stage="dev")
    assert [item.id for item in sweep.find(only={"ec2"})] == ["vpc-1", "nat-2", "vpce-2"]
    assert sweep.not_read == []
