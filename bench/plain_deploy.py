"""Deploy a new image with boto3 alone: register the revision, update the service, wait until ECS is done.

Usage: python plain_deploy.py ENDPOINT REGION CLUSTER SERVICE IMAGE; prints the seconds that it took.
"""

from __future__ import annotations

import sys
import time

import boto3

KEPT = {
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "runtimePlatform",
}


def main(endpoint: str, region: str, cluster: str, service: str, image: str) -> None:
    ecs = boto3.client(
        "ecs", endpoint_url=endpoint, region_name=region, aws_access_key_id="local", aws_secret_access_key="local"
    )
    start = time.perf_counter()
    [before] = ecs.describe_services(cluster=cluster, services=[service])["services"]
    known = ecs.describe_task_definition(taskDefinition=before["taskDefinition"])["taskDefinition"]
    document = {key: value for key, value in known.items() if key in KEPT}
    document["containerDefinitions"][0]["image"] = image
    revision = ecs.register_task_definition(**document)["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster=cluster, service=service, taskDefinition=revision)
    while True:
        [now] = ecs.describe_services(cluster=cluster, services=[service])["services"]
        [primary] = [one for one in now["deployments"] if one["status"] == "PRIMARY"]
        if primary["rolloutState"] == "COMPLETED" and len(now["deployments"]) == 1:
            break
        time.sleep(0.2)
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main(*sys.argv[1:])
