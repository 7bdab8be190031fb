"""ECS and Application Auto Scaling on a real HTTP port, over a small world that moves on with every request."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from werkzeug.serving import make_server

from tests.fakes.small_world import SmallSurroundings, SmallWorld
from tinystacks.controlplane.errors import EcsError
from tinystacks.local.appautoscaling_api.app import AppAutoscalingApi
from tinystacks.local.ecs_api.app import EcsApi
from tinystacks.local.json_api.wsgi import JsonEndpoint
from tinystacks.local.planes import PlaneRegistry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from wsgiref.types import StartResponse, WSGIEnvironment

    from tinystacks.local.json_api.service import Service

REGION = "us-east-1"
GROUP_ARN = (
    "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:6f0b4f5c-0000-4000-8000-000000000000:"
    "autoScalingGroupName/group"
)


CODES_OF_EVERY_OPERATION = {
    "SerializationException",
    "UnknownOperationException",
    "UnsupportedFeatureException",
    "ValidationException",
}
CODES_SEEN = {"DeleteService": {"ServiceNotActiveException"}}  # rule A3: the model does not list what was seen


class ModelledApi(Protocol):
    """An API with its botocore model."""

    @property
    def target_prefix(self) -> str: ...

    @property
    def internal_error(self) -> str: ...

    @property
    def model(self) -> Service: ...

    def handle(self, operation: str, region: str, body: dict[str, Any]) -> dict[str, Any]: ...


class Checked:
    """An API whose answers, errors included, are held against the service's model."""

    def __init__(self, api: ModelledApi, misfits: list[str]) -> None:
        self._api = api
        self._misfits = misfits
        self.target_prefix = api.target_prefix
        self.internal_error = api.internal_error
        self.model = api.model
        self.answered: set[str] = set()

    def handle(self, operation: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._api.handle(operation, region, body)
        except EcsError as error:
            listed = self.model.error_codes(operation) if operation in self.model.operations else frozenset[str]()
            allowed = listed | CODES_OF_EVERY_OPERATION | CODES_SEEN.get(operation, set())
            if operation in self.model.operations and error.code not in allowed:
                self._misfits.append(f"{operation} never answers {error.code}: {error.message}")
            raise
        except Exception as error:
            self._misfits.append(f"{operation} fell over: {error!r}")
            raise
        self.answered.add(operation)
        self._misfits += [f"{operation}: {finding}" for finding in self.model.response_findings(operation, answer)]
        return answer


class OfflineEcs:
    """Both APIs over a small world, without a port."""

    def __init__(self) -> None:
        self.planes = PlaneRegistry(surroundings=lambda _: SmallSurroundings(), clock=lambda: 1_800_000_000.0)
        self.misfits: list[str] = []
        self.ecs = Checked(EcsApi(self.planes), self.misfits)
        self.scaling = Checked(AppAutoscalingApi(self.planes), self.misfits)
        with self.planes.locked(REGION) as plane:
            self.world = SmallWorld(plane=plane)

    def api(self, service: str) -> Checked:
        """Give an API by botocore's name of the service."""
        return self.ecs if service == "ecs" else self.scaling

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        with self.planes.locked(REGION):
            self.world.advance(seconds)

    def prepare(self, *, instances: int = 3) -> None:
        """Make the cluster `main` with a capacity provider over a group of instances, and the task definition `web`."""
        with self.planes.locked(REGION) as plane:
            plane.group_observed(GROUP_ARN, name="group", minimum=0, maximum=10, desired=instances)
        provider = {"autoScalingGroupArn": GROUP_ARN, "managedScaling": {"status": "ENABLED"}}
        strategy = [{"capacityProvider": "provider", "weight": 1, "base": 0}]
        for operation, body in (
            ("CreateCapacityProvider", {"name": "provider", "autoScalingGroupProvider": provider}),
            (
                "CreateCluster",
                {
                    "clusterName": "main",
                    "capacityProviders": ["provider"],
                    "defaultCapacityProviderStrategy": strategy,
                },
            ),
            ("RegisterTaskDefinition", web_task_definition()),
        ):
            self.ecs.handle(operation, REGION, body)
        self.advance(120)
        with self.planes.locked(REGION):
            self.world.launch(GROUP_ARN, instances)
        self.advance(60)


class EcsServer(OfflineEcs):
    """A server on 127.0.0.1; `seconds_per_request` simulated seconds pass before each request is answered.

    When it closes, every answer must have fitted the services' models.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seconds_per_request = 0.0
        self._endpoint = JsonEndpoint([self.ecs, self.scaling])
        self._server = make_server("127.0.0.1", 0, self._application, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert not self.misfits, "\n".join(self.misfits)

    def _application(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.seconds_per_request:
            self.advance(self.seconds_per_request)
        return self._endpoint(environ, start_response)

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which a program of AWS's SDKs talks to this server and finds nobody's settings."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, region: str = REGION) -> Any:
        """Make a real boto3 client; it validates what it sends and refuses what it cannot parse."""
        return cast("Any", boto3).client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}),
        )


def web_task_definition(*, image: str = "web:1", family: str = "web") -> dict[str, Any]:
    """Give a bridge-mode task definition of one container."""
    container = {
        "name": "web",
        "image": image,
        "cpu": 128,
        "memory": 256,
        "portMappings": [{"containerPort": 80, "hostPort": 0}],
    }
    return {"family": family, "networkMode": "bridge", "containerDefinitions": [container]}


def codes(call: Any, **arguments: Any) -> tuple[str, str]:
    """Call something that must be refused; give the error's code and message."""
    try:
        call(**arguments)
    except ClientError as error:
        response = cast("Any", error.response)
        return response["Error"]["Code"], response["Error"]["Message"]
    raise AssertionError(call)


def names(arns: Sequence[str]) -> list[str]:
    """Give the last parts of ARNs."""
    return [arn.rpartition("/")[2] for arn in arns]
