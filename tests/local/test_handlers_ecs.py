"""ECS and its scaling by the local provider, through boto3 against the whole local AWS."""

from __future__ import annotations

import json

import pytest

from tests.fakes.local_stage import LocalStage, eventually
from tests.fakes.provider_harness import ProviderHarness
from tinystacks.errors import LocalAwsError
from tinystacks.local.process import LocalAws
from tinystacks.local.provider.appautoscaling import PolicyHandler, ScheduledActionHandler, TargetHandler
from tinystacks.local.provider.ecs_capacity_providers import CapacityProviderHandler
from tinystacks.local.provider.ecs_clusters import ClusterCapacityProvidersHandler, ClusterHandler
from tinystacks.local.provider.ecs_container_definitions import text_of
from tinystacks.local.provider.ecs_service_shapes import name_or_arn_form, task_definition_form
from tinystacks.local.provider.ecs_services import ServiceHandler
from tinystacks.local.provider.ecs_task_definitions import TaskDefinitionHandler
from tinystacks.local.provider.handler import CreatedButFailedError
from tinystacks.local.target import LocalTarget


@pytest.fixture(scope="module")
def harness(tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    status = local.start(runtime="simulated", speed=60)
    target = LocalTarget(status, "us-east-1")
    harness = ProviderHarness(status.endpoint_url, timeout_seconds=60.0)
    for service in ("ecs", "ec2", "elbv2", "autoscaling", "application-autoscaling", "ssm", "logs"):
        harness.clients[service] = target.client(service)
    yield harness
    local.stop()


@pytest.fixture(scope="module")
def stage(harness):
    """Two instances in a cluster `shop`, and a load balancer, made by plain calls."""
    made = LocalStage(client=harness.client)
    made.make_network()
    made.make_instances()
    made.make_endpoint()
    return made


def containers(**more):
    return json.dumps(
        [
            {
                "name": "web",
                "image": "example/web:1",
                "cpu": 128,
                "memory": 128,
                "essential": True,
                "portMappings": [{"containerPort": 8080, "hostPort": 0, "protocol": "tcp"}],
                "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
                "secrets": [],
                "unknownToEcs": None,
                **more,
            },
        ],
    )


def definition(family, **more):
    return {
        "family": family,
        "containerDefinitions": containers(),
        "networkMode": "bridge",
        "requiresCompatibilities": ["EC2"],
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "skipDestroy": True,
        "trackLatest": False,
        "tagsAll": {"tinystacks:service": "web"},
        **more,
    }


def service(stage, name, task_definition, **more):
    return {
        "name": name,
        "cluster": stage.name,
        "taskDefinition": task_definition,
        "desiredCount": 2,
        "schedulingStrategy": "REPLICA",
        "availabilityZoneRebalancing": "DISABLED",
        "capacityProviderStrategies": [{"capacityProvider": "shop-capacity", "base": 1, "weight": 1}],
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "deploymentMaximumPercent": 200,
        "deploymentMinimumHealthyPercent": 100,
        "enableEcsManagedTags": True,
        "enableExecuteCommand": True,
        "propagateTags": "SERVICE",
        "forceNewDeployment": False,
        "orderedPlacementStrategies": [
            {"type": "spread", "field": "attribute:ecs.availability-zone"},
            {"type": "binpack", "field": "memory"},
        ],
        "waitForSteadyState": True,
        "tagsAll": {"tinystacks:service": "web"},
        **more,
    }


def test_cluster_life(harness):
    inputs = {
        "name": "alone",
        "settings": [{"name": "containerInsights", "value": "enabled"}],
        "configuration": {
            "executeCommandConfiguration": {
                "logging": "OVERRIDE",
                "logConfiguration": {"cloudWatchLogGroupName": "/shop/exec", "cloudWatchEncryptionEnabled": False},
            }
        },
        "tagsAll": {"tinystacks:stack": "shop"},
    }
    made = harness.create(ClusterHandler(), inputs)
    assert made.id == "arn:aws:ecs:us-east-1:123456789012:cluster/alone"
    harness.client("ecs").update_cluster_settings(
        cluster="alone", settings=[{"name": "containerInsights", "value": "disabled"}]
    )
    assert harness.read(made)["settings"] == [{"name": "containerInsights", "value": "disabled"}]
    made.state = harness.read(made)
    harness.update(made, {**inputs, "tagsAll": {"other": "tag"}})
    assert harness.imported(ClusterHandler(), "alone")["name"] == "alone"
    harness.delete(made)


def test_capacity_provider_and_its_association(harness, stage):
    asg = harness.client("autoscaling")
    asg.create_auto_scaling_group(
        AutoScalingGroupName="second",
        MinSize=0,
        MaxSize=2,
        VPCZoneIdentifier=",".join(stage.subnets),
        LaunchTemplate={"LaunchTemplateId": stage.made["template"], "Version": "1"},
        NewInstancesProtectedFromScaleIn=True,
    )
    group = asg.describe_auto_scaling_groups(AutoScalingGroupNames=["second"])["AutoScalingGroups"][0]
    inputs = {
        "name": "second",
        "autoScalingGroupProvider": {
            "autoScalingGroupArn": group["AutoScalingGroupARN"],
            "managedDraining": "ENABLED",
            "managedTerminationProtection": "ENABLED",
            "managedScaling": {
                "status": "ENABLED",
                "targetCapacity": 90,
                "minimumScalingStepSize": 1,
                "maximumScalingStepSize": 10,
                "instanceWarmupPeriod": 60,
            },
        },
        "tagsAll": {"a": "b"},
    }
    provider = harness.create(CapacityProviderHandler(), inputs)
    cluster = harness.create(ClusterHandler(), {"name": "second", "tagsAll": {}})
    association = harness.create(
        ClusterCapacityProvidersHandler(),
        {
            "clusterName": "second",
            "capacityProviders": ["second"],
            "defaultCapacityProviderStrategies": [{"capacityProvider": "second", "weight": 1, "base": 0}],
        },
    )
    block = provider.state["autoScalingGroupProvider"]
    changed = {**block, "managedScaling": {**block["managedScaling"], "targetCapacity": 100}}
    harness.update(provider, {**inputs, "autoScalingGroupProvider": changed})
    assert harness.imported(CapacityProviderHandler(), provider.id)["name"] == "second"
    assert harness.imported(ClusterCapacityProvidersHandler(), "second")["capacityProviders"] == ["second"]
    ClusterCapacityProvidersHandler().delete(harness.call(), association.id, association.state)
    assert harness.read(association).get("capacityProviders", []) == []
    harness.delete(provider)
    harness.delete(cluster)


def test_capacity_provider_plan_and_replacement(harness):
    handler = CapacityProviderHandler()
    both = {"autoScalingGroupProvider": {"autoScalingGroupArn": "a"}, "cluster": "c"}
    assert [error.property for error in handler.plan(harness.call(), None, both)] == ["cluster"]
    assert handler.replace_keys({"autoScalingGroupProvider": {"a": 1}}, {"managedInstancesProvider": {"b": 1}}) == {
        "autoScalingGroupProvider",
        "managedInstancesProvider",
    }


def test_b11_task_definition_text_comes_back_as_given(harness):
    made = harness.create(TaskDefinitionHandler(), definition("texts"))
    assert made.id == "texts"
    assert made.state["revision"] == 1
    assert made.state["arn"] == f"{made.state['arnWithoutRevision']}:1"
    harness.update(made, definition("texts", tagsAll={"other": "tag"}))
    assert harness.imported(TaskDefinitionHandler(), made.state["arn"])["revision"] == 1


def test_b3_task_definition_is_kept_or_deregistered(harness):
    kept = harness.create(TaskDefinitionHandler(), definition("kept"))
    TaskDefinitionHandler().delete(harness.call(), kept.id, kept.state)
    assert harness.read(kept) is not None
    gone = harness.create(TaskDefinitionHandler(), definition("gone", skipDestroy=False))
    harness.delete(gone)


def test_fargate_task_definition_with_volumes(harness):
    given = definition(
        "fargate",
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        executionRoleArn="arn:aws:iam::123456789012:role/x",
        containerDefinitions=containers(portMappings=[{"containerPort": 8080}], cpu=0),
        ephemeralStorage={"sizeInGib": 30},
        volumes=[{"name": "scratch"}],
    )
    harness.create(TaskDefinitionHandler(), given)


def test_older_revision_is_not_imported_silently(harness):
    first = harness.create(TaskDefinitionHandler(), definition("twice"))
    harness.create(TaskDefinitionHandler(), definition("twice"))
    with pytest.raises(LocalAwsError, match="newest active revision"):
        harness.imported(TaskDefinitionHandler(), first.state["arn"])


def test_container_definitions_that_are_no_list_are_refused(harness):
    with pytest.raises(LocalAwsError, match="not a JSON array"):
        TaskDefinitionHandler().create(harness.call(), definition("odd", containerDefinitions="{}"))


def test_task_definition_text_that_differs_is_the_apis():
    api = [{"name": "b", "image": "two", "environment": []}, {"name": "a", "image": "one"}]
    assert text_of(api, '[{"name":"a","image":"other"}]', "bridge") == (
        '[{"image":"one","name":"a"},{"image":"two","name":"b"}]'
    )


def test_service_life(harness, stage):
    first = harness.create(TaskDefinitionHandler(), definition("life"))
    inputs = service(
        stage,
        "life",
        first.state["arn"],
        loadBalancers=[{"containerName": "web", "containerPort": 8080, "targetGroupArn": stage.made["target_group"]}],
        healthCheckGracePeriodSeconds=30,
    )
    made = harness.create(ServiceHandler(), inputs)
    assert made.id == "arn:aws:ecs:us-east-1:123456789012:service/shop/life"
    described = harness.client("ecs").describe_services(cluster="shop", services=["life"])["services"][0]
    assert described["runningCount"] == 2, "the steady state was waited for"
    harness.client("ecs").update_service(cluster="shop", service="life", desiredCount=3)
    assert harness.read(made)["desiredCount"] == 3, "a count moved by scaling shows"
    made.state = harness.read(made)
    second = harness.create(TaskDefinitionHandler(), definition("life", containerDefinitions=containers(memory=64)))
    changed = {**inputs, "desiredCount": 3, "taskDefinition": second.state["arn"], "tagsAll": {"other": "tag"}}
    harness.update(made, changed)
    described = harness.client("ecs").describe_services(cluster="shop", services=["life"])["services"][0]
    assert described["deployments"][0]["rolloutState"] == "COMPLETED"
    harness.update(made, {**changed, "orderedPlacementStrategies": [], "propagateTags": "NONE"})
    imported = harness.imported(ServiceHandler(), "shop/life")
    assert imported["taskDefinition"] == "life:2"
    assert imported["cluster"].endswith(":cluster/shop")
    harness.delete(made)


def test_pause_hooks_of_a_service(harness, stage):
    hook = {
        "targetType": "PAUSE",
        "lifecycleStages": ["PRE_SCALE_UP"],
        "timeoutConfiguration": {"action": "CONTINUE", "timeoutInMinutes": "20160"},
    }
    first = harness.create(TaskDefinitionHandler(), definition("paused"))
    configuration = {"strategy": "ROLLING", "lifecycleHooks": [hook]}
    inputs = service(stage, "paused", first.state["arn"], deploymentConfiguration=configuration)
    made = harness.create(ServiceHandler(), {**inputs, "waitForSteadyState": False})
    assert harness.read(made)["deploymentConfiguration"]["lifecycleHooks"] == [hook]
    ecs = harness.client("ecs")
    arn = ecs.describe_services(cluster="shop", services=["paused"])["services"][0]["currentServiceDeployment"]

    def hooks():
        return ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0].get(
            "lifecycleHookDetails"
        )

    eventually(hooks, what="the deployment is paused")
    ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hooks()[0]["hookId"])
    made.state = harness.read(made)
    harness.update(made, {**inputs, "deploymentConfiguration": {"strategy": "ROLLING"}, "propagateTags": "NONE"})
    described = ecs.describe_services(cluster="shop", services=["paused"])["services"][0]
    assert described["runningCount"] == 2
    harness.delete(made)


