"""What the engine asks for one resource, from plain inputs to plain state: everything but the wire.

Check and Diff are answered from the tables alone and call nothing, so a preview is quick. Create, read, update and
delete go through the type's handler.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tinystacks.errors import TinystacksError
from tinystacks.local.provider import checking, diffing, state_inputs
from tinystacks.local.provider.checking import CheckContext, without_defaults_key
from tinystacks.local.provider.errors_text import operation_failed
from tinystacks.local.provider.given_inputs import known_after_update, name_from_prefix, shown_name, unignored
from tinystacks.local.provider.handler import Call, CreatedButFailedError, PlanError
from tinystacks.local.provider.handlers import UnknownTypeError, handler_for
from tinystacks.local.provider.outcomes import InitFailedError, OperationError, Reading
from tinystacks.local.provider.tables import ResourceTable, resource_tables
from tinystacks.local.provider.values import has_unknown

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from tinystacks.local.provider.clients import Clients
    from tinystacks.local.provider.configuration import ProviderSettings
    from tinystacks.local.provider.naming import Autonaming

DEFAULT_REGION: Final = "us-east-1"
PLANNING_SECONDS: Final = 30.0
IMPORT_REGION: Final = re.compile(r"^(?P<id>.+)@(?P<region>[a-z]{2,5}(-[a-z]+)+-\d{1,2})$")
"""An import id may name the region, as Pulumi's `aws` 7 and later take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource in one call of the engine.

    Attributes:
        urn: its URN.
        token: its type.
        settings: what its provider instance was configured with.
        clients: clients at the local AWS.
        cancelled: set when the engine wants everything to end.
        timeout: `customTimeouts` in seconds; 0 for the type's own.
    """

    urn: str
    token: str
    settings: ProviderSettings
    clients: Clients
    cancelled: threading.Event
    timeout: float = 0.0

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def table(self) -> ResourceTable:
        """The type's rules.

        Raises:
            UnknownTypeError: the local AWS has no such type.
        """
        table = resource_tables().get(self.token)
        if table is None:
            handler_for(self.token)  # says what to do
            raise UnknownTypeError(f"the local AWS does not know {self.token}")
        return table

    def check(
        self,
        olds: Mapping[str, Any],
        news: Mapping[str, Any],
        *,
        seed: bytes,
        autonaming: Autonaming | None,
    ) -> tuple[dict[str, Any], list[PlanError]]:
        """Checked inputs and everything that is wrong with them."""
        table = self.table
        inputs, failures = checking.check(
            table,
            olds,
            news,
            CheckContext(
                logical_name=self.name,
                region=self.settings.region,
                tags=self.settings.tags,
                seed=seed,
                autonaming=autonaming,
            ),
        )
        return inputs, failures or self._plan_errors(None, inputs)

    def diff(
        self,
        state: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        ignore_changes: Sequence[str] = (),
    ) -> diffing.Plan:
        """What an update to `inputs` would change.

        Raises:
            OperationError: the real provider refuses this change already in the preview.
        """
        table = self.table
        errors = self._plan_errors(state, unignored(self.table, state, inputs, ignore_changes))
        if errors:
            raise OperationError("; ".join(error.reason for error in errors))
        return diffing.plan(
            table,
            self._with_region(state),
            inputs,
            ignore_changes=ignore_changes,
            replace_keys=self._replace_keys(state, inputs),
        )

    def create(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make it; its id and state.

        Raises:
            OperationError: AWS refused, or it did not become ready in time.
        """
        table, handler = self.table, handler_for(self.token)
        plain = without_defaults_key(inputs)
        name_from_prefix(table, plain)
        call = self._call(table.timeout("create"), plain)
        name = shown_name(table, plain)
        try:
            resource_id = handler.create(call, dict(plain))
        except CreatedButFailedError as error:
            raise InitFailedError(
                operation_failed("creating", table, name, error),
                resource_id=error.resource_id,
                state=self._state_after_failure(call, error.resource_id, plain),
            ) from error
        except Exception as error:
            raise OperationError(operation_failed("creating", table, name, error)) from error
        try:
            state = self._read_state(call, resource_id, plain)
        except OperationError as error:
            # Its id is known by then, so the real provider leaves it in the state.
            left = self._state_after_failure(call, resource_id, plain)
            raise InitFailedError(str(error), resource_id=resource_id, state=left) from error
        if state is None:
            raise OperationError(f"reading {table.title} ({resource_id}): couldn't find resource")
        return resource_id, state

    def read(self, given_id: str, state: Mapping[str, Any], inputs: Mapping[str, Any] | None) -> Reading | None:
        """What it is now; None when it is gone.

        Args:
            given_id: the state's id, or an import id when `state` is empty.
            state: last known outputs; empty at an import.
            inputs: last known inputs; None at an import.

        Raises:
            OperationError: AWS refused.
        """
        table, handler = self.table, handler_for(self.token)
        importing = not state
        known: dict[str, Any] = {**without_defaults_key(inputs or {}), **state}
        resource_id = given_id
        if importing and (match := IMPORT_REGION.match(given_id)) and table.regional:
            resource_id, known["region"] = match["id"], match["region"]
        call = self._call(table.timeout("read"), known)
        if importing:
            known = {}
            translate = getattr(handler, "import_id", None)
            if translate is not None:
                try:
                    resource_id = translate(call, resource_id)
                except Exception as error:
                    raise OperationError(operation_failed("importing", table, resource_id, error)) from error
        found = self._read_state(call, resource_id, known)
        if found is None:
            return None
        return Reading(
            resource_id=resource_id,
            state=found,
            inputs=state_inputs.inputs_from_state(table, found, inputs if state else None),
        )

    def update(
        self,
        resource_id: str,
        state: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        ignore_changes: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Bring it to new inputs; its state afterwards.

        Raises:
            OperationError: AWS refused, or it did not become ready in time.
        """
        table, handler = self.table, handler_for(self.token)
        changed = diffing.plan(table, self._with_region(state), inputs, ignore_changes=ignore_changes).changed
        plain = without_defaults_key(unignored(self.table, state, inputs, ignore_changes))
        call = self._call(table.timeout("update"), plain)
        try:
            handler.update(call, resource_id, self._read_once(call, resource_id, state), dict(plain), changed)
        except Exception as error:
            failed = operation_failed("updating", table, resource_id, error)
            raise InitFailedError(
                failed,
                resource_id=resource_id,
                state=self._state_after_failure(call, resource_id, {**state, **plain}) or state,
            ) from error
        found = self._read_state(call, resource_id, known_after_update(table, state, plain))
        if found is None:
            raise OperationError(f"reading {table.title} ({resource_id}): couldn't find resource")
        return found

    def delete(self, resource_id: str, state: Mapping[str, Any]) -> None:
        """Remove it.

        Raises:
            OperationError: AWS refused, or it was not gone in time.
        """
        table, handler = self.table, handler_for(self.token)
        call = self._call(table.timeout("delete"), state)
        try:
            handler.delete(call, resource_id, dict(state))
        except Exception as error:
            raise OperationError(operation_failed("deleting", table, resource_id, error)) from error

    def planned_create(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """State that a preview foresees for a new resource."""
        return state_inputs.planned_create(self.table, inputs)

    def planned_update(
        self,
        state: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        ignore_changes: Sequence[str] = (),
    ) -> dict[str, Any]:
        """State that a preview foresees for a changed resource."""
        changed = diffing.plan(self.table, self._with_region(state), inputs, ignore_changes=ignore_changes).changed
        wanted = unignored(self.table, state, inputs, ignore_changes)
        return state_inputs.planned_update(self.table, state, wanted, changed)

    def _call(self, timeout: float, properties: Mapping[str, Any], *, planning: bool = False) -> Call:
        # Planning asks nothing of AWS, so not even for the account.
        account_id, partition = ("", "aws") if planning else self.clients.account()
        region = properties.get("region") if isinstance(properties.get("region"), str) else None
        here = region or self.settings.region or DEFAULT_REGION
        return Call(
            clients=lambda service: self.clients.client(service, here),
            region=here,
            account_id=account_id,
            partition=partition,
            urn=self.urn,
            timeout_seconds=self.timeout or timeout,
            cancelled=self.cancelled,
        )

    def _read_once(self, call: Call, resource_id: str, state: Mapping[str, Any]) -> dict[str, Any]:
        """Complete the state of a resource that was made and never read, which holds no more than was asked for."""
        if "arn" not in self.table.properties or "arn" in state:
            return dict(state)
        return {**(self._read_state(call, resource_id, state) or {}), **state}

    def _read_state(self, call: Call, resource_id: str, known: Mapping[str, Any]) -> dict[str, Any] | None:
        table = self.table
        try:
            found = handler_for(self.token).read(call, resource_id, dict(known))
        except Exception as error:
            raise OperationError(operation_failed("reading", table, resource_id, error)) from error
        if found is None:
            return None
        return state_inputs.completed_state(
            table,
            found,
            known,
            resource_id=resource_id,
            region=call.region,
            tags=self.settings.tags,
        )

    def _state_after_failure(self, call: Call, resource_id: str, known: Mapping[str, Any]) -> dict[str, Any]:
        """State of a resource whose operation failed midway; what was asked for when it cannot be read."""
        unhurried = dataclasses.replace(call, timeout_seconds=min(call.timeout_seconds, 30.0))
        try:
            return self._read_state(unhurried, resource_id, known) or dict(known)
        except TinystacksError:
            return dict(known)

    def _plan_errors(self, state: Mapping[str, Any] | None, inputs: Mapping[str, Any]) -> list[PlanError]:
        refuse = getattr(handler_for(self.token), "plan", None)
        if refuse is None or has_unknown(inputs):
            return []  # the Check of the update, where all is known, asks again
        plain = without_defaults_key(inputs)
        return refuse(self._call(PLANNING_SECONDS, plain, planning=True), None if state is None else dict(state), plain)

    def _replace_keys(self, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> frozenset[str]:
        decide = getattr(handler_for(self.token), "replace_keys", None)
        if decide is None:
            return frozenset()
        # What is not known yet cannot be looked at by a handler; the table decides about such properties alone.
        known = {name: value for name, value in inputs.items() if not has_unknown(value)}
        return decide(dict(state), without_defaults_key(known))

    def _with_region(self, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """States of older versions have no region: that is the provider's, and no change."""
        if not self.table.regional or state.get("region"):
            return state
        return {**state, "region": self.settings.region or DEFAULT_REGION}
