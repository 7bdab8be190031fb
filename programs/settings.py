"""What a program needs to know besides the stage: where it runs, which images, how to wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tinystacks.spec.model import StageSpec

_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOrder:
    """The task that runs a service's `release_command`, on the revision that the service is about to get.

    Attributes:
        service: name in the file.
        cluster: its name.
        task_definition: ARN of the revision.
        log_group: where the task writes.
        strategy: capacity provider strategy in the ECS API's form.
        network: network configuration in the ECS API's form; none where tasks have no interfaces of their own.
    """

    service: str
    cluster: str
    task_definition: str
    log_group: str
    strategy: Sequence[Mapping[str, Any]]
    network: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSettings:
    """Facts of one run that do not stand in the file.

    Attributes:
        region: AWS region of every resource.
        account_id: the only account that the AWS provider may touch (trap A2).
        ami_id: machine image of the instances, pinned per stage (trap F1); None looks up the recommended image, which
            is right only where nothing remembers the pinned one (plain `pulumi up`).
        provider_arguments: arguments of the explicit `aws.Provider` beyond region, accounts and tags; never keys or
            tokens, since the state keeps them (trap A12).
        images: image reference by service, and by `service/sidecar`; a digest, so that a moved tag changes nothing
            (trap B12). Wins over the file.
        wait_for_steady_state: whether the provider waits until each service is steady (trap B6); off when the caller
            follows the deployment itself and can fail earlier (trap B4).
        deploy_id: name of this deployment; a new one forces ECS to deploy again though nothing else changed (trap B2).
            Empty leaves what is there.
        repositories_only: services of which only the repository is made, because no image was pushed yet; the next run
            leaves them out of here and has their images.
        extra_repositories: services that get a repository before the file says so of them, for a first push; nothing of
            such a service changes.
        release_gate: runs a service's `release_command` to its end, and raises when it fails, so that the service stays
            as it is; none runs no such commands (plain `pulumi up`).
        leaving: the stage as it ran on EC2, where it now runs on Fargate and its instances stay for this run (trap K1).
        purge_images: whether deleting a repository deletes its images too; otherwise the repository is kept (trap C8).
    """

    region: str
    account_id: str
    ami_id: str | None = None
    provider_arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    images: Mapping[str, str] = field(default_factory=dict[str, str])
    wait_for_steady_state: bool = True
    deploy_id: str = ""
    repositories_only: frozenset[str] = frozenset()
    purge_images: bool = False
    extra_repositories: frozenset[str] = frozenset()
    release_gate: Callable[[ReleaseOrder], None] | None = None
    leaving: StageSpec | None = None

    @property
    def partition(self) -> str:
        """First part of every ARN: `aws`, `aws-cn` or `aws-us-gov`."""
        return next((name for head, name in _PARTITIONS.items() if self.region.startswith(f"{head}-")), "aws")

    def arn(self, service: str, resource: str) -> str:
        """Make the ARN of a resource in this account and region.

        Args:
            service: service part, such as `ecs`.
            resource: the rest, such as `cluster/shop-prod`.
        """
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"