def test_b1_a_rollback_is_an_error_and_the_service_stays_in_the_state(harness, stage):
    good = harness.create(TaskDefinitionHandler(), definition("bad"))
    made = harness.create(ServiceHandler(), service(stage, "bad", good.state["arn"], desiredCount=1))
    broken = containers(environment=[{"name": "TINYSTACKS_SIMULATE", "value": "crash"}])
    bad = harness.create(TaskDefinitionHandler(), definition("bad", containerDefinitions=broken))
    new = service(stage, "bad", bad.state["arn"], desiredCount=1)
    with pytest.raises(LocalAwsError, match="ROLLBACK_SUCCESSFUL"):
        ServiceHandler().update(harness.call(), made.id, made.state, new, frozenset({"taskDefinition"}))
    assert harness.read(made)["taskDefinition"] == good.state["arn"]
    made.state["forceDelete"] = True
    harness.delete(made)


def test_first_deployment_that_fails_leaves_the_service_in_the_state(harness, stage):
    broken = containers(environment=[{"name": "TINYSTACKS_SIMULATE", "value": "crash"}])
    bad = harness.create(TaskDefinitionHandler(), definition("stillborn", containerDefinitions=broken))
    given = service(stage, "stillborn", bad.state["arn"], desiredCount=1)
    with pytest.raises(CreatedButFailedError) as raised:
        ServiceHandler().create(harness.call(), given)
    assert raised.value.resource_id.endswith(":service/shop/stillborn")
    ServiceHandler().delete(harness.call(), raised.value.resource_id, given)


