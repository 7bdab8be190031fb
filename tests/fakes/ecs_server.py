"""ECS and Application Auto Scaling on a real HTTP port, over a small world that moves on with every request."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from werkzeug.serving import make_server

from tests.fakes.small_world import SmallSurroundings, SmallWorld
from tinystacks.local.appautoscaling_api.app import AppAutoscalingApi
from tinystacks.local.ecs_api.app import EcsApi
from tinystacks.local.json_api.wsgi import JsonEndpoint
from tinystacks.local.planes import PlaneRegistry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

REGION = "us-east-1"
GROUP_ARN = (
    "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:6f0b4f5c-0000-4000-8000-000000000000:"
    "autoScalingGroupName/group"
)


class EcsServer:
    """A server on 127.0.0.1; `seconds_per_request` simulated seconds pass before each request is answered."""

    def __init__(self) -> None:
        self.seconds_per_request = 0.0
        self.planes = PlaneRegistry(surroundings=lambda _: SmallSurroundings(), clock=lambda: 1_800_000_000.0)
        self.ecs = EcsApi(self.planes)
        self.scaling = AppAutoscalingApi(self.planes)
        self._endpoint = JsonEndpoint([self.ecs, self.scaling])
        with self.planes.locked(REGION) as plane:
            self.world = SmallWorld(plane=plane)
        self._server = make_server("127.0.0.1", 0, self._application, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> EcsServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _application(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.seconds_per_request:
            self.advance(self.seconds_per_request)
        return self._endpoint(environ, start_response)

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        with self.planes.locked(REGION):
            self.world.advance(seconds)

    def client(self, service: str, region: str = REGION) -> Any:
        """Make a real boto3 client; it validates what it sends and refuses what it cannot parse."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}),
        )
