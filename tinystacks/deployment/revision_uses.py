"""Which task definition revisions of a stage there are, and what uses them.

Source: Amazon ECS API reference, ListTaskDefinitionFamilies, ListTaskDefinitions, DescribeTaskDefinition, ListServices,
ListServiceDeployments (100 a page), DescribeServiceDeployments and DescribeServiceRevisions (20 a call).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import batches, read_all
from tinystacks.deployment.revision_choice import Revision, Use
from tinystacks.ecs_calls import describe_services, read_described_tasks
from tinystacks.naming import TAG_STACK, TAG_STAGE, is_of_stage, tag_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tinystacks.deployment.engine_state import State

_DEPLOYMENTS_PER_CALL = 20
_DEPLOYMENTS_PER_PAGE = 100
_UNDER_WAY = ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"]
_GONE_WELL = ["SUCCESSFUL", "ROLLBACK_SUCCESSFUL"]


def active_revisions(ecs: Any, *, stack: str, stage: str, prefix: str) -> list[Revision]:
    """List the ACTIVE revisions of a stage's families, to be called within `aws_errors`.

    A family whose newest revision bears the tags of another stage is left out: that of stage `prod-eu` begins as one of
    stage `prod` does.

    Args:
        ecs: boto3 client.
        stack: name of the stack.
        stage: name of the stage.
        prefix: what the families begin with.
    """
    found: list[Revision] = []
    families = read_all(
        ecs, "list_task_definition_families", "families", always=True, familyPrefix=prefix, status="ACTIVE"
    )
    for family in families:
        arns = read_all(
            ecs, "list_task_definitions", "taskDefinitionArns", always=True, familyPrefix=family, status="ACTIVE"
        )
        revisions = sorted(Revision.of(arn) for arn in arns)
        if revisions and not _is_of_another_stage(ecs, revisions[-1], stack, stage):
            found.extend(revisions)
    return found


def is_ours(ecs: Any, revision: Revision, *, stack: str, stage: str) -> bool:
    """Whether a revision bears the stage's tags, to be called within `aws_errors`."""
    return is_of_stage(_tags(ecs, revision), stack, stage)


def used_in_cluster(ecs: Any, cluster: str) -> dict[Use, set[Revision]]:
    """Give the revisions that services, service deployments and tasks of a cluster use; within `aws_errors`.

    Args:
        ecs: boto3 client.
        cluster: name of the cluster.
    """
    services: set[Revision] = set()
    deployments: set[Revision] = set()
    arns = read_all(ecs, "list_services", "serviceArns", always=True, cluster=cluster)
    for service in describe_services(ecs, cluster, arns).values():
        services.update(_of_service(service))
    for arn in arns:
        deployments.update(_of_service_deployments(ecs, cluster, arn))
    return {Use.SERVICE: services, Use.SERVICE_DEPLOYMENT: deployments, Use.TASK: set(_of_tasks(ecs, cluster))}


def used_in_state(state: State | None) -> set[Revision]:
    """Give the revisions that the engine's state names, also of what waits to be deleted."""
    found: set[Revision] = set()
    for item in state.resources if state else ():
        outputs: Mapping[str, Any] = item.get("outputs") or {}
        if item["type"] == "aws:ecs/taskDefinition:TaskDefinition" and outputs.get("arn"):
            found.add(Revision.of(str(outputs["arn"])))
        elif item["type"] == "aws:ecs/service:Service" and outputs.get("taskDefinition"):
            found.add(Revision.of(str(outputs["taskDefinition"])))
    return found


def _of_service(service: Any) -> Iterator[Revision]:
    for one in (service, *service["deployments"], *service.get("taskSets", [])):
        # A service whose tasks are started by something else than ECS names none itself.
        if one.get("taskDefinition"):
            yield Revision.of(one["taskDefinition"])


def _of_service_deployments(ecs: Any, cluster: str, service: str) -> Iterator[Revision]:
    """Give the revisions of deployments under way, and of the one that ECS goes back to when such a one fails."""
    wanted = [one["serviceDeploymentArn"] for one in _listed(ecs, cluster, service, _UNDER_WAY)]
    gone_well = sorted(_listed(ecs, cluster, service, _GONE_WELL), key=lambda one: one["createdAt"])
    wanted.extend(one["serviceDeploymentArn"] for one in gone_well[-1:])
    revisions: list[str] = []
    for batch in batches(wanted, _DEPLOYMENTS_PER_CALL):
        for one in ecs.describe_service_deployments(serviceDeploymentArns=batch)["serviceDeployments"]:
            revisions.extend(_service_revisions(one))
    for batch in batches(sorted(set(revisions)), _DEPLOYMENTS_PER_CALL):
        for one in ecs.describe_service_revisions(serviceRevisionArns=batch)["serviceRevisions"]:
            yield Revision.of(one["taskDefinition"])


def _service_revisions(deployment: Any) -> Iterator[str]:
    """Give the ARNs of the service revisions that a service deployment goes to and goes back to, and comes from.

    What one that has ended came from is of no use to it any more.
    """
    if deployment.get("targetServiceRevision"):
        yield deployment["targetServiceRevision"]["arn"]
    if deployment.get("rollback", {}).get("serviceRevisionArn"):
        yield deployment["rollback"]["serviceRevisionArn"]
    if deployment["status"] not in _GONE_WELL:
        for source in deployment.get("sourceServiceRevisions", []):
            yield source["arn"]


def _listed(ecs: Any, cluster: str, service: str, status: list[str]) -> Iterator[Any]:
    more: dict[str, str] = {}
    while True:
        page = ecs.list_service_deployments(
            cluster=cluster, service=service, status=status, maxResults=_DEPLOYMENTS_PER_PAGE, **more
        )
        yield from page["serviceDeployments"]
        if not page.get("nextToken"):
            return
        more = {"nextToken": page["nextToken"]}


def _of_tasks(ecs: Any, cluster: str) -> Iterator[Revision]:
    """Give the revisions of tasks that have not stopped; those that are stopping are listed as STOPPED."""
    for status in ("RUNNING", "STOPPED"):
        for task in read_described_tasks(ecs, cluster, desiredStatus=status):
            if task["lastStatus"] != "STOPPED":
                yield Revision.of(task["taskDefinitionArn"])


def _is_of_another_stage(ecs: Any, revision: Revision, stack: str, stage: str) -> bool:
    tags = _tags(ecs, revision)
    return {TAG_STACK, TAG_STAGE} <= tags.keys() and not is_of_stage(tags, stack, stage)


def _tags(ecs: Any, revision: Revision) -> dict[str, str]:
    answer = ecs.describe_task_definition(taskDefinition=str(revision), include=["TAGS"])
    return tag_values(answer.get("tags", []))
