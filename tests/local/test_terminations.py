"""What a user sees of the group when one of its instances is terminated, or when none may be."""

import functools

import pytest

from tests.fakes.local_stage import LocalStage, eventually, refusal
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

HOOK = "ecs-managed-draining-termination-hook"


@pytest.fixture
def stage(tmp_path):
    local = LocalAws(home=tmp_path, providers=False)
    stage = LocalStage(
        client=functools.cache(LocalTarget(local.start(runtime="simulated", speed=100), "us-east-1").client)
    )
    stage.make_network()
    yield stage
    local.stop()


def activities(stage):
    return stage.client("autoscaling").describe_scaling_activities(AutoScalingGroupName="shop")["Activities"]


def members(stage):
    group = stage.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["shop"])
    return {one["InstanceId"]: one for one in group["AutoScalingGroups"][0]["Instances"]}


def test_c26_an_instance_with_a_lone_task_waits_for_its_hook_which_a_user_may_complete(stage):
    """Rule C26: DG managed-instance-draining; Auto Scaling guide, lifecycle-hooks, completing-lifecycle-hooks."""
    ecs, asg = stage.client("ecs"), stage.client("autoscaling")
    stage.make_instances(minimum=1, managed_scaling="DISABLED")
    ran = functools.partial(ecs.run_task, cluster="shop", taskDefinition=stage.register())
    task = eventually(lambda: ran()["tasks"], what="an instance with room")[0]["taskArn"]
    (held,) = members(stage)
    (hook,) = asg.describe_lifecycle_hooks(AutoScalingGroupName="shop")["LifecycleHooks"]
    assert (hook["LifecycleHookName"], hook["LifecycleTransition"]) == (HOOK, "autoscaling:EC2_INSTANCE_TERMINATING")
    assert (hook["HeartbeatTimeout"], hook["GlobalTimeout"], hook["DefaultResult"]) == (3600, 172800, "CONTINUE")
    complete = functools.partial(
        asg.complete_lifecycle_action,
        AutoScalingGroupName="shop",
        LifecycleHookName=HOOK,
        InstanceId=held,
        LifecycleActionResult="CONTINUE",
    )
    none = ("ValidationError", f"No active Lifecycle Action found with instance ID {held}")
    assert refusal(complete) == none

    begun = asg.terminate_instance_in_auto_scaling_group(InstanceId=held, ShouldDecrementDesiredCapacity=False)
    assert (begun["Activity"]["StatusCode"], begun["Activity"]["Progress"]) == ("InProgress", 0)

    def terminating():
        (found,) = [one for one in activities(stage) if one["Description"] == f"Terminating EC2 instance: {held}"]
        return found

    assert (terminating()["StatusCode"], terminating().get("EndTime")) == ("MidTerminatingLifecycleAction", None)
    assert members(stage)[held]["LifecycleState"] == "Terminating:Wait"
    assert ecs.describe_tasks(cluster="shop", tasks=[task])["tasks"][0]["desiredStatus"] == "RUNNING"
    complete()
    assert held not in members(stage)
    assert (terminating()["StatusCode"], terminating()["Progress"]) == ("Successful", 100)
    assert terminating()["EndTime"] >= terminating()["StartTime"]
    assert refusal(complete) == none
    stopped = eventually(
        lambda: [
            one for one in ecs.describe_tasks(cluster="shop", tasks=[task])["tasks"] if one["lastStatus"] == "STOPPED"
        ],
        what="the task of an instance that is gone",
    )
    assert stopped[0]["stoppedReason"] == f"Host EC2 (instance {held}) terminated."


def test_c24_a_group_whose_instances_are_all_protected_says_so_once_and_not_at_each_look(stage):
    """Rule C24: DG managed-termination-protection; Auto Scaling guide, ec2-auto-scaling-instance-protection."""
    asg = stage.client("autoscaling")
    stage.make_instances(minimum=1, managed_scaling="DISABLED")
    (held,) = eventually(lambda: members(stage), what="an instance")
    protect = {"AutoScalingGroupName": "shop", "InstanceIds": [held], "ProtectedFromScaleIn": True}
    asg.set_instance_protection(**protect)
    asg.update_auto_scaling_group(AutoScalingGroupName="shop", MinSize=0, DesiredCapacity=0)
    told = eventually(lambda: [one for one in activities(stage) if one["StatusCode"] == "Failed"], what="a failure")
    text = "Could not scale to desired capacity because all remaining instances are protected from scale-in."
    assert [one["StatusMessage"] for one in told] == [text]
    assert members(stage)[held]["ProtectedFromScaleIn"]

    for _ in range(20):
        asg.set_desired_capacity(AutoScalingGroupName="shop", DesiredCapacity=0)
    assert len([one for one in activities(stage) if one["StatusCode"] == "Failed"]) == 1
    assert any(one["Description"] == f"Launching a new EC2 instance: {held}" for one in activities(stage))
    code, _ = refusal(asg.delete_auto_scaling_group, AutoScalingGroupName="shop")
    assert (code, list(members(stage))) == ("ResourceInUse", [held])
    asg.set_instance_protection(**{**protect, "ProtectedFromScaleIn": False})
    eventually(lambda: not members(stage), what="the instance goes when it may")
