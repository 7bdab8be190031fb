"""What is ordered after a rollback ends with its own verdict, not with the one before (trap B1)."""

from __future__ import annotations

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tinystacks.deployment.ends import Result


def test_a_restart_that_is_rolled_back_says_so_and_what_follows_is_steady(server, tmp_path):
    # Without a verdict each order would wait until its deadline and time out.
    services = {"web": {"image": "nginx:1.27", "port": 80, "rolling_update": {"deadline": 90}}}
    deployment = local_deployment(tmp_path, tmp_path / "home", engine_or_skip().path, services=services)
    assert deployment.up().result is Result.STEADY

    server.break_("pull", "web")
    restarted = deployment.running().restart()
    assert restarted.result is Result.ROLLED_BACK
    assert [cause.reason for cause in restarted.causes] == ["image-pull"]
    server.mend("pull")

    assert deployment.running().scale({"web": 3}).result is Result.STEADY
    unchanged = deployment.up()
    assert (unchanged.result, unchanged.causes) == (Result.UNCHANGED, ())
    assert deployment.running().restart().result is Result.STEADY
