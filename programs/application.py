"""One service of the file with everything that is its own: image store, log group, roles, tasks, scaling, alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from programs.alarms import ServiceAlarms
from programs.exposure import open_tasks
from programs.hosting import network_mode
from programs.iam import ServiceRoles
from programs.logs import service_log_group
from programs.release_task import released_revision
from programs.routing import route_url
from programs.scaling import ServiceScaling, request_label
from programs.service import ecs_service, task_security_group
from programs.task_definition import task_definition
from tinystacks.naming import log_group_name, logical_name

if TYPE_CHECKING:
    from programs.registry import Registry
    from programs.service import ServicePlace
    from programs.settings import ProgramSettings
    from tinystacks.spec.model import StageSpec

UNPUSHED = "unpushed"
"""Tag of an image that is not there yet: only a plan, or the first update that makes nothing but repositories."""


class Application(pulumi.ComponentResource):
    """Everything of one service.

    Args:
        stage: the stage.
        name: name of the service.
        place: what the service is put into.
        registry: its repository when it is built.
        exec_log_group_arn: ARN of the log group for shell sessions.
        settings: images and how to wait.
    """

    def __init__(
        self,
        stage: StageSpec,
        name: str,
        *,
        place: ServicePlace,
        registry: Registry | None,
        exec_log_group_arn: pulumi.Output[str],
        settings: ProgramSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tinystacks:aws:Application", logical_name(stage.stack, name), None, opts)
        child = pulumi.ResourceOptions(parent=self)
        spec = stage.services[name]
        image = self._image(settings.images.get(name) or spec.image, registry)
        sidecar_images = {
            sidecar: settings.images.get(f"{name}/{sidecar}", given.image) for sidecar, given in spec.sidecars.items()
        }
        logs = service_log_group(
            stage.stack,
            name,
            name=log_group_name(stage.stack, stage.stage, name),
            spec=spec.logs,
            opts=child,
        )
        references = [settings.images.get(name) or spec.image or "", *sidecar_images.values()]
        roles = ServiceRoles(
            stage.stack,
            name,
            spec,
            images=references,
            repository_arn=None if registry is None else registry.arn,
            log_group_arn=logs.arn,
            exec_log_group_arn=exec_log_group_arn,
            settings=settings,
            opts=child,
        )
        definition = task_definition(
            stage,
            name,
            image=image,
            sidecar_images=sidecar_images,
            log_group=logs.name,
            region=settings.region,
            roles=roles,
            opts=child,
        )
        awsvpc = network_mode(stage, spec) == "awsvpc"
        group = task_security_group(stage, name, network=place.network, opts=child) if awsvpc else None
        reached = place.load_balancer if spec.port is not None else None
        rules = (
            []
            if group is None or reached is None
            else open_tasks(stage, name, balancer=reached, group_id=group.id, opts=child)
        )
        revision = released_revision(
            stage,
            name,
            place=place,
            definition=definition,
            security_group_id=None if group is None else group.id,
            log_group=logs.name,
            depends_on=roles.policies,
            settings=settings,
        )
        service = ecs_service(
            stage,
            name,
            place=place,
            task_definition=revision,
            security_group_id=None if group is None else group.id,
            depends_on=[*roles.policies, *rules, logs],
            settings=settings,
            opts=child,
        )
        policies: list[pulumi.Output[str]] = []
        if spec.tasks.autoscaling:
            label = (
                None
                if reached is None
                else pulumi.Output.all(reached.balancer.arn_suffix, reached.target_groups[name].arn_suffix).apply(
                    lambda suffixes: request_label(*suffixes)
                )
            )
            scaling = ServiceScaling(
                stage.stack,
                name,
                spec.tasks,
                service=service,
                cluster_name=place.cluster.name,
                request_label=label,
                opts=child,
            )
            policies.extend(scaling.policy_names)
        if stage.alarms.enabled:
            ServiceAlarms(
                stage,
                name,
                cluster_name=place.cluster.name,
                service_name=service.name,
                load_balancer=reached,
                opts=child,
            )
        self.outputs: dict[str, Any] = {
            "name": name,
            "service_name": service.name,
            "service_arn": service.arn,
            "task_definition_arn": definition.arn,
            "container_name": name,
            "log_group": logs.name,
            "image": image,
            "url": "" if reached is None else reached.url.apply(lambda url: route_url(url, spec.route)),
            "target_group_arn": "" if reached is None else reached.target_groups[name].arn,
            "scaling_policies": policies,
            "task_role_arn": roles.task_role_arn,
            "execution_role_arn": roles.execution_role_arn,
        }
        self.register_outputs({"service": service.arn})

    @staticmethod
    def _image(known: str | None, registry: Registry | None) -> pulumi.Input[str]:
        if known is not None:
            return known
        assert registry is not None, "a service has an image or is built"
        return pulumi.Output.concat(registry.url, ":", UNPUSHED)
