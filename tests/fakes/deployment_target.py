"""A target whose account is what a test says, with clients that a test gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tinystacks.errors import CredentialsError


class NoSuchEntityError(Exception):
    """As botocore makes it."""


class InvalidInputError(Exception):
    """As botocore makes it."""


class _IamExceptions:
    NoSuchEntityException = NoSuchEntityError
    InvalidInputException = InvalidInputError


_ROLES = {
    "ecs.amazonaws.com": ["AWSServiceRoleForECS"],
    "elasticloadbalancing.amazonaws.com": ["AWSServiceRoleForElasticLoadBalancing"],
    "ecs.application-autoscaling.amazonaws.com": ["AWSServiceRoleForApplicationAutoScaling_ECSService"],
    "autoscaling.amazonaws.com": ["AWSServiceRoleForAutoScaling"],
}


@dataclass
class FakeIam:
    """IAM's service-linked roles."""

    roles: set[str] = field(default_factory=set)
    made: list[str] = field(default_factory=list)
    exceptions = _IamExceptions

    def get_role(self, *, RoleName):
        if RoleName not in self.roles:
            raise NoSuchEntityError(RoleName)
        return {"Role": {"RoleName": RoleName}}

    def create_service_linked_role(self, *, AWSServiceName):
        self.made.append(AWSServiceName)
        self.roles.update(_ROLES.get(AWSServiceName, ()))

    def get_paginator(self, operation):
        return EmptyPages()


class FakeSsm:
    """SSM's public parameters."""

    def __init__(self, image: str = "ami-0123456789abcdef0") -> None:
        self.image = image
        self.asked: list[str] = []

    def get_parameter(self, *, Name):
        self.asked.append(Name)
        return {"Parameter": {"Value": self.image}}


class EmptyPages:
    """A paginator of a list with nothing in it."""

    def paginate(self, **_arguments):
        return [{}]


class EmptyService:
    """A service of an account in which nothing exists."""

    def get_paginator(self, operation):
        return EmptyPages()

    def describe_clusters(self, **_arguments):
        return {"clusters": []}

    def describe_capacity_providers(self, **_arguments):
        return {"capacityProviders": []}

    def describe_services(self, **_arguments):
        return {"services": []}


@dataclass
class FakeTarget:
    """An account, or a life of the local AWS."""

    name: str = "aws"
    region: str = "eu-west-1"
    profile: str | None = None
    account: str | None = "123456789012"
    instance: str = "life-1"
    variables: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)
    build_engine: str | None = None
    one_off_variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clients.setdefault("iam", FakeIam())
        self.clients.setdefault("ssm", FakeSsm())

    def account_id(self) -> str:
        if self.account is None:
            raise CredentialsError("no AWS credentials were found", hint="Sign in.")
        return self.account

    def client(self, service: str) -> Any:
        return self.clients.get(service) or EmptyService()

    def environment(self) -> dict[str, str]:
        return self.variables

    def provider_arguments(self) -> dict[str, Any]:
        return {}

    def identity(self) -> str:
        return f"{self.name}:{self.account_id() if self.name == 'aws' else self.instance}:{self.region}"