def test_b13_service_waits_for_a_listener_that_is_younger(harness, stage):
    elb = harness.client("elbv2")
    group = elb.create_target_group(Name="late", Protocol="HTTP", Port=80, VpcId=stage.made["vpc"], HealthCheckPath="/")
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    task = harness.create(TaskDefinitionHandler(), definition("late"))
    balancers = [{"containerName": "web", "containerPort": 8080, "targetGroupArn": arn}]
    given = service(stage, "late", task.state["arn"], loadBalancers=balancers, desiredCount=1)
    impatient = ProviderHarness(harness.endpoint_url, timeout_seconds=0.3, clients=harness.clients)
    with pytest.raises(Exception, match="does not have an associated load balancer"):
        ServiceHandler().create(impatient.call(), given)
    elb.create_listener(
        LoadBalancerArn=stage.made["balancer"], Protocol="HTTP", Port=81,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )  # fmt: skip
    made = harness.create(ServiceHandler(), given)
    harness.delete(made)


def test_changed_strategy_without_forced_deployment_is_a_plan_error(harness):
    old = {"capacityProviderStrategies": [{"capacityProvider": "a", "weight": 1, "base": 0}]}
    plan = ServiceHandler().plan
    assert plan(harness.call(), old, {"capacityProviderStrategies": [{"capacityProvider": "a", "weight": 1}]}) == []
    other = {"capacityProviderStrategies": [{"capacityProvider": "b", "weight": 1}]}
    assert [error.property for error in plan(harness.call(), old, other)] == ["capacityProviderStrategies"]
    assert plan(harness.call(), old, {**other, "forceNewDeployment": True}) == []
    assert plan(harness.call(), None, other) == []


