"""Sessions of a running local AWS: who may open them, what they carry, AWS's own plugin as client; and the checks."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.fakes.counting_client import Counting
from tests.fakes.local_stage import LocalStage, eventually, refusal
from tests.fakes.session_plugin import plugin_or_skip
from tinystacks.errors import AccessError, UsageError
from tinystacks.local.process import LocalAws
from tinystacks.local.sessions.client import opened, run_shell
from tinystacks.local.sessions.forward import connections, forward
from tinystacks.local.sessions.messages import Payload
from tinystacks.local.target import LocalTarget
from tinystacks.operations.exec_access import TaskAccess
from tinystacks.outputs import ServiceOutputs, StageOutputs

AWS = Path(sys.executable).with_name("aws")


class Stage:
    """A small stage whose tasks can be entered."""

    def __init__(self, target: LocalTarget) -> None:
        self.target = target
        made = LocalStage(client=target.client)
        made.make_network()
        made.make_instances(minimum=1)
        definition = made.register(environment=[{"name": "GREETING", "value": "hello"}])
        self.role = target.client("iam").create_role(RoleName="task", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.ecs = target.client("ecs")
        self.ecs.create_service(
            cluster="shop",
            serviceName="web",
            taskDefinition=definition,
            desiredCount=2,
            enableExecuteCommand=True,
            capacityProviderStrategy=[{"capacityProvider": "shop-capacity", "weight": 1}],
        )
        made.wait_steady()
        self.stage = made
        self.definition = definition

    @property
    def task(self):
        return self.stage.tasks()[0]

    def open(self, command="/bin/sh", **more):
        given = {"cluster": "shop", "task": self.task["taskArn"], "container": "web", **more}
        return self.ecs.execute_command(command=command, interactive=True, **given)["session"]

    def outputs(self):
        service = ServiceOutputs(
            name="web",
            service_name="web",
            service_arn="",
            task_definition_arn="",
            container_name="web",
            log_group="",
            image="",
        )
        return StageOutputs(
            stack="shop",
            stage="dev",
            region="us-east-1",
            account_id="123456789012",
            cluster_name="shop",
            cluster_arn="",
            services={"web": service},
        )

    def run_alone(self, **more):
        started = self.ecs.run_task(cluster="shop", taskDefinition=self.definition, **more)["tasks"][0]["taskArn"]
        return eventually(lambda: self.described(started, "RUNNING"), what="a running task")

    def described(self, arn, status):
        found = self.ecs.describe_tasks(cluster="shop", tasks=[arn])["tasks"][0]
        return found if found["lastStatus"] == status else None


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    made = Stage(LocalTarget(local.start(runtime="simulated", speed=100), "us-east-1"))
    yield made
    local.stop()


def run(session, typed=b""):
    """Run a session between two pipes; how it ended, and what it wrote."""
    (keys, key_end), (reader, screen) = os.pipe(), os.pipe()
    os.write(key_end, typed)
    os.close(key_end)
    try:
        ended = run_shell(session, stdin=keys, stdout=screen)
    finally:
        os.close(screen)
    with os.fdopen(reader, "rb") as output:
        said = output.read().decode()
    os.close(keys)
    return ended, said


def status_of(session, *, token=None):
    """What a WebSocket client gets: an HTTP status, or the code with which the connection is closed."""

    async def ask():
        async with aiohttp.ClientSession() as http:
            try:
                async with http.ws_connect(session["streamUrl"]) as socket:
                    await socket.send_str(token if token is not None else json.dumps({"TokenValue": "guess"}))
                    await socket.receive(timeout=20)
                    return socket.close_code
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    return asyncio.run(ask())


def test_a_command_gives_its_output_and_exit_code(stage):
    ended, said = run(stage.open("printenv GREETING"))
    assert (ended.exit_code, ended.said, said) == (0, "", "hello\n")
    assert run(stage.open("printenv NOPE"))[0].exit_code == 1


def test_a_shell_takes_what_is_typed_and_ends_with_its_input(stage):
    ended, said = run(stage.open(), b"hostname\n")
    assert said == f"# hostname\n{stage.task['taskArn'][-32:][:12]}\n# \n"
    assert ended.exit_code == 0


def test_i5_a_program_that_is_not_there_and_a_line_that_is_none_are_told(stage):
    ended, said = run(stage.open("nosuch -l"))
    assert (ended.exit_code, said) == (127, "")
    assert ended.said == "Unable to start command: Failed to start pty: fork/exec nosuch: no such file or directory"
    assert "No closing quotation" in run(stage.open("sh -c 'x"))[0].said


def test_a_session_has_one_client_and_wants_its_token(stage):
    session = stage.open("printenv GREETING")
    assert status_of(session) == aiohttp.WSCloseCode.POLICY_VIOLATION
    for wrong in ("", "[]", "no json", json.dumps({"TokenValue": None})):
        assert status_of(session, token=wrong) == aiohttp.WSCloseCode.POLICY_VIOLATION
    assert run(session)[1] == "hello\n"
    assert status_of(session) == 403
    with pytest.raises(AccessError, match="did not open"):
        run(session)
    elsewhere = session["streamUrl"].replace(session["sessionId"], "ecs-execute-command-0")
    assert status_of({"streamUrl": elsewhere}) == 403


def test_what_is_no_protocol_ends_its_own_session_alone(stage):
    session = stage.open()

    async def disturb():
        async with aiohttp.ClientSession() as http, http.ws_connect(session["streamUrl"]) as socket:
            await socket.send_str(json.dumps({"TokenValue": session["tokenValue"], "ClientVersion": "1.2"}))
            await socket.send_bytes(b"\xff" * 500)
            while not (await socket.receive(timeout=20)).type.name.startswith("CLOS"):
                pass

    asyncio.run(disturb())
    assert run(stage.open("hostname"))[0].exit_code == 0


def test_a_session_ends_with_its_task(stage):
    task = stage.run_alone(enableExecuteCommand=True)
    session = stage.open(task=task["taskArn"])
    said = []

    async def live():
        async with opened(session["streamUrl"], session["tokenValue"]) as channel:
            first = await channel.take()
            assert first is not None
            assert first.payload == b"# "
            stage.ecs.stop_task(cluster="shop", task=task["taskArn"])
            while (message := await channel.take()) is not None:
                said.append((message.payload_type, message.payload))

    asyncio.run(asyncio.wait_for(live(), 40))
    assert said[-1] == (Payload.EXIT_CODE, b"137")


def test_i1_exec_is_refused_for_a_task_that_started_without_it(stage):
    task = stage.run_alone()
    code, words = refusal(stage.open, task=task["taskArn"])
    assert code == "InvalidParameterException"
    assert "execute command was not enabled when the task was run" in words


def test_sessions_that_nobody_opens_do_no_harm(stage):
    task = stage.task["taskArn"]
    for _ in range(50):
        stage.open(task=task)
    assert run(stage.open("printenv GREETING", task=task))[1] == "hello\n"


def test_the_real_aws_cli_and_plugin_run_a_command(stage):
    plugin = plugin_or_skip()
    environment = {
        **os.environ,
        **stage.target.environment(),
        "PATH": f"{plugin.parent}:{AWS.parent}:{os.environ['PATH']}",
    }
    words = [AWS, "ecs", "execute-command", "--cluster", "shop", "--task", stage.task["taskArn"]]
    words += ["--container", "web", "--interactive", "--command"]
    for command, typed, shown in (
        ("printenv GREETING", [], "\nhello\n"),
        ("/bin/sh", ["echo $GREETING you\n", "exit\n"], "# echo $GREETING you\nhello you\n# exit\n"),
        ("nosuch", [], "Unable to start command: Failed to start pty: fork/exec nosuch: no such file or directory"),
    ):
        process = subprocess.Popen(
            [*words, command],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        said = ""
        for line in typed:
            said += _until(process.stdout, "# ")
            process.stdin.write(line)
            process.stdin.flush()
        said += process.stdout.read()
        process.stdin.close()
        process.stdout.close()
        assert process.wait(30) == 0, said
        assert shown in said


def _until(stream, words):
    said = ""
    while not said.endswith(words):
        character = stream.read(1)
        assert character, f"ended before {words!r}: {said}"
        said += character
    return said


def test_the_real_plugin_forwards_many_connections_at_once(stage):
    plugin = plugin_or_skip()
    environment = {
        **os.environ,
        **stage.target.environment(),
        "PATH": f"{plugin.parent}:{AWS.parent}:{os.environ['PATH']}",
    }
    container = stage.task["containers"][0]
    target = f"ecs:shop_{stage.task['taskArn'][-32:]}_{container['runtimeId']}"
    words = [AWS, "ssm", "start-session", "--target", target, "--document-name", "AWS-StartPortForwardingSession"]
    process = subprocess.Popen(
        [*words, "--parameters", json.dumps({"portNumber": ["8080"]})],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        said = _until(process.stdout, "Waiting for connections...\n")
        port = int(said.partition("Port ")[2].partition(" ")[0])

        async def ask():
            reader, writer = await asyncio.open_connection("localhost", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

        async def many():
            return await asyncio.gather(*(ask() for _ in range(10)))

        answers = asyncio.run(asyncio.wait_for(many(), 30))
        assert all(one.startswith(b"HTTP/1.1 200") and b'"container": "web"' in one for one in answers)
    finally:
        os.killpg(process.pid, 15)
        process.stdout.read()
        process.stdout.close()
        process.wait(20)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Target": "i-0123"}, "TargetNotConnected"),
        ({"Target": f"ecs:shop_{'0' * 32}_x"}, "TargetNotConnected"),
        ({"DocumentName": "AWS-StartSSHSession"}, "InvalidDocument"),
        ({"Parameters": {"portNumber": ["http"]}}, "ValidationException"),
        ({"Parameters": {}}, "ValidationException"),
    ],
)
def test_a_port_session_with_wrong_words_is_refused(stage, change, code):
    container = stage.task["containers"][0]
    given = {
        "Target": f"ecs:shop_{stage.task['taskArn'][-32:]}_{container['runtimeId']}",
        "DocumentName": "AWS-StartPortForwardingSession",
        "Parameters": {"portNumber": ["8080"]},
    }
    ssm = stage.target.client("ssm")
    session = ssm.start_session(**given)
    assert urlsplit(session["StreamUrl"]).hostname == "127.0.0.1"
    assert ssm.terminate_session(SessionId=session["SessionId"])["SessionId"] == session["SessionId"]
    assert status_of({"streamUrl": session["StreamUrl"]}) == 403
    assert refusal(ssm.start_session, **given | change)[0] == code


def test_i2_the_task_role_is_asked_for_the_four_rights(stage):
    iam = stage.target.client("iam")
    access = TaskAccess(stage.outputs(), stage.target.client, which=lambda name: f"/bin/{name}")
    task = stage.run_alone(enableExecuteCommand=True, overrides={"taskRoleArn": stage.role})
    chosen = access.candidates(task=task["taskArn"])[0]
    container = access.container(chosen, None)
    assert "lacks ssmmessages:CreateControlChannel" in rights(access, chosen, container).found
    with pytest.raises(AccessError, match="cannot be entered"):
        access.require(access.check(chosen, container))
    statement = {"Effect": "Allow", "Action": "ssmmessages:*", "Resource": "*"}
    allow(iam, statement)
    assert rights(access, chosen, container).verdict == "ok"
    denied = [statement, {"Effect": "Deny", "Action": "ssmmessages:Open*", "Resource": "*"}]
    allow(iam, *denied)
    found = rights(access, chosen, container)
    assert found.verdict == "failed"
    assert found.found == "task lacks ssmmessages:OpenControlChannel, ssmmessages:OpenDataChannel"


def allow(iam, *statements):
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_role_policy(RoleName="task", PolicyName="exec", PolicyDocument=document)


def rights(access, task, container):
    return next(one for one in access.check(task, container).checks if one.name == "Task role")


def test_i6_a_task_without_a_way_out_needs_the_endpoint(stage):
    access = TaskAccess(stage.outputs(), stage.target.client)
    task = access.candidates()[0]
    container = access.container(task, None)

    def way():
        return next(one for one in access.check(task, container).checks if one.name == "Way to Session Manager")

    before = way()
    assert before.verdict == "failed"
    assert "vpc_endpoints: true" in before.mend
    assert "com.amazonaws.us-east-1.ssmmessages" in before.mend
    ec2 = stage.target.client("ec2")
    vpc = stage.stage.made["vpc"]
    made = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.ssmmessages",
        VpcEndpointType="Interface",
        SubnetIds=stage.stage.subnets,
    )["VpcEndpoint"]["VpcEndpointId"]
    assert way().found == f"the endpoint {made} of {vpc}"
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=stage.stage.subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    for subnet in stage.stage.subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    assert way().found.endswith(f"goes to {nat}")


def test_the_number_of_calls_does_not_grow_with_the_tasks(stage):
    counting = Counting(stage.target.client)
    access = TaskAccess(stage.outputs(), counting.client)
    chosen = access.candidates(service="web")[0]
    access.check(chosen, access.container(chosen, None))
    assert counting.calls["ListTasks"] == counting.calls["DescribeTasks"] == 1
    assert sum(counting.calls.values()) <= 10, counting.calls


def test_a_task_or_service_that_is_not_there_is_named(stage):
    access = TaskAccess(stage.outputs(), stage.target.client)
    with pytest.raises(UsageError, match="no service api"):
        access.candidates(service="api")
    with pytest.raises(UsageError, match="no task 0000"):
        access.candidates(task="0000")
    task = access.candidates()[0]
    with pytest.raises(UsageError, match="no container proxy"):
        access.container(task, "proxy")


def test_a_task_that_has_stopped_is_told_with_its_reason(stage):
    access = TaskAccess(stage.outputs(), stage.target.client)
    task = stage.run_alone(enableExecuteCommand=True)["taskArn"]
    stage.ecs.stop_task(cluster="shop", task=task, reason="enough")
    eventually(lambda: stage.described(task, "STOPPED"), what="stopped")
    with pytest.raises(AccessError, match=f"task {task[-32:]} has stopped: enough"):
        access.candidates(task=task[-32:-20])


def test_a_port_is_forwarded_without_the_plugin(stage):
    access = TaskAccess(stage.outputs(), stage.target.client)
    chosen = access.candidates(service="web")[0]
    target = access.target(chosen, access.container(chosen, None))
    said = []

    async def work():
        async with connections(
            lambda: access.open_port_session(target, 8080), local_port=None, say=said.append, lost=said.append
        ) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    assert b'"container": "web"' in asyncio.run(asyncio.wait_for(work(), 30))
    assert threading.active_count() < 50


def test_forwarding_ends_with_the_task(stage):
    access = TaskAccess(stage.outputs(), stage.target.client)
    task = stage.run_alone(enableExecuteCommand=True)["taskArn"]
    [chosen] = access.candidates(task=task)
    target = access.target(chosen, access.container(chosen, None))
    stage.ecs.stop_task(cluster="shop", task=task, reason="enough")
    eventually(lambda: stage.described(task, "STOPPED"), what="stopped")

    def connect(words):
        port = int(words.split()[0].rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port)).close()

    with pytest.raises(AccessError, match="the task has stopped") as ended:
        forward(lambda: access.open_port_session(target, 8080), local_port=None, say=connect)
    assert "picks another" in ended.value.hint
