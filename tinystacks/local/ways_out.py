"""Whether a Fargate task reaches from its subnet what it needs before it starts: its image, its secrets, its log group.

Only what is certain counts: a route that leads anywhere is taken for a way out, and security groups, network ACLs and
endpoint policies are not looked at. Tasks on instances fetch all of it through the instance, in `awsvpc` mode too: the
ECS agent and the container engine, which do it, are in the instance's network.

Sources: ECS developer guide, pages fargate-task-networking, resource-initialization-error and
cannot-pull-container-error; ECR user guide, vpc-endpoints; VPC user guide, VPC_Route_Tables. The texts of secrets and
logs are those that public logs quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.controlplane.types import part
from tinystacks.local.documents import members, structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tinystacks.controlplane.model import Task
    from tinystacks.local.emulation import Emulation

_PRIVATE_REGISTRY = re.compile(r"\d+\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
_GONE = frozenset({"deleted", "deleting", "failed"})
_SILENT_ADDRESS = "198.51.100.7:443"
"""What the time-out names; AWS tells an address of the service."""
_HUB, _HUB_HOST = "docker.io", "registry-1.docker.io"


_SECRET = re.compile(r"(?P<arn>arn:[^:]+:secretsmanager:(?P<region>[^:]+):\d+:secret:[^:]+)(?::.*)?")
_PARAMETER = re.compile(r"arn:[^:]+:ssm:(?P<region>[^:]+):\d+:parameter/.+")
_TO_ECR = frozenset({"ecr.api", "ecr.dkr", "s3"})


class RegistryAuthError(Exception):
    """The token for Amazon ECR cannot be had: the task's resources cannot be initialised."""


class RegistryUnreachableError(Exception):
    """The image's registry does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInterface:
    """Where a Fargate task's interface lies.

    Attributes:
        region: of the task.
        subnet_id: of the interface.
        has_public_address: whether `assignPublicIp` is ENABLED.
    """

    region: str
    subnet_id: str
    has_public_address: bool


def interface_of(task: Task, region: str) -> TaskInterface | None:
    """The interface through which a task's images come; None where they come through an instance, or it is unknown."""
    if task.container_instance is not None or not task.subnet_id:
        return None
    awsvpc = part(task.network_configuration, "awsvpcConfiguration")
    return TaskInterface(
        region=region, subnet_id=task.subnet_id, has_public_address=awsvpc.get("assignPublicIp") == "ENABLED"
    )


def refuse_unreachable_image(emulation: Emulation, interface: TaskInterface, definition: Mapping[str, Any]) -> None:
    """Refuse an image whose registry cannot be reached.

    Args:
        emulation: moto.
        interface: of the task.
        definition: container definition in the API's form.

    Raises:
        RegistryAuthError: the image lies in Amazon ECR.
        RegistryUnreachableError: it lies elsewhere.
    """
    host, path, reference = _parts(str(definition.get("image", "")))
    private = _PRIVATE_REGISTRY.fullmatch(host)
    if _reaches(emulation, interface, _TO_ECR if private is not None else None):
        return
    if private is not None:
        raise RegistryAuthError(
            "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth "
            "from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network "
            "configuration. RequestError: send request failed caused by: "
            f'Post "https://api.ecr.{private["region"]}.amazonaws.com/": dial tcp {_SILENT_ADDRESS}: i/o timeout'
        )
    separator = "@" if reference.startswith("sha256:") else ":"
    raise RegistryUnreachableError(
        f"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
        f"{host}/{path}{separator}{reference}: failed to do request: "
        f'Head "https://{_HUB_HOST if host == _HUB else host}/v2/{path}/manifests/{reference}": '
        f"dial tcp {_SILENT_ADDRESS}: i/o timeout"
    )


