"""A boto3-like ECS client over plain dictionaries, which counts its calls."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


def failure(name: str) -> dict[str, str]:
    """What DescribeServices says of a service that there is not."""
    return {"arn": f"arn:aws:ecs:eu-west-1:123456789012:service/shop/{name}", "reason": "MISSING"}


@dataclass
class FakePaginator:
    pages: list[dict[str, Any]]

    def paginate(self, **_arguments: Any) -> list[dict[str, Any]]:
        return self.pages


@dataclass
class FakeEcsClient:
    """Services, tasks and container instances in the shapes of the ECS API reference."""

    services: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    instances: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 100
    calls: Counter[str] = field(default_factory=Counter)

    def get_paginator(self, operation: str) -> FakePaginator:
        arns, key = {
            "list_tasks": ([task["taskArn"] for task in self.tasks], "taskArns"),
            "list_container_instances": (
                [instance["containerInstanceArn"] for instance in self.instances],
                "containerInstanceArns",
            ),
        }[operation]
        pages = [{key: arns[start : start + self.page_size]} for start in range(0, max(len(arns), 1), self.page_size)]
        self.calls[operation] += len(pages)
        return FakePaginator(pages)

    def describe_services(self, *, cluster: str, services: list[str]) -> dict[str, Any]:
        assert cluster
        assert len(services) <= 10, "DescribeServices takes 10"
        self.calls["describe_services"] += 1
        found = [service for service in self.services if service["serviceName"] in services]
        missing = sorted({*services} - {service["serviceName"] for service in found})
        return {"services": found, "failures": [failure(name) for name in missing]}

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> dict[str, Any]:
        assert cluster
        assert len(tasks) <= 100, "DescribeTasks takes 100"
        self.calls["describe_tasks"] += 1
        return {"tasks": [task for task in self.tasks if task["taskArn"] in tasks]}

    def describe_container_instances(self, *, cluster: str, containerInstances: list[str]) -> dict[str, Any]:
        assert cluster
        assert len(containerInstances) <= 100, "DescribeContainerInstances takes 100"
        self.calls["describe_container_instances"] += 1
        return {
            "containerInstances": [
                item for item in self.instances if item["containerInstanceArn"] in containerInstances
            ]
        }


@dataclass
class FakeTargetHealthClient:
    descriptions: list[dict[str, Any]] = field(default_factory=list)

    def describe_target_health(self, *, TargetGroupArn: str) -> dict[str, Any]:
        assert TargetGroupArn
        return {"TargetHealthDescriptions": self.descriptions}