def test_d9_scalable_target_policy_and_schedule(harness, stage):
    task = harness.create(TaskDefinitionHandler(), definition("scaled"))
    scaled = harness.create(ServiceHandler(), service(stage, "scaled", task.state["arn"], desiredCount=1))
    key = {
        "serviceNamespace": "ecs",
        "resourceId": "service/shop/scaled",
        "scalableDimension": "ecs:service:DesiredCount",
    }
    bounds = {**key, "minCapacity": 1, "maxCapacity": 4, "tagsAll": {"a": "b"}}
    target = harness.create(TargetHandler(), bounds)
    assert target.id == "service/shop/scaled"
    harness.update(target, {**bounds, "maxCapacity": 5, "tagsAll": {"a": "c"}})
    imported = harness.imported(TargetHandler(), "ecs/service/shop/scaled/ecs:service:DesiredCount")
    assert imported["maxCapacity"] == 5

    tracking = {
        **key,
        "name": "cpu",
        "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": {
            "targetValue": 75,
            "disableScaleIn": False,
            "scaleInCooldown": 300,
            "scaleOutCooldown": 60,
            "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
        },
    }
    policy = harness.create(PolicyHandler(), tracking)
    assert policy.state["alarmArns"]
    configuration = {**policy.state["targetTrackingScalingPolicyConfiguration"], "targetValue": 62.5}
    harness.update(policy, {**tracking, "targetTrackingScalingPolicyConfiguration": configuration})
    path = "ecs/service/shop/scaled/ecs:service:DesiredCount/cpu"
    assert harness.imported(PolicyHandler(), path)["policyType"] == "TargetTrackingScaling"

    action = {
        **key,
        "name": "night",
        "schedule": "cron(0 22 * * ? *)",
        "timezone": "Europe/Berlin",
        "startTime": "2040-01-01T01:00:00+01:00",
        "scalableTargetAction": {"minCapacity": 1, "maxCapacity": 2},
    }
    scheduled = harness.create(ScheduledActionHandler(), action)
    assert scheduled.id == "night-ecs-service/shop/scaled"
    harness.update(scheduled, {**action, "schedule": "cron(0 21 * * ? *)"})
    harness.delete(scheduled)

    harness.delete(target)
    assert harness.read(policy) is None, "a target takes its policies with it"
    harness.delete(policy)
    harness.delete(scaled)


