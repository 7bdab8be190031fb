"""One background process per user: found again, ended cleanly, cleaned after when it was killed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.fakes.local_stage import eventually, fetch
from tinystacks.errors import LocalAwsError, UsageError
from tinystacks.local.environment import environment, shell_exports
from tinystacks.local.process import STOP_TIMEOUT_SECONDS, LocalAws
from tinystacks.local.target import LocalTarget


@pytest.fixture
def local(tmp_path):
    made = LocalAws(home=tmp_path, providers=False)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    made = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    made.start()
    yield made
    made.stop()


def lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(FileNotFoundError):
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return True


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(one) for one in found.stdout.split()]


def test_a_second_start_finds_the_first(running):
    first = running.status()
    assert first is not None
    again = LocalAws(home=running.folder.path, providers=False).start()
    assert again == first
    assert (again.runtime, again.speed) == ("simulated", 20.0)


def test_a_runtime_that_does_not_exist_is_a_usage_error_that_names_the_choices(local):
    with pytest.raises(UsageError, match="no runtime `foo`") as refused:
        local.start("foo")
    assert (refused.value.exit_code, refused.value.hint) == (2, "Use `docker` or `simulated`.")
    assert not local.folder.log_file.exists()


def test_other_settings_than_those_of_the_running_one_are_refused(running):
    with pytest.raises(LocalAwsError, match="runs already with speed 20"):
        running.start(speed=5)


def test_it_listens_on_the_loopback_address_only(running):
    port = int(running.status().endpoint_url.rsplit(":", 1)[-1])
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port), timeout=2)


def test_nothing_of_the_users_own_aws_settings_reaches_it(running, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production-of-somebody")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert LocalTarget(running.status(), "eu-west-1").account_id() == "123456789012"


def test_a_process_with_its_environment_talks_to_it(running):
    given = {**os.environ, "AWS_PROFILE": "x", "AWS_SESSION_TOKEN": "y", **environment(running.status(), "eu-west-1")}
    aws = Path(sys.executable).with_name("aws")
    command = [
        sys.executable,
        "-c",
        "import boto3; c = boto3.client('sts'); print(c.meta.region_name, c.get_caller_identity()['Account'])",
    ]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["eu-west-1", "123456789012"]
    if aws.exists():
        listed = subprocess.run([aws, "ecs", "list-clusters"], env=given, capture_output=True, text=True, check=True)
        assert '"clusterArns"' in listed.stdout


def test_the_shell_form_unsets_what_would_lead_elsewhere(running):
    script = shell_exports(running.status(), "us-east-1") + 'echo "$AWS_PROFILE|$AWS_SESSION_TOKEN|$AWS_ENDPOINT_URL"\n'
    given = {**os.environ, "AWS_PROFILE": "prod", "AWS_SESSION_TOKEN": "real"}
    done = subprocess.run(["/bin/sh", "-c", script], env=given, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"||{running.status().endpoint_url}"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"\x00\xff\xfe", {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"}),
        (b"{", {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.Nonsense"}),
        (
            b"Action=Nonsense&Version=2016-11-15",
            {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b/us-east-1/ec2/aws4_request, x"},
        ),
        (
            b"Action=RunInstances&MinCount=x",
            {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b/us-east-1/ec2/aws4_request, x"},
        ),
        (b"", {"Authorization": "nonsense"}),
    ],
)
def test_bad_requests_are_answered_and_the_process_stays(running, body, headers):
    host, port = running.status().endpoint_url.removeprefix("http://").split(":")
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(
        [
            "POST / HTTP/1.1",
            f"Host: {host}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            *lines,
        ]
    )
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        answer = connection.recv(64)
    assert answer.startswith(b"HTTP/1.1 ")
    assert int(answer.split()[1]) >= 400
    assert fetch(running.status().endpoint_url + "/_tinystacks/status")[0] == 200


def test_stop_ends_process_and_port_without_having_to_kill(tmp_path):
    local = LocalAws(home=tmp_path)
    status = local.start()
    offspring = children(status.pid)
    assert status.providers is not None
    assert len(offspring) == 1
    held = socket.create_connection(("127.0.0.1", int(status.endpoint_url.rsplit(":", 1)[-1])))
    started = time.monotonic()
    assert local.stop()
    assert time.monotonic() - started < STOP_TIMEOUT_SECONDS
    held.close()
    assert local.status() is None
    eventually(lambda: not any(lives(one) for one in [status.pid, *offspring]), what="no process left")
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", int(status.endpoint_url.rsplit(":", 1)[-1])))
    for port in status.providers.values():
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), timeout=2)
    assert not local.stop()


def test_a_killed_server_is_noticed_cleaned_and_told(tmp_path):
    local = LocalAws(home=tmp_path)
    first = local.start()
    offspring = children(first.pid)
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: local.status() is None, what="a dead server is not there")
    eventually(lambda: not any(lives(one) for one in offspring), what="its provider has ended")
    second = local.start()
    try:
        assert second.instance_id != first.instance_id
        assert f"process {first.pid}" in second.notice
        assert "everything in it is gone" in second.notice
        assert local.start().notice == ""
    finally:
        local.stop()


def test_reset_is_a_new_life_on_the_same_port(local):
    first = local.start(speed=30)
    LocalTarget(first, "us-east-1").client("ecs").create_cluster(clusterName="gone")
    second = local.reset()
    assert (second.endpoint_url, second.speed) == (first.endpoint_url, 30)
    assert second.instance_id != first.instance_id
    assert LocalTarget(second, "us-east-1").identity() != LocalTarget(first, "us-east-1").identity()
    assert LocalTarget(second, "us-east-1").client("ecs").list_clusters()["clusterArns"] == []


def test_two_that_start_at_once_get_one_server(local):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(LocalAws(home=local.folder.path, providers=False).start()))
        for _ in range(3)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len({one.pid for one in found}) == 1


def test_a_runtime_that_is_not_there_is_an_error_that_says_so(local):
    with pytest.raises(LocalAwsError, match="docker"):
        local.start(runtime="docker")
    assert local.status() is None


def test_without_its_packages_it_says_which_and_how_to_get_them(tmp_path):
    with pytest.raises(LocalAwsError, match=r"not installed: aiohttpx, mota") as refused:
        LocalAws(home=tmp_path / "home", parts=("json", "aiohttpx", "mota")).start()
    assert "pip install 'tinystacks[local]'" in str(refused.value.hint)
    assert not (tmp_path / "home" / "server.log").exists()


def test_without_a_server_status_is_none_and_reset_is_refused(tmp_path):
    local = LocalAws(home=tmp_path)
    assert local.status() is None
    with pytest.raises(LocalAwsError, match="does not run"):
        local.reset()


def test_a_record_that_is_garbage_is_no_server(tmp_path):
    local = LocalAws(home=tmp_path)
    local.folder.make()
    for text in ("", "{", "[]", '{"pid": 1}'):
        local.folder.record_file.write_text(text, encoding="utf-8")
        assert local.status() is None


def test_modules_of_the_folder_it_is_started_in_do_not_take_the_place_of_its_own(tmp_path, monkeypatch):
    """An application's folder may hold a `queue.py`: `python -m` would load it for Python's own."""
    application = tmp_path / "application"
    application.mkdir()
    for name in ("queue", "json", "tinystacks"):
        (application / f"{name}.py").write_text("raise SystemExit('the application was loaded')\n")
    monkeypatch.chdir(application)
    local = LocalAws(home=tmp_path / "home")
    try:
        assert local.start("simulated").providers
    finally:
        local.stop()


def test_home_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYSTACKS_LOCAL_HOME", str(tmp_path / "here"))
    assert LocalAws().folder.path == tmp_path / "here"
