"""One service of the file: what runs, how many, how it is reached and how it is replaced."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, cast

from pydantic import BeforeValidator, Field, model_validator

from tinystacks.spec.base import SpecModel

Port = Annotated[int, Field(ge=1, le=65535)]
CpuUnits = Annotated[int, Field(ge=0, le=196608)]
"""CPU units, 1024 = 1 vCPU (ECS API reference, `ContainerDefinition.cpu`)."""
MebiBytes = Annotated[int, Field(ge=6, le=1048576)]
"""MiB; ECS takes no container below 6 MiB (ECS API reference, `ContainerDefinition.memory`)."""
Percent = Annotated[int, Field(ge=1, le=100)]
Seconds = Annotated[int, Field(ge=0)]


def scalar_text(value: Any) -> Any:
    """Turn a YAML scalar into the text that a container sees; leave anything else for the type check to refuse."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return value


ScalarText = Annotated[str, BeforeValidator(scalar_text)]


class BuildSpec(SpecModel):
    """How the image of a service is built."""

    context: str = "."
    """Folder of the sources, relative to the file."""
    dockerfile: str = "Dockerfile"
    """Path of the Dockerfile, relative to the context."""
    target: str | None = None
    """Build stage of a multi-stage Dockerfile."""
    args: dict[str, ScalarText] = Field(default_factory=dict)
    """Build arguments."""


class HealthCheckSpec(SpecModel):
    """How the load balancer decides whether a task may get requests."""

    path: Annotated[str, Field(pattern=r"^/")] = "/ping"
    """Path that answers when the task is ready."""
    matcher: ScalarText = "200-399"
    """HTTP codes that count as healthy, such as `200` or `200-399`."""
    interval: Annotated[int, Field(ge=5, le=300)] = 10
    """Seconds between two checks (5 to 300)."""
    timeout: Annotated[int, Field(ge=2, le=120)] = 5
    """Seconds to wait for an answer; less than the interval."""
    healthy_threshold: Annotated[int, Field(ge=2, le=10)] = 2
    """Good answers in a row after which an unhealthy task is healthy again."""
    unhealthy_threshold: Annotated[int, Field(ge=2, le=10)] = 3
    """Bad answers in a row after which a task is unhealthy."""
    grace_period: Annotated[int, Field(ge=0, le=2147483647)] = 60
    """Seconds after a task's start in which ECS ignores bad checks."""


class ContainerHealthCheckSpec(SpecModel):
    """A check that ECS runs inside the container."""

    command: Annotated[list[str], Field(min_length=1)]
    """Program and arguments; exit code 0 is healthy. `["CMD-SHELL", "…"]` runs in a shell."""
    interval: Annotated[int, Field(ge=5, le=300)] = 30
    """Seconds between two checks."""
    timeout: Annotated[int, Field(ge=2, le=60)] = 5
    """Seconds until a check counts as failed."""
    retries: Annotated[int, Field(ge=1, le=10)] = 3
    """Failures in a row after which the container is unhealthy."""
    start_period: Annotated[int, Field(ge=0, le=300)] = 0
    """Seconds after start in which failures do not count."""


class ScheduleSpec(SpecModel):
    """A change of the number of tasks at fixed times."""

    when: Annotated[str, Field(pattern=r"^(at|rate|cron)\(.+\)$")]
    """`cron(0 8 ? * MON-FRI *)`, `rate(1 day)` or `at(2027-01-01T08:00:00)`."""
    timezone: str = "UTC"
    """Name of a time zone, such as `Europe/Berlin`."""
    min: Annotated[int, Field(ge=0)] | None = None
    """Smallest number of tasks from then on."""
    max: Annotated[int, Field(ge=0)] | None = None
    """Largest number of tasks from then on."""


