"""`aws:route53/record:Record`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import ignoring
from tinystacks.local.provider.forms import blocks

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs

NOT_HERE: Final = ("geoproximityRoutingPolicy", "cidrRoutingPolicy")
TEXT_TYPES: Final = frozenset({"TXT", "SPF"})
"""Types whose values AWS wants in quotes, which programs leave out."""


class RecordHandler:
    """A record set; its id is `zone_name_type[_set identifier]`."""

    token: ClassVar[str] = "aws:route53/record:Record"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """ChangeResourceRecordSets: CREATE, or UPSERT with `allowOverwrite`."""
        for name in NOT_HERE:
            if inputs.get(name):
                raise LocalAwsError(f"the local AWS does not know '{name}' of Route 53 records")
        action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
        _change(call, inputs["zoneId"], [(action, _record_set(call, inputs))])
        return _record_id(inputs)

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """ListResourceRecordSets from the name on."""
        wanted = state or _parsed_id(resource_id)
        route53 = call.clients("route53")
        try:
            fqdn = _full_name(call, wanted)
            pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=wanted["zoneId"])
            records = [entry for page in pages for entry in page["ResourceRecordSets"]]
        except route53.exceptions.NoSuchHostedZone:
            return None
        found = next((entry for entry in records if _matches(entry, fqdn, wanted)), None)
        return None if found is None else _read(found, fqdn, wanted)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """UPSERT; another type or set identifier is DELETE and CREATE in one batch."""
        del resource_id
        if changed & {"type", "setIdentifier"}:
            changes = [("DELETE", _record_set(call, old)), ("CREATE", _record_set(call, new))]
        else:
            changes = [("UPSERT", _record_set(call, new))]
        _change(call, new["zoneId"], changes)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DELETE with the values that AWS has now."""
        wanted = state or _parsed_id(resource_id)
        current = self.read(call, resource_id, wanted)
        if current is None:
            return
        with ignoring("NoSuchHostedZone", "InvalidChangeBatch"):
            _change(call, wanted["zoneId"], [("DELETE", _record_set(call, {**wanted, **current}))])


def _change(call: Call, zone: str, changes: list[tuple[str, dict[str, Any]]]) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
    call.clients("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def _record_id(inputs: Inputs) -> str:
    parts = [inputs["zoneId"], inputs["name"].lower().removesuffix("."), inputs["type"]]
    return "_".join([*parts, *([inputs["setIdentifier"]] if inputs.get("setIdentifier") else [])])


def _parsed_id(resource_id: str) -> Inputs:
    zone, rest = resource_id.split("_", 1)
    name, _, kind = rest.rpartition("_")
    if not kind.isupper() and "_" in name:  # the last part is a set identifier
        name, _, kind_before = name.rpartition("_")
        return {"zoneId": zone, "name": name, "type": kind_before, "setIdentifier": kind}
    return {"zoneId": zone, "name": name, "type": kind}


def _full_name(call: Call, inputs: Inputs) -> str:
    name = inputs["name"].lower().removesuffix(".")
    zone = call.clients("route53").get_hosted_zone(Id=inputs["zoneId"])["HostedZone"]["Name"].removesuffix(".")
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}".removeprefix(".")


def _record_set(call: Call, inputs: Inputs) -> dict[str, Any]:
    record: dict[str, Any] = {"Name": f"{_full_name(call, inputs)}.", "Type": inputs["type"]}
    aliases = inputs.get("aliases")
    if aliases:
        record["AliasTarget"] = {
            "HostedZoneId": aliases[0]["zoneId"],
            "DNSName": aliases[0]["name"],
            "EvaluateTargetHealth": aliases[0]["evaluateTargetHealth"],
        }
    else:
        record["TTL"] = inputs["ttl"]
        record["ResourceRecords"] = [{"Value": _quoted(inputs["type"], value)} for value in inputs["records"]]
    if inputs.get("setIdentifier"):
        record["SetIdentifier"] = inputs["setIdentifier"]
    if inputs.get("healthCheckId"):
        record["HealthCheckId"] = inputs["healthCheckId"]
    return record | _routing(inputs)


def _routing(inputs: Inputs) -> dict[str, Any]:
    def only(name: str) -> Inputs | None:
        policies = inputs.get(name)
        return policies[0] if policies else None

    routing: dict[str, Any] = {}
    if weighted := only("weightedRoutingPolicies"):
        routing["Weight"] = weighted["weight"]
    if latency := only("latencyRoutingPolicies"):
        routing["Region"] = latency["region"]
    if failover := only("failoverRoutingPolicies"):
        routing["Failover"] = failover["type"]
    if place := only("geolocationRoutingPolicies"):
        names = {"continent": "ContinentCode", "country": "CountryCode", "subdivision": "SubdivisionCode"}
        routing["GeoLocation"] = {names[key]: value for key, value in place.items() if key in names and value}
    if inputs.get("multivalueAnswerRoutingPolicy"):
        routing["MultiValueAnswer"] = True
    return routing


def _matches(record: dict[str, Any], fqdn: str, wanted: Inputs) -> bool:
    name = record["Name"].replace("\\052", "*").lower().removesuffix(".")
    return (
        name == fqdn
        and record["Type"] == wanted["type"]
        and record.get("SetIdentifier") == (wanted.get("setIdentifier") or None)
    )


def _read(record: dict[str, Any], fqdn: str, wanted: Inputs) -> Inputs:
    alias = record.get("AliasTarget")
    read: Inputs = {
        "fqdn": fqdn,
        "name": wanted["name"] if wanted.get("name") else fqdn,
        "zoneId": wanted["zoneId"],
        "type": record["Type"],
        "setIdentifier": record.get("SetIdentifier"),
        "healthCheckId": record.get("HealthCheckId"),
        "multivalueAnswerRoutingPolicy": record.get("MultiValueAnswer"),
    }
    if alias:
        read["aliases"] = [
            {
                "name": alias["DNSName"].lower().removesuffix("."),
                "zoneId": alias["HostedZoneId"],
                "evaluateTargetHealth": alias["EvaluateTargetHealth"],
            },
        ]
    else:
        read["ttl"] = record.get("TTL")
        values = [entry["Value"] for entry in blocks(record.get("ResourceRecords"))]
        read["records"] = [value.strip('"') if record["Type"] in TEXT_TYPES else value for value in values]
    if "Weight" in record:
        read["weightedRoutingPolicies"] = [{"weight": record["Weight"]}]
    if "Region" in record:
        read["latencyRoutingPolicies"] = [{"region": record["Region"]}]
    if "Failover" in record:
        read["failoverRoutingPolicies"] = [{"type": record["Failover"]}]
    if "GeoLocation" in record:
        names = {"ContinentCode": "continent", "CountryCode": "country", "SubdivisionCode": "subdivision"}
        read["geolocationRoutingPolicies"] = [{names[key]: value for key, value in record["GeoLocation"].items()}]
    return read


def _quoted(kind: str, value: str) -> str:
    return f'"{value}"' if kind in TEXT_TYPES and not value.startswith('"') else value
