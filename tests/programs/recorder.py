"""Runs a program against Pulumi's mocks and keeps every resource: inputs and options, as they went over the wire."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime import stack as stack_runtime

ACCOUNT = "123456789012"
REGION = "eu-west-1"
VPC_OUTPUTS = {
    "vpcId": "vpc-own",
    "publicSubnetIds": ["subnet-public-1", "subnet-public-2", "subnet-public-3"],
    "isolatedSubnetIds": ["subnet-isolated-1", "subnet-isolated-2", "subnet-isolated-3"],
    "privateSubnetIds": ["subnet-private-1", "subnet-private-2", "subnet-private-3"],
}
AMI_OF_THE_DAY = "ami-0aaaaaaaaaaaaaaaa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One resource as the engine would have seen it."""

    type: str
    name: str
    urn: str
    inputs: dict[str, Any]
    provider: str
    providers: Mapping[str, str]
    parent: str
    dependencies: frozenset[str]
    ignore_changes: tuple[str, ...]
    replace_on_changes: list[str]
    replace_with: tuple[str, ...]
    timeouts: Mapping[str, str]
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    secret_inputs: frozenset[str]
    custom: bool


@dataclass(kw_only=True)
class Recording:
    """Everything that one run of a program declared."""

    resources: list[Recorded] = field(default_factory=list)
    invokes: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)

    def all(self, type_: str) -> list[Recorded]:
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str | None = None) -> Recorded:
        found = [resource for resource in self.all(type_) if name in (None, resource.name)]
        names = [resource.name for resource in self.all(type_)]
        assert len(found) == 1, f"{len(found)} of {type_} named {name}; there are {names}"
        return found[0]

    def has(self, type_: str) -> bool:
        return bool(self.all(type_))

    def depends(self, resource: Recorded, on: Recorded) -> bool:
        """Say whether the engine makes `on` before `resource`, and deletes it after: directly or through others."""
        seen: set[str] = set()
        waiting = [resource.urn]
        by_urn = {each.urn: each for each in self.resources}
        while waiting:
            urn = waiting.pop()
            if urn in seen:
                continue
            seen.add(urn)
            if urn in by_urn:
                waiting.extend(by_urn[urn].dependencies)
        return on.urn in seen - {resource.urn}


class AwsMocks(mocks.Mocks):
    """Answers as AWS would where the program uses the answer; other outputs are the inputs."""

    def __init__(self, recording: Recording, subnets: list[str] | None = None) -> None:
        self._recording = recording
        self._subnets = subnets

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        self._recording.invokes.append((args.token, dict(args.args), args.provider or ""))
        if args.token == "aws:ssm/getParameter:getParameter":
            return {"value": AMI_OF_THE_DAY}, []
        if args.token == "aws:ec2/getVpc:getVpc":
            return {"id": args.args["id"], "cidrBlock": "10.9.0.0/16"}, []
        if args.token == "aws:ec2/getSubnets:getSubnets":
            asked = next(each["values"] for each in args.args["filters"] if each["name"] == "subnet-id")
            found = asked if self._subnets is None else [subnet for subnet in asked if subnet in self._subnets]
            return {"ids": sorted(found, reverse=True)}, []
        if args.token == "aws:index/getCallerIdentity:getCallerIdentity":
            return {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:user/test"}, []
        raise AssertionError(f"unexpected invoke {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ == "awsx:ec2:Vpc":
            return "", dict(VPC_OUTPUTS)
        physical = f"{args.name}-1a2b3c4"
        outputs = {"name": physical, "arn": f"arn:aws:{args.typ.split(':')[1]}:::{args.name}", **args.inputs}
        outputs |= {
            "aws:lb/loadBalancer:LoadBalancer": {
                "dnsName": "balancer-1.eu-west-1.elb.amazonaws.com",
                "arnSuffix": "app/balancer/50dc6c495c0c9188",
            },
            "aws:lb/targetGroup:TargetGroup": {"arnSuffix": f"targetgroup/{args.name}/943f017f100becff"},
            "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 7},
            "aws:ecr/repository:Repository": {
                "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{physical}",
            },
        }.get(args.typ, {})
        return f"{args.name}-id", outputs


class RecordingMonitor(mocks.MockMonitor):
    """A mock monitor that keeps each request whole, since plain mocks show no options."""

    def __init__(self, given: mocks.Mocks, recording: Recording) -> None:
        super().__init__(given)
        self._recording = recording

    def RegisterResource(self, request: Any) -> Any:
        with _loop_of_this_thread():
            answer = super().RegisterResource(request)
        if request.type == "pulumi:pulumi:Stack":
            return answer
        timeouts = request.customTimeouts
        self._recording.resources.append(
            Recorded(
                type=request.type,
                name=request.name,
                urn=answer.urn,
                inputs=_plain(rpc.deserialize_properties(request.object)),
                provider=request.provider,
                providers=dict(request.providers),
                parent=request.parent,
                dependencies=frozenset(request.dependencies)
                | {urn for each in request.propertyDependencies.values() for urn in each.urns},
                ignore_changes=tuple(request.ignoreChanges),
                replace_on_changes=list(request.replaceOnChanges),
                replace_with=tuple(request.replace_with),
                timeouts={key: value for key in ("create", "update", "delete") if (value := getattr(timeouts, key))},
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                delete_before_replace=request.deleteBeforeReplace,
                secret_inputs=frozenset(
                    key for key, value in rpc.deserialize_properties(request.object).items() if rpc.is_rpc_secret(value)
                ),
                custom=request.custom,
            )
        )
        return answer

    def Invoke(self, request: Any) -> Any:
        with _loop_of_this_thread():
            return super().Invoke(request)


@contextlib.contextmanager
def _loop_of_this_thread() -> Generator[None]:
    """The SDK's mock monitor makes an event loop in each worker thread and never closes it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def record(
    program: Callable[[], None], *, stage: str = "dev", project: str = "shop", subnets: list[str] | None = None
) -> Recording:
    """Run a program and give what it declared.

    Args:
        program: the program, as the Automation API would run it.
        stage: name of the Pulumi stack.
        project: name of the Pulumi project.
        subnets: subnets that the existing VPC has; by default all that are asked for.
    """
    recording = Recording()

    async def run() -> None:
        given = AwsMocks(recording, subnets)
        settings.reset_options()
        mocks.set_mocks(given, project, stack=stage, preview=False, monitor=RecordingMonitor(given, recording))
        await stack_runtime.run_pulumi_func(program)
        root = settings.get_root_resource()
        assert root is not None
        for key, value in root.outputs.items():  # pyright: ignore[reportAttributeAccessIssue] - the Stack resource
            recording.exports[key] = await pulumi.Output.from_input(value).future()

    # A context of its own: the SDK keeps its settings in context variables.
    contextvars.copy_context().run(asyncio.run, run())
    return recording


def _plain(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return _plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
