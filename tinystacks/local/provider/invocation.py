"""One call of a provider function, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.provider.clients import Clients
    from tinystacks.local.provider.configuration import ProviderSettings


class InvokeError(LocalAwsError):
    """A data source found nothing, too much, or was asked wrongly."""

    kind = "local-aws-invoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call of a function.

    Attributes:
        token: such as `aws:ec2/getVpc:getVpc`.
        args: its arguments.
        settings: what the provider instance was configured with.
        clients: clients at the local AWS.
    """

    token: str
    args: Mapping[str, Any]
    settings: ProviderSettings
    clients: Clients

    @property
    def region(self) -> str:
        """The region asked for: the call's own or the provider's."""
        return self.args.get("region") or self.settings.region or "us-east-1"

    def client(self, service: str) -> Any:
        """A client of this call's region."""
        return self.clients.client(service, self.region)

    def only(self, found: list[Any], what: str) -> Any:
        """The one match of a data source that wants exactly one.

        Raises:
            InvokeError: there is none, or there are several.
        """
        if not found:
            raise InvokeError(f"invoking {self.token}: no matching {what} found")
        if len(found) > 1:
            raise InvokeError(
                f"invoking {self.token}: multiple {what}s matched; use additional constraints to reduce matches to a "
                f"single {what}",
            )
        return found[0]
