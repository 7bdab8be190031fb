"""The machine image (AMI) of a stage's instances: the one it is pinned to, the recommended, what runs (trap F1)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors, read_all
from tinystacks.deployment.instance_refresh import newest_refresh
from tinystacks.deployment.preflight import architecture, recommended_ami
from tinystacks.deployment.wording import typed_stage
from tinystacks.errors import TinystacksError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.instance_refresh import InstanceRefresh
    from tinystacks.outputs import StageOutputs
    from tinystacks.spec.model import StageSpec

_LIVING = ["pending", "running"]


class MachineImageError(TinystacksError):
    """The instances of a stage cannot be made from that machine image, or not now."""

    kind = "machine-image"
    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineImage:
    """One machine image.

    Attributes:
        id: such as `ami-0abcdef1234567890`.
        name: that its owner gave it; empty when EC2 does not list it (any more).
        architecture: `x86_64` or `arm64`; empty as above.
    """

    id: str
    name: str = ""
    architecture: str = ""

    @property
    def words(self) -> str:
        """Id and name."""
        return f"{self.id} ({self.name})" if self.name else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class StageInstance:
    """One instance of the stage's Auto Scaling group.

    Attributes:
        id: of the EC2 instance.
        zone: its availability zone.
        type: its instance type.
        ami_id: the machine image that it was made from.
    """

    id: str
    zone: str
    type: str
    ami_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineImages:
    """The machine images of a stage, and the instances that run them.

    Attributes:
        image: the one that the stage is pinned to.
        recommended: the ECS-optimized image of today.
        former: images the stage was pinned to before, newest first (trap F5).
        instances: that are there.
        refresh: the newest instance refresh; none when there was none in the last six weeks.
    """

    image: MachineImage
    recommended: MachineImage
    former: tuple[MachineImage, ...]
    instances: tuple[StageInstance, ...]
    refresh: InstanceRefresh | None

    def not_of(self, ami_id: str) -> tuple[StageInstance, ...]:
        """Give the instances that were made from another image."""
        return tuple(one for one in self.instances if one.ami_id != ami_id)

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {
            "machine_image": asdict(self.image),
            "recommended": asdict(self.recommended),
            "former": [asdict(one) for one in self.former],
            "instances": [asdict(one) for one in self.instances],
            "instance_refresh": self.refresh.to_mapping() if self.refresh else None,
        }


def machine_images(context: StageContext, outputs: StageOutputs, stage: StageSpec) -> MachineImages:
    """Read which machine images a stage has.

    Args:
        context: the stage.
        outputs: names its Auto Scaling group.
        stage: as it runs; tells the architecture.

    Raises:
        UsageError: the stage has no instances.
        AwsError: AWS refuses to be read.
    """
    check_has_instances(context, outputs)
    record = context.known_record()
    kept = record.former_ami_ids if record else ()
    former = [one for one in dict.fromkeys(kept) if one != outputs.ami_id]
    recommended = recommended_ami(stage, context.target)
    known = known_images(context.target.client, {outputs.ami_id, recommended, *former})
    return MachineImages(
        image=known.get(outputs.ami_id) or MachineImage(id=outputs.ami_id),
        recommended=known.get(recommended) or MachineImage(id=recommended),
        former=tuple(known.get(one) or MachineImage(id=one) for one in former),
        instances=instances_of(context.target.client, outputs.auto_scaling_group),
        refresh=newest_refresh(context.target.client("autoscaling"), outputs.auto_scaling_group),
    )


def check_has_instances(context: StageContext, outputs: StageOutputs) -> None:
    """Make sure that the stage runs on instances of its own.

    Raises:
        UsageError: it runs on Fargate.
    """
    if not outputs.auto_scaling_group:
        raise UsageError(
            f"stage `{outputs.stage}` has no instances: it runs on Fargate",
            hint="AWS keeps the machines of Fargate up to date; "
            f"`tstack restart {typed_stage(outputs.stage, context.target.name)}` gives tasks new ones.",
        )


def wanted_image(context: StageContext, stage: StageSpec, ami_id: str) -> MachineImage:
    """Give the machine image that instances shall be made from.

    Raises:
        MachineImageError: EC2 does not know it in this region, or it is for other CPUs.
        AwsError: EC2 refuses to be read.
    """
    found = known_images(context.target.client, {ami_id}).get(ami_id)
    typed = typed_stage(stage.stage, context.target.name)
    if found is None:
        raise MachineImageError(
            f"There is no machine image {ami_id} in {context.target.region} that this account may use.",
            hint=f"`tstack instances {typed}` shows the recommended one and former ones; every region has its own.",
        )
    needed = architecture(stage)
    if found.architecture and found.architecture != needed:
        raise MachineImageError(
            f"{found.words} is for {found.architecture}, and {stage.compute.instance_types[0]} is {needed}.",
            hint=f"Name an image for {needed}; without `--ami` the recommended one is taken.",
        )
    return found


def known_images(client: Callable[[str], Any], ami_ids: Iterable[str]) -> Mapping[str, MachineImage]:
    """Give, by id, those of the machine images that EC2 lists; a filter refuses no unknown id.

    Args:
        client: gives a boto3 client by service name.
        ami_ids: of the images.

    Raises:
        AwsError: EC2 refuses to be read.
    """
    ids = sorted(one for one in set(ami_ids) if one)
    with aws_errors("ec2", "machine images"):
        found = client("ec2").describe_images(Filters=[{"Name": "image-id", "Values": ids}])["Images"]
        return {
            str(one["ImageId"]): MachineImage(
                id=str(one["ImageId"]), name=str(one.get("Name") or ""), architecture=str(one.get("Architecture") or "")
            )
            for one in found
        }


def instances_of(client: Callable[[str], Any], group: str) -> tuple[StageInstance, ...]:
    """Give the instances of an Auto Scaling group that run or begin to.

    Args:
        client: gives a boto3 client by service name.
        group: name of the Auto Scaling group.

    Raises:
        AwsError: EC2 refuses to be read.
    """
    filters = [
        {"Name": "tag:aws:autoscaling:groupName", "Values": [group]},
        {"Name": "instance-state-name", "Values": _LIVING},
    ]
    with aws_errors("ec2", f"instances of Auto Scaling group {group}"):
        found = read_all(client("ec2"), "describe_instances", "Reservations", Filters=filters)
        return tuple(
            sorted(
                (
                    StageInstance(
                        id=str(one["InstanceId"]),
                        zone=str(one["Placement"]["AvailabilityZone"]),
                        type=str(one["InstanceType"]),
                        ami_id=str(one["ImageId"]),
                    )
                    for reservation in found
                    for one in reservation["Instances"]
                ),
                key=lambda one: (one.zone, one.id),
            )
        )