class TasksSpec(SpecModel):
    """How many tasks run. A plain number means: always this many."""

    min: Annotated[int, Field(ge=0, le=5000)] = 2
    """Smallest number of tasks."""
    max: Annotated[int, Field(ge=0, le=5000)] = 5
    """Largest number of tasks; the same as `min` switches autoscaling off."""
    target_cpu: Percent | None = 75
    """Average CPU use, in percent, that scaling aims at."""
    target_memory: Percent | None = None
    """Average memory use, in percent, that scaling aims at."""
    target_requests: Annotated[int, Field(ge=1)] | None = None
    """Requests per task and minute that scaling aims at."""
    scale_out_cooldown: Seconds = 60
    """Seconds to wait after tasks were added."""
    scale_in_cooldown: Seconds = 300
    """Seconds to wait after tasks were taken away."""
    schedule: dict[str, ScheduleSpec] = Field(default_factory=dict)
    """Named changes of `min` and `max` at fixed times."""

    @model_validator(mode="before")
    @classmethod
    def _number_means_fixed(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return {"min": value, "max": value}
        return value

    @property
    def autoscaling(self) -> bool:
        """Whether Application Auto Scaling owns the number of tasks."""
        return self.min != self.max or bool(self.schedule)


class RollingUpdateSpec(SpecModel):
    """How many tasks run while a new version replaces the old one (percent of the desired count)."""

    min_healthy_percent: Annotated[int, Field(ge=0, le=100)] = 100
    """Healthy tasks that must stay; rounded up."""
    max_percent: Annotated[int, Field(ge=100, le=1000)] = 200
    """Tasks of both versions together that may run; rounded down."""
    circuit_breaker: bool = True
    """Whether ECS gives up a deployment whose tasks do not start and goes back to the last good one."""
    deadline: Annotated[int, Field(ge=60, le=21600)] = 1200
    """Seconds until a deployment that is not steady counts as failed."""


class LogsSpec(SpecModel):
    """Where the output of containers goes."""

    retention_days: Literal[
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
    ] = 30
    """Days until log lines are removed (CloudWatch Logs takes only these numbers)."""
    mode: Literal["non-blocking", "blocking"] = "non-blocking"
    """`blocking` never loses a line but stops the container while CloudWatch Logs cannot be reached."""
    buffer_mib: Annotated[int, Field(ge=1, le=500)] = 25
    """MiB kept in memory while log lines wait (mode `non-blocking`)."""
    kms_key: str | None = None
    """ARN of a KMS key; without one CloudWatch Logs encrypts with a key of its own."""


class PermissionSpec(SpecModel):
    """Something the service's own code may do in AWS (a statement of its task role)."""

    actions: Annotated[list[str], Field(min_length=1)]
    """IAM actions, such as `s3:GetObject`."""
    resources: Annotated[list[str], Field(min_length=1)]
    """ARNs the actions apply to."""


class RouteSpec(SpecModel):
    """Which requests of the shared load balancer go to this service; at least one of the two."""

    host: list[str] = Field(default_factory=list)
    """Host names, such as `api.example.com`; `*` stands for any characters."""
    path: list[str] = Field(default_factory=list)
    """Paths, such as `/api/*`."""


class ContainerSpec(SpecModel):
    """What the main container and sidecars have in common."""

    command: list[str] | None = None
    """Replaces the image's CMD."""
    entry_point: list[str] | None = None
    """Replaces the image's ENTRYPOINT."""
    variables: dict[str, ScalarText] = Field(default_factory=dict)
    """Environment variables; readable by everyone who may read the task definition."""
    secrets: dict[str, str] = Field(default_factory=dict)
    """Environment variables read at task start from SSM Parameter Store or Secrets Manager: name to ARN; after a
    rotation `tstack restart`."""
    user: ScalarText | None = None
    """User (and group) that the container runs as, such as `1000:1000`."""
    read_only_root: bool = False
    """Whether the container's root file system is read-only; does not go with `exec`."""
    stop_timeout: Annotated[int, Field(ge=2, le=3600)] = 30
    """Seconds between SIGTERM and SIGKILL; at most 120 on Fargate."""
    container_health_check: ContainerHealthCheckSpec | None = None
    """A check inside the container, besides the load balancer's."""


class SidecarSpec(ContainerSpec):
    """A second container in every task of the service."""

    image: str
    """Image reference, such as `public.ecr.aws/xray/aws-xray-daemon:3.x`."""
    cpu: CpuUnits = 0
    """CPU units of the sidecar (1024 = 1 vCPU); on Fargate a part of the task's."""
    memory: MebiBytes = 64
    """MiB of the sidecar; on Fargate a part of the task's."""
    essential: bool = False
    """Whether the whole task stops when this container ends."""
    port: Port | None = None
    """Port that the main container reaches it at."""
    start_before: bool = False
    """Whether the main container waits until this one has started."""


class ServiceSpec(ContainerSpec):
    """One service: a container (and sidecars) that runs as several equal tasks."""

    build: BuildSpec | None = None
    """Folder or settings to build the image from; either this or `image`."""
    image: str | None = None
    """Image reference, such as `public.ecr.aws/nginx/nginx:1.27`; either this or `build`."""
    port: Port | None = None
    """Port the container listens on; a service without a port gets no load balancer."""
    route: RouteSpec | None = None
    """Which requests go here when several services have ports; one service may be the default without a route."""
    health_check: HealthCheckSpec = HealthCheckSpec()
    """The load balancer's check."""
    cpu: Annotated[int, Field(ge=0, le=196608)] = 256
    """CPU units of one task (1024 = 1 vCPU)."""
    memory: MebiBytes | None = None
    """MiB of the main container (of the whole task on Fargate); 256 on EC2, on Fargate the least for `cpu`."""
    tasks: TasksSpec = TasksSpec()
    """How many tasks run."""
    release_command: Annotated[list[str], Field(min_length=1)] | None = None
    """Runs once, in a task of its own, before tasks of a new version start; unless it ends with 0 nothing changes."""
    sidecars: dict[str, SidecarSpec] = Field(default_factory=dict)
    """More containers in every task, by name."""
    rolling_update: RollingUpdateSpec = RollingUpdateSpec()
    """How a new version replaces the old one."""
    deregistration_delay: Annotated[int, Field(ge=0, le=3600)] = 30
    """Seconds that a task which is going away may use to finish its requests."""
    exec: bool = True
    """Whether `tstack exec` may open a shell in the tasks."""
    placement: Literal["spread", "binpack"] = "spread"
    """`spread` over zones then instances; `binpack` over zones, then fill instances by memory (cheaper, for dev)."""
    zone_rebalancing: bool = True
    """Whether ECS moves tasks when zones are out of balance."""
    network_mode: Literal["bridge", "awsvpc", "host"] | None = None
    """`bridge` on EC2 and `awsvpc` on Fargate by default."""
    permissions: list[PermissionSpec] = Field(default_factory=list[PermissionSpec])
    """What the service's code may do in AWS."""
    policies: list[str] = Field(default_factory=list)
    """ARNs of managed policies for the task role."""
    kms_keys: list[str] = Field(default_factory=list)
    """ARNs of KMS keys that encrypt the secrets, so that they can be decrypted at task start."""
    ephemeral_storage_gib: Annotated[int, Field(ge=21, le=200)] | None = None
    """GiB of scratch disk on Fargate (20 without this)."""
    logs: LogsSpec = LogsSpec()
    """Where the output goes."""

    @model_validator(mode="before")
    @classmethod
    def _folder_means_build(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        given = cast("dict[str, Any]", value)
        return {**given, "build": {"context": given["build"]}} if isinstance(given.get("build"), str) else given

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.build is None) == (self.image is None):
            raise ValueError("needs either `build` (a folder to build) or `image` (a ready image)")
        return self
