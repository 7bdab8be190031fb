"""Releases, going back, and orders to services that run: the commands as a user types them, simulated containers."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.fakes.command_line import CommandLine, a_user, wait_for
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.surroundings import make_surroundings
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

UP = ("up", "--local", "--json")
WAITING = "waiting until every service is steady"


class Shop:
    """A stage with one service, of which a test writes versions."""

    def __init__(self, user: CommandLine, network: str) -> None:
        self.user = user
        self._network = network

    def write(self, image: str, *, simulate: str = "") -> None:
        variables = f", variables: {{TINYSTACKS_SIMULATE: {simulate}}}" if simulate else ""
        fixed = "port: 80, tasks: {min: 2, max: 4}, health_check: {path: /, grace_period: 600}"
        self.user.write(
            f"name: shop\nservices:\n  web: {{image: '{image}', {fixed}{variables}}}\n"
            f"compute: {{kind: fargate}}\n{self._network}"
        )

    def run(self, *words: str, code: int = 0):
        done = self.user.run(*words, "--local")
        assert done.code == code, done.err + done.out
        return done

    def releases(self) -> list[tuple[int, str, str]]:
        found = self.run("releases", "--json").document["releases"]
        return [(one["number"], one["result"], one["images"]["web"]) for one in found]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    user = a_user(tmp_path_factory.mktemp("machine"), TINYSTACKS_ENGINE=str(engine_or_skip().path))
    local = LocalAws(home=user.local_home)
    around = make_surroundings(LocalTarget(local.start("simulated", speed=60), "us-east-1").client, "us-east-1")
    subnets = ", ".join(around.public_subnets)
    made = Shop(user, f"network: {{vpc_id: {around.vpc_id}, public_subnets: [{subnets}]}}\n")
    made.write("nginx:1")
    made.run("up", "--yes")
    yield made
    local.stop()


def test_what_is_wrong_is_said_before_anything_is_done(shop):
    assert "has no release 9; it has 1" in shop.run("releases", "show", "9", code=1).err
    assert "the numbers of 2 releases; 1 was given" in shop.run("releases", "diff", "1", code=2).err
    unnumbered = shop.run("releases", "show", code=2).err
    assert "releases show needs the number of a release; none was given" in unnumbered
    assert "tstack releases show 3" in unnumbered
    twice = shop.run("up", "--image", "web=nginx:2", "--image", "web=nginx:3", code=2).err
    assert "service `web` is given an image twice: nginx:2 and nginx:3" in twice
    twice = shop.run("scale", "web=3", "web=2", code=2).err
    assert "service `web` is given a number of tasks twice: 3 and 2" in twice
    assert "nothing to go back to" in shop.run("rollback", code=1).err
    assert "runs 2 to 4 tasks" in shop.run("scale", "web=9", code=2).err
    assert "runs no service `wep`" in shop.run("scale", "wep=3", code=2).err
    assert "run needs a command" in shop.run("run", code=2).err
    assert "one service at a time, not web and api" in shop.run("restart", "dev", "web", "-s", "api", code=2).err
    assert "neither a stage nor a service `wep`" in shop.run("restart", "wep", code=2).err
    assert "has no service `wep`" in shop.run("up", "--image", "wep=nginx:2", code=2).err
    assert "no image reference" in shop.run("up", "--image", "web=no image", code=2).err
    assert "No deployment is under way" in shop.run("up", "--cancel").err


def test_orders_to_services_change_nothing_of_the_record(shop):
    assert shop.run("scale", "web=3", "--json").document["result"] == "steady"
    assert shop.run("restart", "--service", "web", "--json").document["result"] == "steady"
    done = shop.user.run("run", "--local", "--json", "--service", "web", "--", "migrate", "--now")
    assert (done.code, done.document["exit_code"]) == (0, 0)
    for words in (["web"], ["dev", "web"]):
        done = shop.user.run("run", *words, "--local", "--json", "--", "migrate", "--now")
        assert (done.code, done.document["service"]) == (0, "web")
    assert shop.run("restart", "web", "--json").document["result"] == "steady"
    assert shop.run("preview", "--exit-code", "--json").document["changes"]["update"] == 0


def test_a_number_of_tasks_that_something_else_sets_meanwhile_is_told(shop):
    shop.run("scale", "web=2", "--json")
    local = LocalAws(home=shop.user.local_home)
    ecs = LocalTarget(local.start(), "us-east-1").client("ecs")
    service = shop.run("outputs", "--json").document["services"]["web"]["service_name"]
    local.break_("capacity", "fargate")
    with shop.user.start("scale", "web=4", "--local", "--json") as scaling:
        said = wait_for(scaling, "2 -> 4 tasks")
        ecs.update_service(cluster="shop-dev", service=service, desiredCount=2)
        out, err = scaling.communicate(timeout=120)
    local.mend()
    assert scaling.returncode == 0, said + err
    document = json.loads(out)
    assert document["result"] == "steady"
    # Autoscaling may have been quicker than this test: nothing uses CPU here.
    (rescaled,) = document["rescaled"]
    assert (rescaled["service"], rescaled["asked"], rescaled["now"]) == ("web", 4, 2)
    assert f"web: 4 tasks were asked for; {rescaled['by'] or 'something else'} has set the number to 2" in said + err


def test_ask_15_a_given_image_stays_until_the_file_names_another(shop):
    number = shop.run(*UP[:1], "--json", "--image", "web=nginx:2").document["release"]
    assert shop.releases()[0] == (number, "steady", "nginx:2")
    kept = shop.run(*UP[:1], "--json")
    assert kept.document["result"] == "unchanged"
    assert "stays at nginx:2" in kept.err
    shop.write("nginx:3")
    shop.run(*UP[:1], "--json")
    assert shop.releases()[0] == (number + 1, "steady", "nginx:3")
    shop.run("rollback", "--json")
    assert shop.releases()[0] == (number + 2, "steady", "nginx:2")


def test_ask_6_rollback_stops_a_deployment_that_still_runs_and_its_up_tells_the_truth(shop):
    good = shop.releases()[0]
    shop.write("nginx:9", simulate="unhealthy")
    with shop.user.start(*UP) as bad:
        wait_for(bad, WAITING)
        back = shop.run("rollback", "--json")
        out, _ = bad.communicate(timeout=120)
    assert "deployment under way is stopped" in back.err
    assert back.document["result"] == "steady"
    assert bad.returncode == 4, out
    (number, result, image), (_, failed, _) = shop.releases()[:2]
    assert (number, result, image) == (good[0] + 2, "steady", good[2])
    assert failed in {"rolled_back", "failed"}


def test_an_interrupted_wait_leaves_the_deployment_and_says_how_to_stop_it(shop):
    shop.write("nginx:9", simulate="unhealthy")
    with shop.user.start(*UP) as bad:
        wait_for(bad, WAITING)
        bad.send_signal(signal.SIGINT)
        _, said = bad.communicate(timeout=60)
    assert bad.returncode == 130
    assert "--cancel` stops it and goes back" in said
    assert shop.releases()[0][1] == "in_progress"
    assert shop.run("up", "--cancel", "--json").document["result"] == "rolled_back"
    assert shop.releases()[0][1] == "rolled_back"
    assert "as after a rollback by ECS" in shop.run("preview", "--exit-code", code=3).err


def test_old_revisions_go_only_after_a_yes_and_the_second_time_there_are_none(shop):
    refused = shop.run("releases", "prune", "--keep", "1", code=2)
    assert "releases prune asks first, and there is no terminal to ask on" in refused.err
    for version in ("nginx:11", "nginx:12"):
        shop.write(version)
        shop.run("up", "--json")

    done = shop.run("releases", "prune", "dev", "--keep", "1", "--yes", "--json")
    document = done.document
    assert (document["stage"], document["keep"]) == ("dev", 1)
    assert "shop-dev-web:1" in document["deregistered"]
    [kept] = document["kept"]
    assert kept["why"][0] == "service"
    assert {"release", "state"} <= set(kept["why"])
    assert f"  - shop-dev-web: 1-{len(document['deregistered'])}" in done.err

    again = shop.run("releases", "prune", "--keep=1", "--yes")
    assert again.out.strip() == "Nothing to deregister."
    assert "shop/dev has 1 ACTIVE task definition revision; 0 of no use" in again.err
    assert "  = 1 that a service has in a deployment" in again.err
    assert "--keep" in shop.run("releases", "prune", "--keep", "0", "--yes", code=2).err
    assert shop.run("rollback", "--json").document["result"] == "steady"
