"""Where tasks find room on EC2: container instances in an Auto Scaling group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from programs.hosting import ami_parameter
from programs.iam import InstanceRole
from programs.instance_scaling import scale_by_cpu
from programs.sdk import aws
from programs.strategy import DELETE_TIMEOUT
from programs.user_data import encoded_user_data
from tinystacks.naming import logical_name, resource_tags
from tinystacks.spec.compute import CpuScalingSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from programs.network import Network
    from programs.settings import ProgramSettings
    from tinystacks.spec.compute import ComputeSpec
    from tinystacks.spec.model import StageSpec

ROOT_DEVICE = "/dev/xvda"
"""Root volume of the ECS-optimized Amazon Linux 2023 image (ECS developer guide, "Storage configuration")."""
MANAGED_TAG = "AmazonECSManaged"
"""Tag that ECS puts on a group it scales; declared here, or the next update would take it away (trap D6)."""
REFRESH_HEALTHY_PERCENT = (100, 110)
"""An instance refresh starts the new instance before it drains the old one (trap F4)."""


class InstanceCapacity(pulumi.ComponentResource):
    """Launch template, Auto Scaling group and its capacity provider.

    Args:
        stage: the stage.
        cluster: the cluster to join.
        network: where the instances stand.
        settings: machine image, account and region.
    """

    def __init__(
        self,
        stage: StageSpec,
        *,
        cluster: aws.ecs.Cluster,
        network: Network,
        settings: ProgramSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tinystacks:aws:InstanceCapacity", logical_name("capacity", stage.stack), None, opts)
        self._stage = stage
        self._child = pulumi.ResourceOptions(parent=self)
        self.ami_id: pulumi.Output[str] = self._ami(stage.compute, settings)
        self.role = InstanceRole(stage.stack, cluster=cluster, settings=settings, opts=self._child)
        group = aws.ec2.SecurityGroup(
            logical_name("instances", stage.stack),
            # Never changed: a new text would replace a group that interfaces hold (trap G4).
            description="tinystacks container instances",
            vpc_id=network.vpc_id,
            opts=self._child,
        )
        self.security_group_id: pulumi.Output[str] = group.id
        way_out = _allow_out(logical_name(stage.stack, "instances-out"), group.id, self._child)
        template = self._launch_template(cluster, group)
        # The group needs the cluster's name (through its template), so it is deleted before the cluster (trap C3); and
        # it outlives nothing that its instances need to leave the cluster in order: role, routes, way out.
        self.group = self._auto_scaling_group(template, network, [network, *self.role.policies, *way_out])
        self.provider = self._capacity_provider(self.group)
        if isinstance(stage.compute.scaling, CpuScalingSpec):
            scale_by_cpu(stage, stage.compute.scaling, group=self.group, opts=self._child)
        self.register_outputs({"group": self.group.name, "provider": self.provider.name})

    def _ami(self, compute: ComputeSpec, settings: ProgramSettings) -> pulumi.Output[str]:
        """Give the pinned image; a look-up at each update would roll every instance on a new image (trap F1)."""
        pinned = compute.ami or settings.ami_id
        if pinned is not None:
            return pulumi.Output.from_input(pinned)
        found = aws.ssm.get_parameter_output(name=ami_parameter(compute), opts=pulumi.InvokeOutputOptions(parent=self))
        # A public parameter; the provider marks every parameter's value as secret.
        return pulumi.Output.unsecret(found.value)

    def _launch_template(self, cluster: aws.ecs.Cluster, group: aws.ec2.SecurityGroup) -> aws.ec2.LaunchTemplate:
        stage, compute = self._stage, self._stage.compute
        tags = self._tags()
        return aws.ec2.LaunchTemplate(
            logical_name(stage.stack, "instances"),
            image_id=self.ami_id,
            instance_type=compute.instance_types[0],
            update_default_version=True,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=self.role.profile_arn),
            vpc_security_group_ids=[group.id],
            # No network interfaces here, so that no template hands out public addresses (EC2.25): the subnet decides.
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=compute.imds_hop_limit,
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=ROOT_DEVICE,
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=compute.root_volume_gib,
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=compute.detailed_monitoring),
            user_data=cluster.name.apply(lambda name: encoded_user_data(cluster=name, spot=compute.spot is not None)),
            # The provider's default tags reach neither instances nor their volumes.
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
                for kind in ("instance", "volume", "network-interface")
            ],
            opts=self._child,
        )

    def _auto_scaling_group(
        self, template: aws.ec2.LaunchTemplate, network: Network, depends_on: Sequence[pulumi.Resource]
    ) -> aws.autoscaling.Group:
        compute = self._stage.compute
        mixed = compute.spot is not None or len(compute.instance_types) > 1
        # `$Latest` never changes and so would never start a refresh (trap F3).
        version = template.latest_version.apply(str)
        minimum, maximum = REFRESH_HEALTHY_PERCENT
        tags = {**self._tags(), MANAGED_TAG: "true"}
        return aws.autoscaling.Group(
            logical_name(self._stage.stack, "instances"),
            min_size=compute.instances.min,
            max_size=compute.instances.max,
            vpc_zone_identifiers=network.task_subnet_ids,
            launch_template=None if mixed else aws.autoscaling.GroupLaunchTemplateArgs(id=template.id, version=version),
            mixed_instances_policy=_mixed_instances(compute, template.id, version) if mixed else None,
            health_check_type="EC2",
            # Tasks, not the group, decide when capacity is there; waiting here only delays the capacity provider (D5).
            wait_for_capacity_timeout="0",
            capacity_rebalance=True if compute.spot is not None else None,
            protect_from_scale_in=compute.termination_protection,
            # Deletes instances that are protected or still draining too (trap C1).
            force_delete=True,
            instance_refresh=aws.autoscaling.GroupInstanceRefreshArgs(
                strategy="Rolling",
                preferences=aws.autoscaling.GroupInstanceRefreshPreferencesArgs(
                    min_healthy_percentage=minimum,
                    max_healthy_percentage=maximum,
                    instance_warmup=str(compute.instance_warmup),
                    skip_matching=True,
                    # Protected instances would be skipped and keep the old image (trap F2).
                    scale_in_protected_instances="Refresh",
                ),
            ),
            # Default tags do not reach groups either.
            tags=[
                aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=True)
                for key, value in sorted(tags.items())
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(depends_on),
                # ECS (or the CPU alarms) owns the number of instances (trap D2).
                ignore_changes=["desiredCapacity"],
                custom_timeouts=pulumi.CustomTimeouts(delete=DELETE_TIMEOUT),
            ),
        )

    def _capacity_provider(self, group: aws.autoscaling.Group) -> aws.ecs.CapacityProvider:
        compute = self._stage.compute
        managed = compute.scaling == "managed"
        return aws.ecs.CapacityProvider(
            # Names beginning with aws, ecs or fargate are refused, so the stack's name does not come first (D19).
            logical_name("capacity", self._stage.stack),
            auto_scaling_group_provider=aws.ecs.CapacityProviderAutoScalingGroupProviderArgs(
                auto_scaling_group_arn=group.arn,
                managed_draining="ENABLED",
                # Only together with managed scaling and the group's own protection (trap D12).
                managed_termination_protection="ENABLED" if compute.termination_protection and managed else "DISABLED",
                managed_scaling=aws.ecs.CapacityProviderAutoScalingGroupProviderManagedScalingArgs(
                    status="ENABLED" if managed else "DISABLED",
                    target_capacity=compute.target_capacity,
                    # Left out, the provider would send 0.
                    instance_warmup_period=compute.instance_warmup,
                    minimum_scaling_step_size=1,
                    maximum_scaling_step_size=10000,
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=pulumi.CustomTimeouts(delete=DELETE_TIMEOUT)),
        )

    def _tags(self) -> dict[str, str]:
        stage = self._stage
        return {**stage.tags, **resource_tags(stage.stack, stage.stage), "Name": stage.full_name}


def _allow_out(name: str, group_id: pulumi.Output[str], opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """Let a group reach everything: images, AWS's APIs and whatever the services call."""
    return [
        aws.vpc.SecurityGroupEgressRule(
            name, security_group_id=group_id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0", opts=opts
        )
    ]


def _mixed_instances(
    compute: ComputeSpec, template_id: pulumi.Output[str], version: pulumi.Output[str]
) -> aws.autoscaling.GroupMixedInstancesPolicyArgs:
    spot = compute.spot
    return aws.autoscaling.GroupMixedInstancesPolicyArgs(
        launch_template=aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs(
            launch_template_specification=aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs(
                launch_template_id=template_id, version=version
            ),
            # No weights: ECS managed scaling counts instances (ECS developer guide, "Cluster auto scaling").
            overrides=[
                aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs(instance_type=kind)
                for kind in compute.instance_types
            ],
        ),
        instances_distribution=aws.autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs(
            on_demand_allocation_strategy="prioritized",
            on_demand_base_capacity=0 if spot is None else spot.on_demand_base,
            on_demand_percentage_above_base_capacity=100 if spot is None else spot.on_demand_percentage,
            spot_allocation_strategy="price-capacity-optimized",
        ),
    )
