"""The operations on account settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinystacks.local.ecs_api.call import Call, Operation
    from tinystacks.local.ecs_api.shapes.common import Shape


def _put(call: Call) -> Shape:
    body = call.body
    return {"setting": call.account_settings.put(body["name"], body["value"], body.get("principalArn", ""))}


def _delete(call: Call) -> Shape:
    return {"setting": call.account_settings.delete(call.body["name"], call.body.get("principalArn", ""))}


def _list(call: Call) -> Shape:
    name, value = call.body.get("name"), call.body.get("value")
    settings = (
        setting
        for setting in call.account_settings.listed(
            call.body.get("principalArn", ""), effective=call.body.get("effectiveSettings", False)
        )
        if name in {None, setting["name"]} and value in {None, setting["value"]}
    )
    page, token = call.page(settings, key=lambda setting: (setting["name"],), size=10)
    return {"settings": page} | token


OPERATIONS: dict[str, Operation] = {
    "DeleteAccountSetting": _delete,
    "ListAccountSettings": _list,
    "PutAccountSetting": _put,
    "PutAccountSettingDefault": _put,
}
