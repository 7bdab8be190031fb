"""`aws:ecs/cluster:Cluster` and `aws:ecs/clusterCapacityProviders:ClusterCapacityProviders`."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.local.provider.api_errors import after_creation, ignoring, is_error, passing
from tinystacks.local.provider.api_shapes import (
    block,
    blocks,
    entries,
    known_form,
    refuse_unknown,
    renamed,
    same_case_shape,
)
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.ecs_tags import tag_map, tags_member, update_tags
from tinystacks.local.provider.handler import Call, Inputs, polling, tried_until

CLUSTER = "aws:ecs/cluster:Cluster"
CLUSTER_WAIT_SECONDS = 600.0
"""How long the real provider waits for a cluster, and bears what it still contains."""

CLUSTER_SHAPE = same_case_shape(
    CLUSTER,
    blocks("settings", same_case_shape(f"{CLUSTER}.settings", "name", "value"), "settings"),
    block(
        "configuration",
        same_case_shape(
            f"{CLUSTER}.configuration",
            block(
                "executeCommandConfiguration",
                same_case_shape(
                    f"{CLUSTER}.configuration.executeCommandConfiguration",
                    "kmsKeyId",
                    "logging",
                    block(
                        "logConfiguration",
                        same_case_shape(
                            f"{CLUSTER}.configuration.executeCommandConfiguration.logConfiguration",
                            "cloudWatchEncryptionEnabled",
                            "cloudWatchLogGroupName",
                            "s3BucketName",
                            "s3KeyPrefix",
                            renamed("s3BucketEncryptionEnabled", "s3EncryptionEnabled"),
                        ),
                        "logConfiguration",
                    ),
                ),
                "executeCommandConfiguration",
            ),
            block(
                "managedStorageConfiguration",
                same_case_shape(
                    f"{CLUSTER}.configuration.managedStorageConfiguration",
                    "fargateEphemeralStorageKmsKeyId",
                    "kmsKeyId",
                ),
                "managedStorageConfiguration",
            ),
        ),
        "configuration",
    ),
    block(
        "serviceConnectDefaults",
        same_case_shape(f"{CLUSTER}.serviceConnectDefaults", "namespace"),
        "serviceConnectDefaults",
    ),
)
STRATEGY = same_case_shape("a capacity provider strategy", "capacityProvider", "base", "weight")

CONTAINS_CODES = (
    "ClusterContainsContainerInstancesException",
    "ClusterContainsServicesException",
    "ClusterContainsTasksException",
    "UpdateInProgressException",
)
CLUSTER_GONE_CODE = "ClusterNotFoundException"


class ClusterHandler:
    """A cluster."""

    token: ClassVar[str] = CLUSTER

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateCluster, again while the service-linked role is too new; then until it is active."""
        ecs = call.clients("ecs")
        members = CLUSTER_SHAPE.to_api(inputs, others={"name"})
        answer: dict[str, Any] = tried_until(
            call,
            lambda: ecs.create_cluster(clusterName=inputs["name"], **members, **tags_member(inputs)),
            passing=passing("InvalidParameterException", text="Unable to assume the service linked role"),
            timeout_seconds=120,
        )
        arn: str = answer["cluster"]["clusterArn"]
        with after_creation(arn):
            wait_for_cluster(call, arn)
        return arn

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The cluster with its settings and configuration; an inactive one is gone."""
        cluster = found_cluster(call, resource_id)
        if cluster is None:
            return None
        answer = CLUSTER_SHAPE.from_api(cluster) | {
            "arn": cluster["clusterArn"],
            "name": cluster["clusterName"],
            "tagsAll": tag_map(cluster.get("tags")),
        }
        return known_form(answer, state, unordered={"settings"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; UpdateCluster with whatever of the three blocks is set."""
        update_tags(call, resource_id, old, new)
        if changed & {"configuration", "serviceConnectDefaults", "settings"}:
            members = CLUSTER_SHAPE.to_api(new, others={"name"})
            if members:
                call.clients("ecs").update_cluster(cluster=resource_id, **members)
                wait_for_cluster(call, resource_id)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteCluster, again while it contains something; then until it is gone."""
        del state
        ecs = call.clients("ecs")
        with ignoring(CLUSTER_GONE_CODE):
            tried_until(
                call,
                lambda: ecs.delete_cluster(cluster=resource_id),
                passing=lambda error: is_error(error, *CONTAINS_CODES),
                timeout_seconds=CLUSTER_WAIT_SECONDS,
            )
        polling(
            call,
            lambda: True if found_cluster(call, resource_id) is None else None,
            until=f"ECS Cluster ({resource_id}) to be deleted",
            timeout_seconds=CLUSTER_WAIT_SECONDS,
        )

    def import_id(self, call: Call, given: str) -> str:
        """A cluster's name as its ARN."""
        if given.startswith("arn:"):
            return given
        return f"arn:{call.partition}:ecs:{call.region}:{call.account_id}:cluster/{given}"