def test_step_policy_bounds_are_text(harness, stage):
    task = harness.create(TaskDefinitionHandler(), definition("steps"))
    scaled = harness.create(ServiceHandler(), service(stage, "steps", task.state["arn"], desiredCount=1))
    key = {
        "serviceNamespace": "ecs",
        "resourceId": "service/shop/steps",
        "scalableDimension": "ecs:service:DesiredCount",
    }
    target = harness.create(TargetHandler(), {**key, "minCapacity": 1, "maxCapacity": 4, "tagsAll": {}})
    policy = harness.create(
        PolicyHandler(),
        {
            **key,
            "name": "steps",
            "policyType": "StepScaling",
            "stepScalingPolicyConfiguration": {
                "adjustmentType": "ChangeInCapacity",
                "cooldown": 60,
                "metricAggregationType": "Average",
                "stepAdjustments": [
                    {"scalingAdjustment": 2, "metricIntervalLowerBound": "10"},
                    {"scalingAdjustment": 1, "metricIntervalLowerBound": "0", "metricIntervalUpperBound": "10"},
                ],
            },
        },
    )
    harness.delete(policy)
    harness.delete(target)
    harness.delete(scaled)


def test_daemon_like_forms():
    arn = "arn:aws:ecs:us-east-1:1:task-definition/web:3"
    assert task_definition_form(arn, None) == "web:3"
    assert task_definition_form(arn, "web") == "web"
    assert task_definition_form(arn, "web:2") == "web:3"
    assert task_definition_form(arn, arn.replace(":3", ":2")) == arn
    assert name_or_arn_form("arn:x:cluster/shop", "shop") == "shop"
    assert name_or_arn_form("arn:x:cluster/shop", "other") == "arn:x:cluster/shop"


def test_service_gone_elsewhere_reads_as_none(harness, stage):
    task = harness.create(TaskDefinitionHandler(), definition("lost"))
    made = harness.create(ServiceHandler(), service(stage, "lost", task.state["family"], desiredCount=0))
    assert made.state["taskDefinition"] == "lost"
    harness.client("ecs").delete_service(cluster="shop", service="lost", force=True)
    eventually(lambda: True if harness.read(made) is None else None, what="service is gone")
