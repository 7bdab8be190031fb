"""`aws:ssm/parameter:Parameter`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import ignoring
from tinystacks.local.provider.ec2_tags import changed_tags, tag_list, tag_map

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs

MEMBERS: Final = {
    "allowedPattern": "AllowedPattern",
    "dataType": "DataType",
    "description": "Description",
    "keyId": "KeyId",
    "tier": "Tier",
}
"""Property and member of PutParameter that go through as they are."""

SECURE: Final = "SecureString"


class ParameterHandler:
    """A parameter of the Parameter Store; its id is its name."""

    token: ClassVar[str] = "aws:ssm/parameter:Parameter"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutParameter; one that is there already is an error unless `overwrite`."""
        _put(call, inputs, overwrite=bool(inputs.get("overwrite")), tags=inputs.get("tagsAll"))
        return inputs["name"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetParameter with decryption, DescribeParameters, and its tags."""
        ssm = call.clients("ssm")
        try:
            parameter = ssm.get_parameter(Name=resource_id, WithDecryption=True)["Parameter"]
        except ssm.exceptions.ParameterNotFound:
            return None
        described = ssm.describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [resource_id]}],
        )["Parameters"]
        details: dict[str, Any] = described[0] if described else {}
        tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=resource_id).get("TagList")
        read: Inputs = {
            "allowedPattern": details.get("AllowedPattern") or None,
            "arn": parameter["ARN"],
            "dataType": parameter.get("DataType") or "text",
            "description": details.get("Description") or None,
            "hasValueWo": bool(state.get("valueWo")),
            "keyId": details.get("KeyId") if parameter["Type"] == SECURE else None,
            "name": parameter["Name"],
            "tagsAll": tag_map(tags),
            "tier": details.get("Tier") or "Standard",
            "type": parameter["Type"],
            "version": parameter["Version"],
        }
        if not state.get("valueWo"):
            if parameter["Type"] != SECURE and (state.get("insecureValue") is not None):
                read["insecureValue"] = parameter["Value"]
            else:
                read["value"] = parameter["Value"]
        return read

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutParameter over the old one, then the tags."""
        ssm = call.clients("ssm")
        if changed - {"tags", "tagsAll", "overwrite"}:
            _put(call, {**new, "name": resource_id}, overwrite=True, tags=None)
        removed, added = changed_tags(old, new)
        if removed:
            ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=resource_id, TagKeys=removed)
        if added:
            ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=resource_id, Tags=tag_list(added))

    def replace_keys(self, old: Inputs, new: Inputs) -> frozenset[str]:
        """AWS does not take the tier back from Advanced to Standard."""
        back = old.get("tier") == "Advanced" and new.get("tier") == "Standard"
        return frozenset({"tier"}) if back else frozenset()

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteParameter."""
        del state
        with ignoring("ParameterNotFound"):
            call.clients("ssm").delete_parameter(Name=resource_id)


def _put(call: Call, inputs: Inputs, *, overwrite: bool, tags: dict[str, str] | None) -> None:
    ssm = call.clients("ssm")
    if inputs["type"] == SECURE and inputs.get("insecureValue") is not None:
        raise LocalAwsError("invalid configuration, cannot set type = SecureString and insecure_value")
    value = next(inputs[name] for name in ("value", "insecureValue", "valueWo") if inputs.get(name) is not None)
    arguments: dict[str, Any] = {
        member: inputs[name] for name, member in MEMBERS.items() if inputs.get(name) is not None
    }
    arguments |= {"Name": inputs["name"], "Type": inputs["type"], "Value": value, "Overwrite": overwrite}
    if tags and not overwrite:  # AWS refuses tags together with Overwrite
        arguments["Tags"] = tag_list(tags)
    ssm.put_parameter(**arguments)
    if tags and overwrite:
        ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=inputs["name"], Tags=tag_list(tags))
