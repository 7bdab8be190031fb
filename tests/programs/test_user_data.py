from __future__ import annotations

import base64

from programs.user_data import agent_settings, encoded_user_data, user_data


def test_user_data_is_the_same_text_each_time(snapshot):
    assert user_data(cluster="shop-prod") == snapshot


def test_user_data_with_spot(snapshot):
    assert user_data(cluster="shop-prod", spot=True) == snapshot


def test_e7_instances_are_told_their_cluster():
    script = base64.b64decode(encoded_user_data(cluster="shop-prod")).decode()

    assert script.startswith("#!/bin/bash\n")
    assert "\nECS_CLUSTER=shop-prod\n" in script


def test_e8_spot_instances_drain_when_they_are_called_back():
    assert agent_settings(cluster="shop", spot=True)["ECS_ENABLE_SPOT_INSTANCE_DRAINING"] == "true"
    assert "ECS_ENABLE_SPOT_INSTANCE_DRAINING" not in agent_settings(cluster="shop", spot=False)


def test_e9_images_and_containers_are_cleaned_up_sooner_than_by_default():
    settings = agent_settings(cluster="shop", spot=False)

    assert settings["ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION"] == "30m"
    assert settings["ECS_IMAGE_CLEANUP_INTERVAL"] == "10m"
    assert settings["ECS_IMAGE_MINIMUM_CLEANUP_AGE"] == "30m"


def test_ecs_4_the_agent_starts_no_privileged_container():
    assert agent_settings(cluster="shop", spot=False)["ECS_DISABLE_PRIVILEGED"] == "true"
