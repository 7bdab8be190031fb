"""`aws:ecs/taskDefinition:TaskDefinition`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import error_code, ignoring
from tinystacks.local.provider.api_shapes import Member, block, blocks, entries, known_form, same_case_shape
from tinystacks.local.provider.ecs_container_definitions import parsed, text_of
from tinystacks.local.provider.ecs_tags import tag_map, tags_member, update_tags

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs

TOKEN = "aws:ecs/taskDefinition:TaskDefinition"  # noqa: S105 - a type token, no secret

VOLUME = same_case_shape(
    f"{TOKEN}.volumes",
    "name",
    "configureAtLaunch",
    Member(
        name="hostPath",
        api="host",
        encode=lambda path: {"sourcePath": path},
        decode=lambda host: host.get("sourcePath"),
    ),
    block(
        "dockerVolumeConfiguration",
        same_case_shape(
            f"{TOKEN}.volumes.dockerVolumeConfiguration", "autoprovision", "driver", "driverOpts", "labels", "scope"
        ),
        "dockerVolumeConfiguration",
    ),
    block(
        "efsVolumeConfiguration",
        same_case_shape(
            f"{TOKEN}.volumes.efsVolumeConfiguration",
            "fileSystemId",
            "rootDirectory",
            "transitEncryption",
            "transitEncryptionPort",
            block(
                "authorizationConfig",
                same_case_shape(f"{TOKEN}.volumes.efsVolumeConfiguration.authorizationConfig", "accessPointId", "iam"),
                "authorizationConfig",
            ),
        ),
        "efsVolumeConfiguration",
    ),
)
DEFINITION = same_case_shape(
    TOKEN,
    "family",
    "cpu",
    "memory",
    "networkMode",
    "requiresCompatibilities",
    "executionRoleArn",
    "taskRoleArn",
    "ipcMode",
    "pidMode",
    "enableFaultInjection",
    block("ephemeralStorage", same_case_shape(f"{TOKEN}.ephemeralStorage", Member(name="sizeInGib", api="sizeInGiB")),
          "ephemeralStorage"),
    block(
        "runtimePlatform",
        same_case_shape(f"{TOKEN}.runtimePlatform", "cpuArchitecture", "operatingSystemFamily"),
        "runtimePlatform",
    ),
    blocks("placementConstraints", same_case_shape(f"{TOKEN}.placementConstraints", "type", "expression"),
           "placementConstraints"),
    blocks("volumes", VOLUME, "volumes"),
)  # fmt: skip
HANDLED_APART = frozenset(
    {"containerDefinitions", "skipDestroy", "trackLatest", "arn", "arnWithoutRevision", "revision"},
)
GONE_STATUSES = frozenset({"INACTIVE", "DELETE_IN_PROGRESS"})


class TaskDefinitionHandler:
    """A revision of a task definition; the family is the id."""

    token: ClassVar[str] = TOKEN

    def create(self, call: Call, inputs: Inputs) -> str:
        """RegisterTaskDefinition: a new revision, even of the same content."""
        ecs = call.clients("ecs")
        members = DEFINITION.to_api(inputs, others=HANDLED_APART)
        shape = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape
        ecs.register_task_definition(
            containerDefinitions=parsed(inputs["containerDefinitions"], shape.members["containerDefinitions"]),
            **members,
            **tags_member(inputs),
        )
        return inputs["family"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The revision of the state, or the family's newest active one; a deregistered one is gone."""
        reference = resource_id if state.get("trackLatest") else state.get("arn") or resource_id
        answer = self._found(call, reference)
        if answer is None:
            return None
        definition: dict[str, Any] = answer["taskDefinition"]
        found: Inputs = {
            **DEFINITION.from_api(definition),
            "arn": definition["taskDefinitionArn"],
            "arnWithoutRevision": definition["taskDefinitionArn"].rpartition(":")[0],
            "revision": definition["revision"],
            "containerDefinitions": text_of(
                definition["containerDefinitions"],
                state.get("containerDefinitions"),
                definition.get("networkMode"),
            ),
            "tagsAll": tag_map(answer.get("tags")),
        }
        for volume in entries(found, "volumes"):
            if volume.get("hostPath") is None:
                volume.pop("hostPath", None)
        return known_form(found, state, unordered={"requiresCompatibilities", "placementConstraints", "volumes"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; the other two properties that do not replace are the state's own."""
        del resource_id, changed
        update_tags(call, old["arn"], old, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeregisterTaskDefinition, unless the program keeps old revisions (B3)."""
        if state.get("skipDestroy"):
            return
        reference = state.get("arn") or resource_id
        if self._found(call, reference) is None:
            return
        with ignoring("ClientException", text="in the process of being deleted"):
            call.clients("ecs").deregister_task_definition(taskDefinition=reference)

    def import_id(self, call: Call, given: str) -> str:
        """A revision's ARN as its family, when it is the family's newest active revision.

        Raises:
            LocalAwsError: a newer revision is active, which a read by the family would find instead.
        """
        family = given.rpartition("/")[2].rpartition(":")[0] or given
        newest = self._found(call, family)
        if newest and given.startswith("arn:") and newest["taskDefinition"]["taskDefinitionArn"] != given:
            raise LocalAwsError(
                f"the local AWS imports the newest active revision of a family only, and {given} is not",
                hint=f"Import {newest['taskDefinition']['taskDefinitionArn']}.",
            )
        return family

    def _found(self, call: Call, reference: str) -> dict[str, Any] | None:
        try:
            answer = call.clients("ecs").describe_task_definition(taskDefinition=reference, include=["TAGS"])
        except ClientError as error:
            if error_code(error) in {"ClientException", "InvalidParameterException"}:
                return None
            raise
        return None if answer["taskDefinition"].get("status") in GONE_STATUSES else answer