def secrets_out_of_reach(emulation: Emulation, interface: TaskInterface | None, definition: Mapping[str, Any]) -> str:
    """Why Secrets Manager or Systems Manager cannot be reached for a container's secrets; empty when they can.

    An endpoint serves its own region only.

    Args:
        emulation: moto.
        interface: of the task; None where secrets come through an instance.
        definition: container definition in the API's form.
    """
    if interface is None:
        return ""
    options = structure(definition, "logConfiguration")
    for one in (*members(definition, "secrets"), *members(options, "secretOptions")):
        value_from = str(one.get("valueFrom", ""))
        secret = _SECRET.fullmatch(value_from)
        place = secret or _PARAMETER.fullmatch(value_from)
        service = "secretsmanager" if secret else "ssm"
        in_region = place is None or place["region"] == interface.region
        if _reaches(emulation, interface, frozenset({service}) if in_region else None):
            continue
        failed = "ResourceInitializationError: unable to pull secrets or registry auth: "
        if secret is None:
            return (
                f"{failed}unable to retrieve secrets from ssm: The task cannot pull secrets from AWS Systems Manager. "
                "There is a connection issue between the task and AWS Systems Manager Parameter Store. Check your task "
                "network configuration. RequestCanceled: request context canceled caused by: context deadline exceeded"
            )
        return (
            f"{failed}unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets "
            f"Manager. Check your task network configuration. failed to fetch secret {secret['arn']} from secrets "
            "manager: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 0, RequestID: "
            ", canceled, context deadline exceeded"
        )
    return ""


def logs_out_of_reach(emulation: Emulation, interface: TaskInterface | None, definition: Mapping[str, Any]) -> str:
    """Why CloudWatch Logs cannot be reached for the `awslogs` driver; empty when it can.

    Args:
        emulation: moto.
        interface: of the task; None where lines go through an instance.
        definition: container definition in the API's form.
    """
    configuration = structure(definition, "logConfiguration")
    if interface is None or configuration.get("logDriver") != "awslogs":
        return ""
    region = structure(configuration, "options").get("awslogs-region") or interface.region
    if _reaches(emulation, interface, frozenset({"logs"}) if region == interface.region else None):
        return ""
    return (
        "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log "
        "group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. "
        "Check your network configuration. : signal: killed"
    )


def _parts(image: str) -> tuple[str, str, str]:
    """Registry, repository and tag or digest of an image, as containerd completes them."""
    name, _, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    host, path = (first, rest) if is_host else (_HUB, name)
    path, _, tag = path.partition(":")
    if host == _HUB and "/" not in path:
        path = f"library/{path}"
    return host, path, digest or tag or "latest"


def _reaches(emulation: Emulation, interface: TaskInterface, services: frozenset[str] | None) -> bool:
    """Whether a way out, or endpoints of all the services, lead where a task must go; None is what has no endpoint."""
    with emulation.lock:
        ec2 = emulation.ec2(interface.region)
        wanted = interface.subnet_id
        subnet: Any = next((found[wanted] for found in ec2.subnets.values() if wanted in found), None)
        vpc: Any = ec2.vpcs.get(subnet.vpc_id) if subnet is not None else None
        # moto's default VPC lacks the internet gateway that AWS's has.
        if vpc is None or vpc.is_default:
            return True
        table = _table_of(ec2, subnet)
        if table is None or any(_leads_out(route, interface) for route in table.routes):
            return True
        if services is None:
            return False
        return services <= {kind for one in _endpoints(ec2, vpc.id) for kind in _kinds(one, table.id)}


def _table_of(ec2: Any, subnet: Any) -> Any:
    tables: list[Any] = [one for one in ec2.route_tables.values() if one.vpc_id == subnet.vpc_id]
    own = (one for one in tables if any(subnet.id == link.get("SubnetId") for link in one.associations))
    return next(own, None) or next((one for one in tables if one.main_association_id is not None), None)


def _leads_out(route: Any, interface: TaskInterface) -> bool:
    gateway = str(route.gateway_id or "")
    if route.local or gateway.startswith("vpce-"):
        return False
    if gateway.startswith("igw-"):
        return interface.has_public_address or route.destination_ipv6_cidr_block is not None
    return route.nat_gateway is None or route.nat_gateway.state not in _GONE


def _endpoints(ec2: Any, vpc_id: str) -> Iterator[Any]:
    for one in list(ec2.vpc_end_points.values()):
        if one.vpc_id == vpc_id and one.state not in _GONE:
            yield one


def _kinds(endpoint: Any, table_id: str) -> Iterator[str]:
    """`ecr.api` of `com.amazonaws.REGION.ecr.api`; a gateway endpoint serves the route tables that it is in."""
    # In China the names begin with `cn.`.
    kind = ".".join(str(endpoint.service_name).removeprefix("cn.").split(".")[3:])
    is_gateway = str(endpoint.vpc_endpoint_type or "Gateway").lower() == "gateway"
    if not is_gateway or table_id in (endpoint.route_table_ids or []):
        yield kind
