"""`aws:s3/bucket:Bucket`, with the settings that programs give inline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import error_code, ignoring, is_error
from tinystacks.local.provider.ec2_tags import tag_list, tag_map
from tinystacks.local.provider.forms import block
from tinystacks.local.provider.policy_texts import policy_text

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs

HOME_REGION: Final = "us-east-1"
HOSTED_ZONES: Final = {
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
    "ca-central-1": "Z1QDHH18159H29",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-west-3": "Z3R1K369G5AVDG",
    "eu-north-1": "Z3BAZG2TWCNX0D",
    "ap-northeast-1": "Z2M4EHUR26P7ZW",
    "ap-south-1": "Z11RGJOFQNVJUP",
    "ap-southeast-1": "Z3O0J2DXBE1FTB",
    "ap-southeast-2": "Z1WCIGYICN2BYD",
    "sa-east-1": "Z7KQH4QJS55SO",
}
"""Route 53 zones of S3's endpoints (AWS General Reference, Amazon S3 endpoints)."""

NOT_HERE: Final = (
    *("acl", "grants", "corsRules", "lifecycleRules", "logging", "replicationConfiguration", "requestPayer"),
    *("accelerationStatus", "website", "objectLockConfiguration", "bucketNamespace"),
)
"""Inline settings that have a resource type of their own and that the local AWS does not do."""

GONE: Final = ("404", "NoSuchBucket", "NotFound")


class BucketHandler:
    """A bucket; its id is its name."""

    token: ClassVar[str] = "aws:s3/bucket:Bucket"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateBucket, then what the program gave inline."""
        _refuse(inputs)
        s3, name = call.clients("s3"), inputs["bucket"]
        if call.region == HOME_REGION and _exists(s3, name):
            # CreateBucket alone succeeds there for a bucket of one's own.
            raise LocalAwsError(f"BucketAlreadyExists: the bucket {name} already exists")
        location = {"LocationConstraint": call.region}
        s3.create_bucket(
            Bucket=name,
            **({} if call.region == HOME_REGION else {"CreateBucketConfiguration": location}),
            **({"ObjectLockEnabledForBucket": True} if inputs.get("objectLockEnabled") else {}),
        )
        _apply(s3, name, inputs, frozenset(inputs))
        _apply_tags(s3, name, inputs.get("tagsAll"))
        return name

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """HeadBucket, then versioning, encryption, policy and tags."""
        s3 = call.clients("s3")
        if not _exists(s3, resource_id):
            return None
        versioning = s3.get_bucket_versioning(Bucket=resource_id)
        policy = _answer(s3.get_bucket_policy, resource_id, "Policy")
        tags = _answer(s3.get_bucket_tagging, resource_id, "TagSet")
        region = s3.get_bucket_location(Bucket=resource_id).get("LocationConstraint") or HOME_REGION
        return {
            "arn": f"arn:{call.partition}:s3:::{resource_id}",
            "bucket": resource_id,
            "bucketDomainName": f"{resource_id}.s3.amazonaws.com",
            "bucketRegion": region,
            "bucketRegionalDomainName": f"{resource_id}.s3.{region}.amazonaws.com",
            "hostedZoneId": HOSTED_ZONES.get(region),
            "objectLockEnabled": bool(state.get("objectLockEnabled")),
            "policy": policy_text(policy, state.get("policy")) if policy else None,
            "requestPayer": "BucketOwner",
            "serverSideEncryptionConfiguration": _encryption_read(s3, resource_id),
            "tagsAll": tag_map(tags),
            "versioning": {
                "enabled": versioning.get("Status") == "Enabled",
                "mfaDelete": versioning.get("MFADelete") == "Enabled",
            },
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """One call per changed setting."""
        _refuse(new)
        s3 = call.clients("s3")
        _apply(s3, resource_id, new, changed)
        if old.get("tagsAll") != new.get("tagsAll"):
            _apply_tags(s3, resource_id, new.get("tagsAll"))

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteBucket; with `forceDestroy` in the state its objects go first."""
        s3 = call.clients("s3")
        try:
            s3.delete_bucket(Bucket=resource_id)
        except Exception as error:
            if is_error(error, *GONE):
                return
            if not (is_error(error, "BucketNotEmpty") and state.get("forceDestroy")):
                raise
            _empty(s3, resource_id)
            s3.delete_bucket(Bucket=resource_id)


