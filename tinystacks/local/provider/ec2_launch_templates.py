"""`aws:ec2/launchTemplate:LaunchTemplate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tinystacks.local.provider.api_errors import ignoring
from tinystacks.local.provider.api_shapes import (
    Member,
    block,
    blocks,
    entries,
    known_form,
    renamed,
    shape,
    truth_as_text,
)
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.ec2_tags import arn, specification, tag_list, tag_map, update_tags

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs

TOKEN = "aws:ec2/launchTemplate:LaunchTemplate"  # noqa: S105 - a type token, no secret

GONE_CODES = (
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.NotFoundException",
    "InvalidLaunchTemplateName.NotFoundException",
)

RANGE = shape(f"{TOKEN}.instanceRequirements.range", "min", "max")

LAUNCH_DATA = shape(
    TOKEN,
    "imageId",
    "instanceType",
    "keyName",
    "userData",
    "disableApiStop",
    "disableApiTermination",
    "instanceInitiatedShutdownBehavior",
    "kernelId",
    "ramDiskId",
    renamed("vpcSecurityGroupIds", "SecurityGroupIds"),
    renamed("securityGroupNames", "SecurityGroups"),
    truth_as_text("ebsOptimized"),
    block("iamInstanceProfile", shape(f"{TOKEN}.iamInstanceProfile", "arn", "name")),
    blocks(
        "blockDeviceMappings",
        shape(
            f"{TOKEN}.blockDeviceMappings",
            "deviceName",
            "noDevice",
            "virtualName",
            block(
                "ebs",
                shape(
                    f"{TOKEN}.blockDeviceMappings.ebs",
                    truth_as_text("deleteOnTermination"),
                    truth_as_text("encrypted"),
                    "iops",
                    "kmsKeyId",
                    "snapshotId",
                    "throughput",
                    "volumeInitializationRate",
                    "volumeSize",
                    "volumeType",
                ),
            ),
        ),
    ),
    block(
        "metadataOptions",
        shape(
            f"{TOKEN}.metadataOptions",
            "httpEndpoint",
            "httpTokens",
            "httpPutResponseHopLimit",
            "httpProtocolIpv6",
            "instanceMetadataTags",
        ),
    ),
    block("monitoring", shape(f"{TOKEN}.monitoring", "enabled")),
    blocks(
        "networkInterfaces",
        shape(
            f"{TOKEN}.networkInterfaces",
            truth_as_text("associatePublicIpAddress"),
            truth_as_text("deleteOnTermination"),
            truth_as_text("primaryIpv6"),
            renamed("securityGroups", "Groups"),
            renamed("ipv4AddressCount", "SecondaryPrivateIpAddressCount"),
            "ipv6AddressCount",
            "deviceIndex",
            "networkCardIndex",
            "subnetId",
            "privateIpAddress",
            "interfaceType",
            "networkInterfaceId",
            "description",
        ),
    ),
    blocks(
        "tagSpecifications",
        shape(
            f"{TOKEN}.tagSpecifications",
            "resourceType",
            Member(name="tags", api="Tags", encode=tag_list, decode=tag_map),
        ),
    ),
    block(
        "instanceMarketOptions",
        shape(
            f"{TOKEN}.instanceMarketOptions",
            "marketType",
            block(
                "spotOptions",
                shape(
                    f"{TOKEN}.instanceMarketOptions.spotOptions",
                    "maxPrice",
                    "spotInstanceType",
                    "instanceInterruptionBehavior",
                    "blockDurationMinutes",
                    "validUntil",
                ),
            ),
        ),
    ),
    block("creditSpecification", shape(f"{TOKEN}.creditSpecification", "cpuCredits")),
    block("cpuOptions", shape(f"{TOKEN}.cpuOptions", "coreCount", "threadsPerCore", "amdSevSnp")),
    block(
        "placement",
        shape(
            f"{TOKEN}.placement",
            "availabilityZone",
            "groupName",
            "tenancy",
            "hostId",
            "partitionNumber",
            "affinity",
            "spreadDomain",
        ),
    ),
    block("enclaveOptions", shape(f"{TOKEN}.enclaveOptions", "enabled")),
    block("hibernationOptions", shape(f"{TOKEN}.hibernationOptions", "configured")),
    block("maintenanceOptions", shape(f"{TOKEN}.maintenanceOptions", "autoRecovery")),
    block(
        "privateDnsNameOptions",
        shape(
            f"{TOKEN}.privateDnsNameOptions",
            "hostnameType",
            "enableResourceNameDnsARecord",
            renamed("enableResourceNameDnsAaaaRecord", "EnableResourceNameDnsAAAARecord"),
        ),
    ),
    block(
        "instanceRequirements",
        shape(
            f"{TOKEN}.instanceRequirements",
            block("memoryMib", RANGE, "MemoryMiB"),
            block("vcpuCount", RANGE, "VCpuCount"),
        ),
    ),
)  # fmt: skip
"""The data of a version (EC2 API reference, RequestLaunchTemplateData)."""

TEMPLATE_INPUTS = frozenset({"name", "namePrefix", "description", "defaultVersion", "updateDefaultVersion"})
"""What belongs to the template or the version, not to the launch data."""

OUTPUTS = frozenset({"arn", "latestVersion"})
UNORDERED = frozenset({"vpcSecurityGroupIds", "securityGroupNames", "networkInterfaces.securityGroups"})


class LaunchTemplateHandler:
    """A launch template; every change of its data makes a version, and the latest one is read."""

    token: ClassVar[str] = TOKEN

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateLaunchTemplate: version 1, which is also the default one."""
        answer: dict[str, Any] = call.clients("ec2").create_launch_template(
            LaunchTemplateName=inputs["name"],
            LaunchTemplateData=launch_data(inputs),
            TagSpecifications=specification("launch-template", inputs),
            **({"VersionDescription": inputs["description"]} if inputs.get("description") else {}),
        )
        return answer["LaunchTemplate"]["LaunchTemplateId"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The template with the data of its latest version, not of its default one."""
        ec2 = call.clients("ec2")
        template = one_or_none(
            lambda: ec2.describe_launch_templates(LaunchTemplateIds=[resource_id])["LaunchTemplates"],
            *GONE_CODES,
        )
        if template is None:
            return None
        latest: int = template["LatestVersionNumber"]
        version: dict[str, Any] = ec2.describe_launch_template_versions(
            LaunchTemplateId=resource_id,
            Versions=[str(latest)],
        )["LaunchTemplateVersions"][0]
        answer: Inputs = {
            **LAUNCH_DATA.from_api(version["LaunchTemplateData"]),
            "arn": arn(call, "launch-template", resource_id),
            "name": template["LaunchTemplateName"],
            "description": version.get("VersionDescription"),
            "defaultVersion": template["DefaultVersionNumber"],
            "latestVersion": latest,
            "tagsAll": tag_map(
                # Not the template's own Tags: emulators leave those as they were at its creation.
                ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [resource_id]}])["Tags"],
            ),
        }
        answer["tagSpecifications"] = [
            entry
            for entry in entries(answer, "tagSpecifications")
            # The template's own tags are not launch data; emulators put them there.
            if entry.get("resourceType") != "launch-template"
        ]
        return known_form(answer, state, unordered=UNORDERED)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; a version for changed data; then which version is the default one."""
        ec2 = call.clients("ec2")
        update_tags(call, resource_id, old, new)
        latest: int | None = None
        data_names = {member.name for member in LAUNCH_DATA.members} | {"description"}
        if changed & data_names:
            version: dict[str, Any] = ec2.create_launch_template_version(
                LaunchTemplateId=resource_id,
                LaunchTemplateData=launch_data(new),
                **({"VersionDescription": new["description"]} if new.get("description") else {}),
            )
            latest = version["LaunchTemplateVersion"]["VersionNumber"]
        if new.get("updateDefaultVersion"):
            default = str(latest or old["latestVersion"])
            ec2.modify_launch_template(LaunchTemplateId=resource_id, DefaultVersion=default)
        elif "defaultVersion" in changed and new.get("defaultVersion"):
            ec2.modify_launch_template(LaunchTemplateId=resource_id, DefaultVersion=str(int(new["defaultVersion"])))

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteLaunchTemplate; a template that is gone is done."""
        del state
        with ignoring(*GONE_CODES):
            call.clients("ec2").delete_launch_template(LaunchTemplateId=resource_id)


def launch_data(inputs: Inputs) -> dict[str, Any]:
    """`RequestLaunchTemplateData` of these inputs.

    User data is always sent, empty when absent; a credit specification goes only with a burstable instance type, whose
    families start with `t` (EC2 user guide, burstable performance instances).
    """
    data = {"UserData": "", **LAUNCH_DATA.to_api(inputs, others=TEMPLATE_INPUTS | OUTPUTS)}
    if not str(inputs.get("instanceType") or "").startswith("t"):
        data.pop("CreditSpecification", None)
    return data
