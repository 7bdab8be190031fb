"""What holds whatever happens, tried on random histories."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.world import World
from tinystacks.controlplane import bounds

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("deploy"), st.sampled_from(["good", "v2", "bad", "crash", "sick"])),
        st.tuples(st.just("scale"), st.integers(0, 8)),
        st.tuples(st.just("kill"), st.integers(0, 20)),
        st.tuples(st.just("lose"), st.integers(0, 5)),
        st.tuples(st.just("drain"), st.integers(0, 5)),
        st.tuples(st.just("launch"), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.integers(1, 90)),
    ),
    max_size=15,
)


def world_with(instances, types="t3.small"):
    world = World()
    world.behave("bad", pull_error="CannotPullContainerError: no")
    world.behave("crash", exits_after=20)
    world.behave("quick", exits_after=3)
    world.behave("sick", target="unhealthy")
    world.instances(instances, types)
    return world


def check_ledgers(world):
    for instance in world.container_instances():
        for ledger, tasks in (
            (instance.scheduled, [one.needs for one in instance.tasks.values()]),
            (instance.held, None),
        ):
            assert 0 <= ledger.cpu <= instance.cpu
            assert 0 <= ledger.memory <= instance.memory
            assert 0 <= ledger.enis <= instance.max_task_enis
            if tasks is not None:
                assert ledger.memory == sum(one.memory for one in tasks)
                assert ledger.cpu == sum(one.cpu for one in tasks)


def check_counts(service):
    for deployment in service.deployments:
        parts = [deployment.pending, deployment.settling, deployment.healthy, deployment.unhealthy]
        assert sum(len(one) for one in parts) == len(deployment.tasks)
        assert all(one.desired_status == "RUNNING" for one in deployment.tasks.values())
        placed = sum(keys.total for keys in deployment.placed.values())
        assert placed == sum(1 for one in deployment.tasks.values() if one.zone)
    assert sum(service.zone_counts.values()) == sum(
        1 for deployment in service.deployments for one in deployment.tasks.values() if one.zone
    )


def do(world, service, step):
    kind, value = step
    instances = world.container_instances()
    match kind:
        case "deploy":
            world.plane.update_service(service="web", task_definition=world.definition(value, container=BIG))
        case "scale":
            world.plane.update_service(service="web", desired_count=value)
        case "kill":
            running = world.running(service)
            if running:
                world.plane.container_stopped(running[value % len(running)].id, "app", 1)
        case "lose":
            if instances:
                world.terminate(instances[value % len(instances)].ec2_instance_id)
        case "drain":
            if instances:
                chosen = instances[value % len(instances)]
                status = "ACTIVE" if chosen.status == "DRAINING" else "DRAINING"
                world.plane.update_container_instances_state(container_instances=[chosen.arn], status=status)
        case "launch":
            world.launch("", f"us-east-1{'abc'[value]}", "t3.small", "default")
        case _:
            world.run(value)


BIG = {"memory": 450, "cpu": 256}


@SLOW
@given(STEPS, st.sampled_from([(100, 200), (50, 100), (50, 150), (0, 200)]))
def test_no_instance_is_ever_over_its_resources_and_the_counts_are_true(steps, percents):
    """Rules P1, P9, C6.

    Source: developer guide, task-placement-strategies; containers-roadmap issue 575; ECS agent, PR 3757; API
    ContainerInstance.
    """
    world = world_with(3)
    low, high = percents
    service = world.service(
        3,
        task_definition=world.definition(container=BIG),
        load_balancers=world.balancer(),
        deployment_configuration={"minimumHealthyPercent": low, "maximumPercent": high},
    )
    for step in steps:
        do(world, service, step)
        for _ in range(3):
            world.run(1)
            check_ledgers(world)
            check_counts(service)
    world.run(400)
    check_ledgers(world)
    check_counts(service)


@SLOW
@given(
    st.integers(1, 9),
    st.sampled_from([(100, 200), (100, 150), (50, 150), (50, 100), (75, 125), (0, 100)]),
    st.lists(st.tuples(st.sampled_from(["v2", "v3", "bad", "quick", "sick"]), st.integers(1, 120)), max_size=4),
)
def test_a_deployment_never_takes_the_healthy_tasks_below_the_minimum(count, percents, deployments):
    """Rule D4: healthy tasks do not die by themselves here, so every loss is the scheduler's.

    Source: developer guide, deployment-type-ecs.
    """
    low, high = percents
    world = world_with(9, "m5.large")
    service = world.service(
        count,
        load_balancers=world.balancer(),
        deployment_configuration={
            "minimumHealthyPercent": low,
            "maximumPercent": high,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
    )
    world.steady(service)
    for image, seconds in deployments:
        world.plane.update_service(service="web", task_definition=world.definition(image))
        for _ in range(seconds):
            before = {one.id for deployment in service.deployments for one in deployment.healthy.values()}
            world.run(1)
            total = sum(len(one.tasks) for one in service.deployments) + len(service.stopping)
            assert total <= bounds.upper(service)
            after = {one.id for deployment in service.deployments for one in deployment.healthy.values()}
            stopped = [
                one
                for one in before - after
                if world.plane.state.tasks[one].stop_code == "ServiceSchedulerInitiated"
                and not world.plane.state.tasks[one].replaced_unhealthy
            ]
            if stopped:
                assert len(after) >= bounds.lower(service)


@SLOW
@given(st.integers(1, 30), st.integers(1, 9), st.integers(0, 15))
def test_spread_over_zones_differs_by_at_most_one_where_room_allows(count, instances, change):
    """Rules P14, P35: also after a scale-in or scale-out.

    Source: developer guide, update-service-parameters; developer guide, update-service-parameters,
    task-placement-strategies.
    """
    world = world_with(instances, "m5.large")
    service = world.service(count)
    world.run(100)
    zones = {one.zone for one in world.container_instances()}
    for wanted in (count, change):
        world.plane.update_service(service="web", desired_count=wanted)
        world.run(100)
        counts = [world.zones_of(service)[zone] for zone in zones]
        assert sum(counts) == wanted or wanted > 16 * instances
        if wanted <= 16 * instances // 3:
            assert max(counts) - min(counts) <= 1


@SLOW
@given(STEPS)
def test_same_inputs_give_the_same_history(steps):
    def history():
        world = world_with(3)
        service = world.service(3, task_definition=world.definition(container=BIG), load_balancers=world.balancer())
        for step in steps:
            do(world, service, step)
        world.run(60)
        return world.done, world.messages(service)

    assert history() == history()


@SLOW
@given(STEPS)
def test_a_service_always_comes_to_rest_on_a_good_revision(steps):
    """Whatever happened: with room and a good revision it becomes steady, with exactly the tasks wanted."""
    world = world_with(3)
    service = world.service(3, task_definition=world.definition(container=BIG), load_balancers=world.balancer())
    for step in steps:
        do(world, service, step)
    for instance in world.container_instances():
        world.plane.update_container_instances_state(container_instances=[instance.arn], status="ACTIVE")
    for zone in "abc":
        world.launch("", f"us-east-1{zone}", "m5.large", "default")
    world.plane.update_service(service="web", task_definition=world.definition(container=BIG), desired_count=4)
    world.run(1)
    world.steady(service, 7200)
    assert len(world.running(service)) == 4
