"""`aws:acm/certificate:Certificate`."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import ignoring, passing
from tinystacks.local.provider.ec2_tags import changed_tags, tag_list, tag_map
from tinystacks.local.provider.forms import block, blocks, present
from tinystacks.local.provider.handler import Call, Inputs, polling, tried_until

RECORDS_SECONDS: Final = 300.0
"""How long the real provider waits for the validation records."""

IN_USE_SECONDS: Final = 60.0
"""How long a certificate may still be used by a listener that is going; the real provider waits 20 minutes."""


class CertificateHandler:
    """A certificate, requested or imported; its id is the ARN."""

    token: ClassVar[str] = "aws:acm/certificate:Certificate"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """RequestCertificate or ImportCertificate; waits for the validation records, never for the issue."""
        if inputs.get("certificateAuthorityArn") or inputs.get("earlyRenewalDuration"):
            raise LocalAwsError("the local AWS does not know private certificate authorities")
        acm, tags = call.clients("acm"), tag_list(inputs.get("tagsAll"))
        if inputs.get("privateKey"):
            return _import(acm, inputs, **({"Tags": tags} if tags else {}))
        optional: dict[str, Any] = {
            "SubjectAlternativeNames": inputs.get("subjectAlternativeNames") or None,
            "ValidationMethod": inputs.get("validationMethod"),
            "KeyAlgorithm": inputs.get("keyAlgorithm"),
            "Tags": tags or None,
            "Options": _options(inputs),
            "DomainValidationOptions": [
                {"DomainName": entry["domainName"], "ValidationDomain": entry["validationDomain"]}
                for entry in blocks(inputs.get("validationOptions"))
            ]
            or None,
        }
        arn = acm.request_certificate(
            DomainName=inputs["domainName"],
            **present(optional),
        )["CertificateArn"]
        if inputs.get("validationMethod") == "DNS":
            polling(
                call,
                lambda: _has_records(acm, arn),
                until=f"ACM Certificate ({arn}) to have its validation records",
                timeout_seconds=RECORDS_SECONDS,
            )
        return arn

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """DescribeCertificate and its tags."""
        acm = call.clients("acm")
        try:
            found = acm.describe_certificate(CertificateArn=resource_id)["Certificate"]
        except acm.exceptions.ResourceNotFoundException:
            return None
        if found.get("Status") == "VALIDATION_TIMED_OUT":
            return None
        validations: list[dict[str, Any]] = found.get("DomainValidationOptions") or []
        records = {entry["DomainName"]: entry.get("ResourceRecord") for entry in validations}
        return {
            "arn": resource_id,
            "domainName": found.get("DomainName"),
            "domainValidationOptions": [
                {
                    "domainName": domain,
                    "resourceRecordName": record["Name"],
                    "resourceRecordType": record["Type"],
                    "resourceRecordValue": record["Value"],
                }
                for domain, record in records.items()
                if record
            ],
            "keyAlgorithm": found.get("KeyAlgorithm", "RSA_2048").replace("-", "_"),
            "notAfter": _instant(found.get("NotAfter")),
            "notBefore": _instant(found.get("NotBefore")),
            "options": {
                "certificateTransparencyLoggingPreference": (found.get("Options") or {}).get(
                    "CertificateTransparencyLoggingPreference",
                    "ENABLED",
                ),
            },
            "pendingRenewal": False,
            "renewalEligibility": found.get("RenewalEligibility", "INELIGIBLE"),
            "renewalSummaries": [],
            "status": found.get("Status"),
            "subjectAlternativeNames": found.get("SubjectAlternativeNames") or [],
            "tagsAll": tag_map(acm.list_tags_for_certificate(CertificateArn=resource_id).get("Tags")),
            "type": found.get("Type"),
            "validationEmails": [],
            "validationMethod": validations[0].get("ValidationMethod", "DNS") if validations else "NONE",
            "validationOptions": state.get("validationOptions"),
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """ImportCertificate again, UpdateCertificateOptions, tags."""
        acm = call.clients("acm")
        if changed & {"certificateBody", "certificateChain", "privateKey"}:
            _import(acm, new, CertificateArn=resource_id)
        if "options" in changed:
            acm.update_certificate_options(CertificateArn=resource_id, Options=_options(new))
        removed, added = changed_tags(old, new)
        if removed:
            acm.remove_tags_from_certificate(CertificateArn=resource_id, Tags=[{"Key": key} for key in removed])
        if added:
            acm.add_tags_to_certificate(CertificateArn=resource_id, Tags=tag_list(added))

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteCertificate, again while a listener still uses it."""
        del state
        with ignoring("ResourceNotFoundException"):
            tried_until(
                call,
                lambda: call.clients("acm").delete_certificate(CertificateArn=resource_id),
                passing=passing("ResourceInUseException"),
                timeout_seconds=IN_USE_SECONDS,
            )


def _import(acm: Any, inputs: Inputs, **more: Any) -> str:
    chain = inputs.get("certificateChain")
    return acm.import_certificate(
        Certificate=inputs["certificateBody"].encode(),
        PrivateKey=inputs["privateKey"].encode(),
        **({"CertificateChain": chain.encode()} if chain else {}),
        **more,
    )["CertificateArn"]


def _options(inputs: Inputs) -> dict[str, str]:
    preference = block(inputs.get("options")).get("certificateTransparencyLoggingPreference")
    return {"CertificateTransparencyLoggingPreference": preference or "ENABLED"}


def _has_records(acm: Any, arn: str) -> bool | None:
    found = blocks(acm.describe_certificate(CertificateArn=arn)["Certificate"].get("DomainValidationOptions"))
    return True if found and all(entry.get("ResourceRecord") for entry in found) else None


def _instant(value: Any) -> str | None:
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")