class ClusterCapacityProvidersHandler:
    """The capacity providers of a cluster and its default strategy; each write replaces both whole."""

    token: ClassVar[str] = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutClusterCapacityProviders; the cluster's name is the id."""
        known = {"clusterName", "capacityProviders", "defaultCapacityProviderStrategies"}
        refuse_unknown(self.token, inputs, known)
        self._put(
            call,
            inputs["clusterName"],
            entries(inputs, "capacityProviders"),
            entries(inputs, "defaultCapacityProviderStrategies"),
        )
        return inputs["clusterName"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """Both lists as the cluster has them."""
        cluster = found_cluster(call, resource_id)
        if cluster is None:
            return None
        answer: Inputs = {
            "clusterName": cluster["clusterName"],
            "capacityProviders": cluster.get("capacityProviders", []),
            "defaultCapacityProviderStrategies": [
                {"base": 0, "weight": 0, **STRATEGY.from_api(entry)}
                for entry in cluster.get("defaultCapacityProviderStrategy", [])
            ],
        }
        return known_form(answer, state, unordered={"capacityProviders", "defaultCapacityProviderStrategies"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutClusterCapacityProviders with both complete lists."""
        del resource_id, old, changed
        self.create(call, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """PutClusterCapacityProviders with two empty lists."""
        del state
        if found_cluster(call, resource_id) is None:
            return
        with ignoring(CLUSTER_GONE_CODE):
            self._put(call, resource_id, [], [])

    def _put(self, call: Call, cluster: str, providers: list[str], strategy: list[Inputs]) -> None:
        ecs = call.clients("ecs")

        def is_passing(error: Exception) -> bool:
            return is_error(error, "ResourceInUseException", "UpdateInProgressException") or is_error(
                error,
                "ClientException",
                text="Cluster was not ACTIVE",
            )

        tried_until(
            call,
            lambda: ecs.put_cluster_capacity_providers(
                cluster=cluster,
                capacityProviders=providers,
                defaultCapacityProviderStrategy=[STRATEGY.to_api(entry) for entry in strategy],
            ),
            passing=is_passing,
            timeout_seconds=CLUSTER_WAIT_SECONDS,
        )
        wait_for_cluster(call, cluster)


def found_cluster(call: Call, reference: str) -> dict[str, Any] | None:
    """The cluster of that name or ARN, or None when it is missing or inactive."""
    ecs = call.clients("ecs")
    cluster = one_or_none(
        lambda: ecs.describe_clusters(clusters=[reference], include=["TAGS", "CONFIGURATIONS", "SETTINGS"])["clusters"],
        CLUSTER_GONE_CODE,
    )
    return cluster if cluster and cluster["status"] != "INACTIVE" else None


def wait_for_cluster(call: Call, reference: str) -> None:
    """Wait until the cluster is active and nothing is being attached to it."""

    def ready() -> bool | None:
        cluster = found_cluster(call, reference) or {}
        busy = cluster.get("attachmentsStatus") == "UPDATE_IN_PROGRESS"
        return True if cluster.get("status") == "ACTIVE" and not busy else None

    polling(
        call,
        ready,
        until=f"ECS Cluster ({reference}) to become ACTIVE",
        timeout_seconds=CLUSTER_WAIT_SECONDS,
    )
