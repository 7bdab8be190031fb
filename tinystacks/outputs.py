"""What a deployed stage tells the outside: the program's exports as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOutputs:
    """One service of a deployed stage.

    Attributes:
        name: the service's name in the file.
        service_name: name of the ECS service, with the provider's suffix.
        service_arn: ARN of the ECS service.
        task_definition_arn: ARN of the task definition revision that was deployed.
        container_name: name of the main container.
        log_group: name of the CloudWatch log group.
        image: image reference that the task definition names.
        url: where the service answers; empty without a port.
        target_group_arn: ARN of its target group; empty without a port.
        scaling_policies: names of its Application Auto Scaling policies.
        task_role_arn: role of the service's own code.
        execution_role_arn: role that ECS starts the tasks with.
    """

    name: str
    service_name: str
    service_arn: str
    task_definition_arn: str
    container_name: str
    log_group: str
    image: str
    url: str = ""
    target_group_arn: str = ""
    scaling_policies: tuple[str, ...] = ()
    task_role_arn: str = ""
    execution_role_arn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutputs:
    """A deployed stage.

    Attributes:
        stack: name of the stack.
        stage: name of the stage.
        region: AWS region.
        account_id: AWS account.
        cluster_name: name of the ECS cluster.
        cluster_arn: ARN of the ECS cluster.
        endpoint: URL of the load balancer or of the domain; empty when no service has a port.
        dns_name: the load balancer's own name, which the DNS record of a domain has to lead to; empty without ports.
        vpc_id: the VPC.
        subnet_ids: subnets that instances or tasks live in.
        capacity_providers: names of the capacity providers that services use.
        auto_scaling_group: name of the Auto Scaling group; empty on Fargate.
        load_balancer_arn: ARN of the load balancer; empty without ports.
        ami_id: machine image of the instances; empty on Fargate.
        services: the services by their name in the file.
    """

    stack: str
    stage: str
    region: str
    account_id: str
    cluster_name: str
    cluster_arn: str
    endpoint: str = ""
    dns_name: str = ""
    vpc_id: str = ""
    subnet_ids: tuple[str, ...] = ()
    capacity_providers: tuple[str, ...] = ()
    auto_scaling_group: str = ""
    load_balancer_arn: str = ""
    ami_id: str = ""
    services: Mapping[str, ServiceOutputs] = field(default_factory=dict[str, ServiceOutputs])

    @classmethod
    def from_exports(cls, exports: Mapping[str, Any]) -> StageOutputs:
        """Read the exports of the program, whose keys are the attributes of this class.

        Raises:
            KeyError: a key without which a stage cannot be described is missing.
        """
        services: dict[str, ServiceOutputs] = {}
        for name, values in dict(exports.get("services", {})).items():
            plain: dict[str, Any] = {**values, "name": name}
            plain["scaling_policies"] = tuple(plain.get("scaling_policies", ()))
            services[name] = ServiceOutputs(**plain)
        known: dict[str, Any] = {key: exports[key] for key in cls.__dataclass_fields__ if key in exports}
        for key in _LIST_KEYS:
            known[key] = tuple(exports.get(key, ()))
        known["services"] = services
        return cls(**known)

    @property
    def domain(self) -> str:
        """The domain of the file, where the endpoint is one; empty where it is the load balancer's own name."""
        place = urlsplit(self.endpoint).netloc
        return place if self.dns_name and place.lower() != self.dns_name.lower() else ""

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data for JSON; the reverse of `from_exports`."""
        return asdict(self)


_LIST_KEYS = ("subnet_ids", "capacity_providers")
