"""Operations on clusters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinystacks.controlplane.errors import invalid_parameter
from tinystacks.local.ecs_api.shapes.clusters import ALL, cluster_shape
from tinystacks.local.ecs_api.shapes.common import Shape, failure

if TYPE_CHECKING:
    from collections.abc import Collection

    from tinystacks.controlplane.model import Cluster
    from tinystacks.local.ecs_api.call import Call, Operation

_MOST_DESCRIBED = 100
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
"""Names that a cluster may have (API CreateCluster)."""
_AFTER_CHANGE = ALL - {"STATISTICS"}


def _create(call: Call) -> Shape:
    arguments = call.arguments()
    if not _NAME.fullmatch(arguments.get("cluster_name", "default")):
        raise invalid_parameter(
            "Cluster names can have up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens."
        )
    if "settings" not in arguments:
        insights = call.account_settings.effective("containerInsights")
        arguments["settings"] = [{"name": "containerInsights", "value": insights}]
    return _answer(call, call.plane.create_cluster(**arguments), _AFTER_CHANGE - {"ATTACHMENTS"})


def _update(call: Call) -> Shape:
    return _answer(call, call.plane.update_cluster(**call.arguments()), _AFTER_CHANGE)


def _update_settings(call: Call) -> Shape:
    return _answer(call, call.plane.update_cluster_settings(**call.arguments()), _AFTER_CHANGE)


def _put_capacity_providers(call: Call) -> Shape:
    return _answer(call, call.plane.put_cluster_capacity_providers(**call.arguments()), _AFTER_CHANGE)


def _delete(call: Call) -> Shape:
    return _answer(call, call.plane.delete_cluster(**call.arguments()), _AFTER_CHANGE)


def _answer(call: Call, cluster: Cluster, include: Collection[str]) -> Shape:
    return {"cluster": cluster_shape(cluster, call.services_of(cluster), include)}


def _describe(call: Call) -> Shape:
    references = call.named("clusters", most=_MOST_DESCRIBED) if call.body.get("clusters") else ["default"]
    include = call.body.get("include", [])
    shown: list[Shape] = []
    failures: list[Shape] = []
    for reference in references:
        name = reference.rpartition("/")[2]
        cluster = call.state.clusters.get(name)
        if cluster is None or (reference.startswith("arn:") and reference != cluster.arn):
            arn = reference if reference.startswith("arn:") else call.cluster_arn(name)
            failures.append(failure(arn, "MISSING"))
        else:
            shown.append(cluster_shape(cluster, call.services_of(cluster), include))
    return {"clusters": shown, "failures": failures}


def _list(call: Call) -> Shape:
    active = (cluster.arn for cluster in call.state.clusters.values() if cluster.status == "ACTIVE")
    arns, token = call.page(active, key=lambda arn: (arn,))
    return {"clusterArns": arns} | token


OPERATIONS: dict[str, Operation] = {
    "CreateCluster": _create,
    "DeleteCluster": _delete,
    "DescribeClusters": _describe,
    "ListClusters": _list,
    "PutClusterCapacityProviders": _put_capacity_providers,
    "UpdateCluster": _update,
    "UpdateClusterSettings": _update_settings,
}
