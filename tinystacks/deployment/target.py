"""Where a stage is deployed to: an AWS account, or the local AWS (which has a target of the same shape)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import CredentialsError
from tinystacks.kept_clients import KeptClients

if TYPE_CHECKING:
    from collections.abc import Mapping


@runtime_checkable
class Target(Protocol):
    """One account and region, real or local.

    Attributes:
        name: `aws` or `local`.
        region: AWS region.
        profile: name of the AWS profile; none for the default.
        build_engine: socket of the container engine that has to hold what is built; empty for any; none where images
            are not needed.
        one_off_variables: environment variables of tasks that run once.
    """

    @property
    def name(self) -> str:
        """`aws` or `local`."""
        ...

    @property
    def region(self) -> str:
        """AWS region."""
        ...

    @property
    def profile(self) -> str | None:
        """Name of the AWS profile; none for the default."""
        ...

    @property
    def build_engine(self) -> str | None:
        """Socket of the engine that has to hold what is built; empty for any; none where no image is needed."""
        ...

    @property
    def one_off_variables(self) -> Mapping[str, str]:
        """Environment variables of tasks that run once."""
        ...

    def account_id(self) -> str:
        """Ask for the account that the credentials belong to.

        Raises:
            CredentialsError: there are none, or AWS refuses them.
        """
        ...

    def client(self, service: str) -> Any:
        """Give a boto3 client of the service in this region."""
        ...

    def environment(self) -> Mapping[str, str]:
        """Give the environment variables that the engine and its providers need."""
        ...

    def provider_arguments(self) -> Mapping[str, Any]:
        """Give arguments of the explicit AWS provider beyond region and allowed accounts."""
        ...

    def identity(self) -> str:
        """Name what the target is, to compare with the stage's record.

        `aws:ACCOUNT:REGION` or `local:INSTANCE:REGION`, where an instance is one life of the local AWS.
        """
        ...


class AwsTarget:
    """An AWS account and region.

    Args:
        region: AWS region, such as `eu-west-1`.
        profile: name of the AWS profile; by default what boto3's credential chain finds.
    """

    name = "aws"
    build_engine = ""

    def __init__(self, *, region: str, profile: str | None = None) -> None:
        self.region = region
        self.profile = profile
        self._account: str | None = None
        self._session: Any = None
        self._clients = KeptClients(self._new_client)

    @property
    def one_off_variables(self) -> Mapping[str, str]:
        """None: a container ends when its program does."""
        return {}

    def account_id(self) -> str:
        """Ask STS whose credentials these are; once per object.

        Raises:
            CredentialsError: there are none, they have expired, or AWS refuses them.
        """
        if self._account is None:
            self._account = self._ask_account()
        return self._account

    def client(self, service: str) -> Any:
        """Give a boto3 client of the service in this region, the same one each time."""
        return self._clients(service)

    def environment(self) -> Mapping[str, str]:
        """Give region and profile to the engine; it reads the credentials itself, as boto3 does."""
        variables = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        if self.profile:
            variables["AWS_PROFILE"] = self.profile
        return variables

    def provider_arguments(self) -> Mapping[str, Any]:
        """Give the profile only: keys given to a provider would be kept in the state (trap A12)."""
        return {"profile": self.profile} if self.profile else {}

    def identity(self) -> str:
        """Give `aws:ACCOUNT:REGION`."""
        return f"aws:{self.account_id()}:{self.region}"

    def _new_client(self, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - boto3 is loaded on first use only

        # Standard mode retries throttling and passing faults with backoff (botocore guide, "Retries").
        config = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60)
        return self._boto3_session().client(service, config=config)

    def _boto3_session(self) -> Any:
        import boto3  # noqa: PLC0415 - boto3 is loaded on first use only

        if self._session is None:
            with aws_errors("sts"):
                self._session = boto3.Session(region_name=self.region, profile_name=self.profile)
        return self._session

    def _ask_account(self) -> str:
        with aws_errors("sts", "who is signed in"):
            return str(self.client("sts").get_caller_identity()["Account"])


def configured_region(profile: str | None) -> str:
    """Read the region from the environment or the profile, as every AWS tool does.

    Args:
        profile: AWS profile; the default one when none is given.

    Raises:
        CredentialsError: none is named, there is no such profile, or the AWS settings cannot be read.
    """
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if os.environ.get(variable):
            return os.environ[variable]
    import botocore.session  # noqa: PLC0415 - only when nothing nearer names a region

    with aws_errors("sts", "which region"):
        region = botocore.session.Session(profile=profile).get_config_variable("region")
    if not region:
        raise CredentialsError(
            "no AWS region is known", hint="Name one with --region, as `region:` in the file, or in AWS_REGION."
        )
    return str(region)
