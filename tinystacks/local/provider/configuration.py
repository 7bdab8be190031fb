"""What a provider instance of the engine was configured with.

Keys and their wire form: https://www.pulumi.com/registry/packages/aws/api-docs/provider/; everything that is not a
plain string travels as a string holding JSON.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.handler import PlanError
from tinystacks.local.provider.tagging import TagSettings
from tinystacks.local.provider.values import UNKNOWN, Unknown, has_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_KEYS: Final = frozenset(
    {
        *("region", "profile", "accessKey", "secretKey", "token", "stsRegion", "s3UsEast1RegionalEndpoint"),
        *("retryMode", "tagPolicyCompliance", "httpProxy", "httpsProxy", "noProxy", "customCaBundle"),
        *("ec2MetadataServiceEndpoint", "ec2MetadataServiceEndpointMode"),
    },
)
JSON_KEYS: Final = frozenset(
    {
        *("allowedAccountIds", "forbiddenAccountIds", "assumeRoles", "assumeRoleWithWebIdentity", "defaultTags"),
        *("ignoreTags", "endpoints", "skipCredentialsValidation", "skipRegionValidation", "skipMetadataApiCheck"),
        *("skipRequestingAccountId", "s3UsePathStyle", "maxRetries", "tokenBucketRateLimiterCapacity", "insecure"),
        *("useDualstackEndpoint", "useFipsEndpoint", "sharedConfigFiles", "sharedCredentialsFiles", "userAgents"),
    },
)
ENGINE_KEYS: Final = frozenset({"version", "pluginDownloadURL", "__internal", "__defaults"})
"""What the engine itself adds to a provider's inputs."""

MAX_CONNECTIONS: Final = 512
"""Connections whose settings are remembered; the engine opens one per provider instance and run."""


class AccountError(LocalAwsError):
    """The account is not one that the program allows."""

    kind = "local-aws-account"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """Settings of one provider instance.

    Attributes:
        region: default region; empty when none was given.
        allowed_account_ids: accounts that may be worked on; empty allows all.
        forbidden_account_ids: accounts that may not.
        skip_requesting_account_id: whether the account is not asked for.
        tags: default and ignored tags.
    """

    region: str = ""
    allowed_account_ids: tuple[str, ...] = ()
    forbidden_account_ids: tuple[str, ...] = ()
    skip_requesting_account_id: bool = False
    tags: TagSettings = field(default_factory=TagSettings)

    def verify_account(self, account_id: str) -> None:
        """Refuse an account that the program does not want touched.

        Raises:
            AccountError: the account is forbidden, or not among the allowed ones.
        """
        forbidden = account_id in self.forbidden_account_ids
        if forbidden or (self.allowed_account_ids and account_id not in self.allowed_account_ids):
            raise AccountError(
                f"AWS account ID not allowed: {account_id}",
                hint="Check allowedAccountIds and forbiddenAccountIds of the provider.",
            )


def settings_from(args: Mapping[str, Any]) -> ProviderSettings:
    """Settings out of the provider's inputs as they come over the wire."""
    values = {key: _decoded(key, value) for key, value in args.items()}
    ignored = cast("dict[str, Any]", values.get("ignoreTags") or {})
    default_tags = values.get("defaultTags")
    defaults: Any = UNKNOWN if isinstance(default_tags, Unknown) else _tags_of(default_tags)
    return ProviderSettings(
        region=values.get("region") or "",
        allowed_account_ids=tuple(values.get("allowedAccountIds") or ()),
        forbidden_account_ids=tuple(values.get("forbiddenAccountIds") or ()),
        skip_requesting_account_id=bool(values.get("skipRequestingAccountId")),
        tags=TagSettings(
            defaults=UNKNOWN if has_unknown(defaults) else defaults,
            ignored_keys=frozenset(ignored.get("keys") or ()),
            ignored_prefixes=tuple(ignored.get("keyPrefixes") or ()),
        ),
    )


def _tags_of(default_tags: dict[str, Any] | None) -> dict[str, Any]:
    tags: dict[str, Any] = (default_tags or {}).get("tags") or {}
    return {key: value if isinstance(value, (str, Unknown)) else json.dumps(value) for key, value in tags.items()}


def configuration_failures(news: Mapping[str, Any]) -> list[PlanError]:
    """What is wrong with a provider's inputs."""
    failures: list[PlanError] = []
    for key, value in news.items():
        if key in ENGINE_KEYS or isinstance(value, Unknown):
            continue
        if key not in TEXT_KEYS | JSON_KEYS:
            failures.append(
                PlanError(property=key, reason=f"the local AWS does not know the setting '{key}' of the aws provider"),
            )
        elif key in JSON_KEYS and isinstance(value, str) and value:
            try:
                json.loads(value)
            except ValueError as error:
                failures.append(PlanError(property=key, reason=f"could not be read as JSON: {error}"))
    if news.get("allowedAccountIds") and news.get("forbiddenAccountIds"):
        failures.append(
            PlanError(
                property="forbiddenAccountIds", reason='"forbidden_account_ids": conflicts with allowed_account_ids'
            ),
        )
    return failures


def _decoded(key: str, value: Any) -> Any:
    if key in JSON_KEYS and isinstance(value, str):
        return json.loads(value) if value else None
    return value


class Connections:
    """Settings and cancellation per connection of an engine.

    The engine opens one connection per provider instance, and several engines may be attached at once, so nothing may
    be kept per process. A connection that was opened anew without being configured falls back to the latest settings.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settings: OrderedDict[str, ProviderSettings] = OrderedDict()
        self._cancelled: OrderedDict[str, threading.Event] = OrderedDict()

    def configure(self, peer: str, settings: ProviderSettings) -> None:
        """Remember the settings of a connection."""
        with self._lock:
            self._settings[peer] = settings
            self._settings.move_to_end(peer)
            # A port can come back with another engine, which has not cancelled anything yet.
            self._cancelled[peer] = threading.Event()
            for remembered in (self._settings, self._cancelled):
                while len(remembered) > MAX_CONNECTIONS:
                    remembered.popitem(last=False)

    def settings(self, peer: str) -> ProviderSettings:
        """Settings of a connection, or the latest ones of all."""
        with self._lock:
            if peer in self._settings:
                return self._settings[peer]
            return next(reversed(self._settings.values())) if self._settings else ProviderSettings()

    def cancelled(self, peer: str) -> threading.Event:
        """Set once the engine behind a connection wants everything to end."""
        with self._lock:
            return self._cancelled.setdefault(peer, threading.Event())
