"""`aws:sns/topic:Topic`."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from tinystacks.local.provider.api_errors import ignoring, is_error
from tinystacks.local.provider.comparing import normalised
from tinystacks.local.provider.ec2_tags import changed_tags, tag_list, tag_map
from tinystacks.local.provider.handler import Call, Inputs, PlanError
from tinystacks.local.provider.policy_texts import policy_text

TEXTS: Final = {
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoThroughputScope": "FifoThroughputScope",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "tracingConfig": "TracingConfig",
    **{
        f"{protocol}{outcome}FeedbackRoleArn": f"{api}{outcome}FeedbackRoleArn"
        for protocol, api in {
            "application": "Application",
            "firehose": "Firehose",
            "http": "HTTP",
            "lambda": "Lambda",
            "sqs": "SQS",
        }.items()
        for outcome in ("Failure", "Success")
    },
}
"""Property and topic attribute, texts."""

NUMBERS: Final = {
    "signatureVersion": "SignatureVersion",
    "maximumMessageSize": "MaximumMessageSize",
    **{
        f"{protocol}SuccessFeedbackSampleRate": f"{api}SuccessFeedbackSampleRate"
        for protocol, api in {
            "application": "Application",
            "firehose": "Firehose",
            "http": "HTTP",
            "lambda": "Lambda",
            "sqs": "SQS",
        }.items()
    },
}
"""Property and topic attribute, numbers (attributes are texts all of them)."""

FIFO_ONLY: Final = ("contentBasedDeduplication", "archivePolicy", "fifoThroughputScope")


class TopicHandler:
    """A topic; its id is the ARN."""

    token: ClassVar[str] = "aws:sns/topic:Topic"  # noqa: S105 - a type token, no secret

    def plan(self, call: Call, old: Inputs | None, new: Inputs) -> list[PlanError]:
        """Some settings are for FIFO topics only."""
        del call, old
        if new.get("fifoTopic"):
            return []
        return [
            PlanError(property=name, reason=f"{name} can only be set for FIFO topics")
            for name in FIFO_ONLY
            if new.get(name)
        ]

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateTopic, then SetTopicAttributes for each setting."""
        sns = call.clients("sns")
        tags = tag_list(inputs.get("tagsAll"))
        arn = sns.create_topic(
            Name=inputs["name"],
            **({"Attributes": {"FifoTopic": "true"}} if inputs.get("fifoTopic") else {}),
            **({"Tags": tags} if tags else {}),
        )["TopicArn"]
        for name, value in _attributes(inputs).items():
            if value:
                sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
        return arn

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetTopicAttributes and its tags."""
        sns = call.clients("sns")
        try:
            found = sns.get_topic_attributes(TopicArn=resource_id)["Attributes"]
        except Exception as error:
            if is_error(error, "NotFound", "NotFoundException"):
                return None
            raise
        read: Inputs = {name: found[key] for name, key in TEXTS.items() if found.get(key)}
        read |= {name: int(found[key]) for name, key in NUMBERS.items() if found.get(key)}
        if "policy" in read:
            read["policy"] = policy_text(read["policy"], state.get("policy"))
        known = state.get("deliveryPolicy")
        if known and normalised("json", known, {}) == normalised("json", read.get("deliveryPolicy"), {}):
            read["deliveryPolicy"] = known
        return {
            **read,
            "arn": found["TopicArn"],
            "archivePolicy": found.get("ArchivePolicy") or None,
            "beginningArchiveTime": found.get("BeginningArchiveTime", ""),
            "contentBasedDeduplication": found.get("ContentBasedDeduplication") == "true",
            "fifoTopic": found.get("FifoTopic") == "true",
            "name": found["TopicArn"].rsplit(":", 1)[-1],
            "owner": found["Owner"],
            "tagsAll": tag_map(sns.list_tags_for_resource(ResourceArn=resource_id).get("Tags")),
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """SetTopicAttributes for each changed setting, then the tags."""
        sns = call.clients("sns")
        for name, value in _attributes({key: new.get(key) for key in changed}).items():
            sns.set_topic_attributes(TopicArn=resource_id, AttributeName=name, AttributeValue=value)
        removed, added = changed_tags(old, new)
        if removed:
            sns.untag_resource(ResourceArn=resource_id, TagKeys=removed)
        if added:
            sns.tag_resource(ResourceArn=resource_id, Tags=tag_list(added))

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteTopic."""
        del state
        with ignoring("NotFound", "NotFoundException"):
            call.clients("sns").delete_topic(TopicArn=resource_id)


def _attributes(inputs: Inputs) -> dict[str, str]:
    """Topic attributes of the properties given; an emptied one becomes an empty text."""
    attributes: dict[str, Any] = {}
    for names in (TEXTS, NUMBERS, {"archivePolicy": "ArchivePolicy"}):
        attributes |= {names[name]: inputs[name] for name in inputs if name in names}
    if inputs.get("fifoTopic") or inputs.get("contentBasedDeduplication"):
        attributes["ContentBasedDeduplication"] = "true" if inputs.get("contentBasedDeduplication") else "false"
    return {name: "" if value is None else str(value) for name, value in attributes.items()}
