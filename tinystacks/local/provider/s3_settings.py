"""Settings of buckets as resources of their own: versioning, encryption, public access."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from tinystacks.local.provider.api_errors import ignoring, is_error
from tinystacks.local.provider.forms import block
from tinystacks.local.provider.handler import Call, Inputs, PlanError
from tinystacks.local.provider.s3 import encryption_rule, encryption_rules_read

ACCESS_FLAGS: Final = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}


class BucketVersioningHandler:
    """Versioning of a bucket; it cannot be taken back, only suspended."""

    token: ClassVar[str] = "aws:s3/bucketVersioning:BucketVersioning"  # noqa: S105 - a type token, no secret

    def plan(self, call: Call, old: Inputs | None, new: Inputs) -> list[PlanError]:
        """A bucket that had versioning cannot lose it."""
        del call
        was = block(block(old).get("versioningConfiguration")).get("status")
        if was in {"Enabled", "Suspended"} and new["versioningConfiguration"].get("status") == "Disabled":
            return [
                PlanError(
                    property="versioningConfiguration.status",
                    reason=f"versioning_configuration.status cannot be updated from '{was}' to 'Disabled'",
                ),
            ]
        return []

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutBucketVersioning, unless the status is Disabled."""
        if inputs["versioningConfiguration"]["status"] != "Disabled":
            _put_versioning(call, inputs["bucket"], inputs)
        return _setting_id(inputs)

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetBucketVersioning; an empty answer means Disabled."""
        bucket = _bucket_of(resource_id)
        try:
            found = call.clients("s3").get_bucket_versioning(Bucket=bucket)
        except Exception as error:
            if is_error(error, "NoSuchBucket"):
                return None
            raise
        configuration: Inputs = {"status": found.get("Status", "Disabled")}
        known = block(state.get("versioningConfiguration")).get("mfaDelete")
        if found.get("MFADelete") or known:
            configuration["mfaDelete"] = found.get("MFADelete", "Disabled")
        return {"bucket": bucket, "versioningConfiguration": configuration}

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutBucketVersioning again."""
        del old
        if "versioningConfiguration" in changed:
            _put_versioning(call, _bucket_of(resource_id), new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """Suspend it."""
        if block(state.get("versioningConfiguration")).get("status") == "Disabled":
            return
        with ignoring("NoSuchBucket", "InvalidBucketState"):
            call.clients("s3").put_bucket_versioning(
                Bucket=_bucket_of(resource_id),
                VersioningConfiguration={"Status": "Suspended"},
            )


class BucketEncryptionHandler:
    """Default encryption of a bucket."""

    token: ClassVar[str] = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutBucketEncryption."""
        _put_encryption(call, inputs["bucket"], inputs)
        return _setting_id(inputs)

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetBucketEncryption."""
        del state
        bucket = _bucket_of(resource_id)
        rules = encryption_rules_read(call.clients("s3"), bucket)
        return None if rules is None else {"bucket": bucket, "rules": rules}

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutBucketEncryption again."""
        del old
        if "rules" in changed:
            _put_encryption(call, _bucket_of(resource_id), new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteBucketEncryption; AWS falls back to its own default."""
        del state
        with ignoring("NoSuchBucket", "ServerSideEncryptionConfigurationNotFoundError"):
            call.clients("s3").delete_bucket_encryption(Bucket=_bucket_of(resource_id))


class BucketPublicAccessBlockHandler:
    """What a bucket refuses to the public; its id is the bucket."""

    token: ClassVar[str] = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutPublicAccessBlock with all four flags."""
        _put_access(call, inputs["bucket"], inputs)
        return inputs["bucket"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetPublicAccessBlock."""
        del state
        try:
            found = call.clients("s3").get_public_access_block(Bucket=resource_id)["PublicAccessBlockConfiguration"]
        except Exception as error:
            if is_error(error, "NoSuchBucket", "NoSuchPublicAccessBlockConfiguration"):
                return None
            raise
        flags = {name: bool(found.get(member, False)) for name, member in ACCESS_FLAGS.items()}
        return {"bucket": resource_id, **flags}

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutPublicAccessBlock with all four flags."""
        del old
        if changed & ACCESS_FLAGS.keys():
            _put_access(call, resource_id, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeletePublicAccessBlock, unless `skipDestroy`."""
        if state.get("skipDestroy"):
            return
        with ignoring("NoSuchBucket", "NoSuchPublicAccessBlockConfiguration"):
            call.clients("s3").delete_public_access_block(Bucket=resource_id)


def _setting_id(inputs: Inputs) -> str:
    owner = inputs.get("expectedBucketOwner")
    return f"{inputs['bucket']},{owner}" if owner else inputs["bucket"]


def _bucket_of(resource_id: str) -> str:
    return resource_id.split(",", maxsplit=1)[0]


def _put_versioning(call: Call, bucket: str, inputs: Inputs) -> None:
    configuration = inputs["versioningConfiguration"]
    api = {"Status": configuration["status"]}
    if configuration.get("mfaDelete"):
        api["MFADelete"] = configuration["mfaDelete"]
    call.clients("s3").put_bucket_versioning(
        Bucket=bucket,
        VersioningConfiguration=api,
        **({"MFA": inputs["mfa"]} if inputs.get("mfa") else {}),
    )


def _put_encryption(call: Call, bucket: str, inputs: Inputs) -> None:
    rules: list[dict[str, Any]] = [encryption_rule(rule) for rule in inputs["rules"]]
    call.clients("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _put_access(call: Call, bucket: str, inputs: Inputs) -> None:
    flags = {member: bool(inputs.get(name)) for name, member in ACCESS_FLAGS.items()}
    call.clients("s3").put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=flags)