def _refuse(inputs: Inputs) -> None:
    for name in NOT_HERE:
        if inputs.get(name) not in (None, [], "BucketOwner", "private"):
            raise LocalAwsError(f"the local AWS does not know '{name}' of S3 buckets")


def _exists(s3: Any, name: str) -> bool:
    try:
        s3.head_bucket(Bucket=name)
    except Exception as error:
        if is_error(error, *GONE):
            return False
        raise
    return True


def _apply(s3: Any, name: str, inputs: Inputs, changed: frozenset[str]) -> None:
    if "versioning" in changed and inputs.get("versioning"):
        status = "Enabled" if inputs["versioning"].get("enabled") else "Suspended"
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})
    if "serverSideEncryptionConfiguration" in changed:
        configuration = inputs.get("serverSideEncryptionConfiguration")
        if configuration:
            s3.put_bucket_encryption(
                Bucket=name,
                ServerSideEncryptionConfiguration={"Rules": [encryption_rule(configuration["rule"])]},
            )
        else:
            s3.delete_bucket_encryption(Bucket=name)
    if "policy" in changed:
        if inputs.get("policy"):
            s3.put_bucket_policy(Bucket=name, Policy=inputs["policy"])
        else:
            s3.delete_bucket_policy(Bucket=name)


def _apply_tags(s3: Any, name: str, tags: dict[str, str] | None) -> None:
    if tags:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})
    else:
        with ignoring("NoSuchTagSet"):
            s3.delete_bucket_tagging(Bucket=name)


def encryption_rule(rule: Inputs) -> dict[str, Any]:
    """One rule of PutBucketEncryption."""
    api: dict[str, Any] = {}
    default = rule.get("applyServerSideEncryptionByDefault")
    if default:
        api["ApplyServerSideEncryptionByDefault"] = {"SSEAlgorithm": default["sseAlgorithm"]}
        if default.get("kmsMasterKeyId"):
            api["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] = default["kmsMasterKeyId"]
    if rule.get("bucketKeyEnabled") is not None:
        api["BucketKeyEnabled"] = rule["bucketKeyEnabled"]
    return api


def encryption_rules_read(s3: Any, name: str) -> list[Inputs] | None:
    """The rules of GetBucketEncryption; None when there are none."""
    answer = _answer(s3.get_bucket_encryption, name, "ServerSideEncryptionConfiguration")
    if answer is None:
        return None
    rules: list[Inputs] = []
    for rule in answer["Rules"]:
        default = block(rule.get("ApplyServerSideEncryptionByDefault"))
        read: Inputs = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": default.get("SSEAlgorithm", "AES256")}}
        if default.get("KMSMasterKeyID"):
            read["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] = default["KMSMasterKeyID"]
        if rule.get("BucketKeyEnabled") is not None:
            read["bucketKeyEnabled"] = rule["BucketKeyEnabled"]
        rules.append(read)
    return rules


def _encryption_read(s3: Any, name: str) -> Inputs:
    """Buckets have been encrypted with AES256 by default since 2023."""
    rules = encryption_rules_read(s3, name)
    default = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}, "bucketKeyEnabled": False}
    return {"rule": rules[0] if rules else default}


def _answer(call: Any, name: str, key: str) -> Any:
    """One member of an answer; None when AWS says that there is no such setting."""
    try:
        return call(Bucket=name)[key]
    except Exception as error:
        if error_code(error).startswith(("NoSuch", "ServerSideEncryptionConfigurationNotFound")):
            return None
        raise


def _empty(s3: Any, name: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if entries:
            objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
            s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
