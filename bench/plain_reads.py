"""Read with boto3 alone what `tstack status` reads: the same five services, one call each where one tells enough.

Usage: python plain_reads.py ENDPOINT REGION CLUSTER
"""

from __future__ import annotations

import sys
from typing import Any

import boto3


def main(endpoint: str, region: str, cluster: str) -> None:
    session = boto3.session.Session(region_name=region, aws_access_key_id="local", aws_secret_access_key="local")

    def client(name: Any) -> Any:
        return session.client(name, endpoint_url=endpoint)

    ecs = client("ecs")
    ecs.describe_services(cluster=cluster, services=ecs.list_services(cluster=cluster)["serviceArns"])
    ecs.describe_tasks(cluster=cluster, tasks=ecs.list_tasks(cluster=cluster)["taskArns"])
    instances = ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    ecs.describe_container_instances(cluster=cluster, containerInstances=instances)
    client("elbv2").describe_target_groups()
    client("autoscaling").describe_auto_scaling_groups()
    client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    client("cloudwatch").describe_alarms()


if __name__ == "__main__":
    main(*sys.argv[1:])
