"""The resource types of ECR: repository, lifecycle policy, repository policy."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.local.provider.api_errors import ignoring, is_error
from tinystacks.local.provider.comparing import normalised
from tinystacks.local.provider.ec2_tags import changed_tags, tag_list, tag_map
from tinystacks.local.provider.forms import present
from tinystacks.local.provider.handler import Call, Inputs, PlanError
from tinystacks.local.provider.policy_texts import policy_text


class RepositoryHandler:
    """An image repository; its id is its name."""

    token: ClassVar[str] = "aws:ecr/repository:Repository"  # noqa: S105 - a type token, no secret

    def plan(self, call: Call, old: Inputs | None, new: Inputs) -> list[PlanError]:
        """Exclusion filters need a mutability that has exclusions."""
        del call, old
        filters, mutability = new.get("imageTagMutabilityExclusionFilters"), new.get("imageTagMutability", "MUTABLE")
        if filters and not mutability.endswith("_WITH_EXCLUSION"):
            return [
                PlanError(
                    property="imageTagMutabilityExclusionFilters",
                    reason="image_tag_mutability_exclusion_filter can only be used when image_tag_mutability is set to "
                    "IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION",
                ),
            ]
        return []

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateRepository."""
        encryption = (inputs.get("encryptionConfigurations") or [None])[0]
        optional: dict[str, Any] = {
            "tags": tag_list(inputs.get("tagsAll")) or None,
            "imageTagMutability": inputs.get("imageTagMutability"),
            "imageScanningConfiguration": inputs.get("imageScanningConfiguration"),
            "imageTagMutabilityExclusionFilters": inputs.get("imageTagMutabilityExclusionFilters") or None,
            "encryptionConfiguration": encryption
            and {key: value for key, value in encryption.items() if value is not None},
        }
        created = call.clients("ecr").create_repository(
            repositoryName=inputs["name"],
            **present(optional),
        )
        return created["repository"]["repositoryName"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """DescribeRepositories and its tags."""
        ecr = call.clients("ecr")
        try:
            repository = ecr.describe_repositories(repositoryNames=[resource_id])["repositories"][0]
        except ecr.exceptions.RepositoryNotFoundException:
            return None
        encryption = repository.get("encryptionConfiguration") or {"encryptionType": "AES256"}
        filters = repository.get("imageTagMutabilityExclusionFilters") or state.get(
            "imageTagMutabilityExclusionFilters"
        )
        return {
            "arn": repository["repositoryArn"],
            "encryptionConfigurations": [
                {key: value for key, value in encryption.items() if key in {"encryptionType", "kmsKey"}},
            ],
            "imageScanningConfiguration": {
                "scanOnPush": (repository.get("imageScanningConfiguration") or {}).get("scanOnPush", False),
            },
            "imageTagMutability": repository["imageTagMutability"],
            "imageTagMutabilityExclusionFilters": filters or None,
            "name": repository["repositoryName"],
            "registryId": repository["registryId"],
            "repositoryUrl": repository["repositoryUri"],
            "tagsAll": tag_map(ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]),
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Mutability, scanning and tags, each by its own call."""
        ecr = call.clients("ecr")
        if changed & {"imageTagMutability", "imageTagMutabilityExclusionFilters"}:
            filters = new.get("imageTagMutabilityExclusionFilters")
            ecr.put_image_tag_mutability(
                repositoryName=resource_id,
                imageTagMutability=new.get("imageTagMutability", "MUTABLE"),
                **({"imageTagMutabilityExclusionFilters": filters} if filters else {}),
            )
        if "imageScanningConfiguration" in changed and new.get("imageScanningConfiguration"):
            ecr.put_image_scanning_configuration(
                repositoryName=resource_id,
                imageScanningConfiguration=new["imageScanningConfiguration"],
            )
        removed, added = changed_tags(old, new)
        if removed:
            ecr.untag_resource(resourceArn=old["arn"], tagKeys=removed)
        if added:
            ecr.tag_resource(resourceArn=old["arn"], tags=tag_list(added))

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteRepository; images in it are deleted only with `forceDelete` in the state."""
        with ignoring("RepositoryNotFoundException"):
            call.clients("ecr").delete_repository(
                repositoryName=resource_id,
                force=bool(state.get("forceDelete")),
            )


class LifecyclePolicyHandler:
    """Rules that expire images; the id is the repository's name."""

    token: ClassVar[str] = "aws:ecr/lifecyclePolicy:LifecyclePolicy"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutLifecyclePolicy."""
        call.clients("ecr").put_lifecycle_policy(
            repositoryName=inputs["repository"],
            lifecyclePolicyText=inputs["policy"],
        )
        return inputs["repository"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetLifecyclePolicy."""
        try:
            found = call.clients("ecr").get_lifecycle_policy(repositoryName=resource_id)
        except Exception as error:
            if is_error(error, "LifecyclePolicyNotFoundException", "RepositoryNotFoundException"):
                return None
            raise
        text, known = found["lifecyclePolicyText"], state.get("policy")
        same = isinstance(known, str) and normalised("ecr_lifecycle", known, {}) == normalised(
            "ecr_lifecycle", text, {}
        )
        return {
            "policy": known if same else text,
            "registryId": found["registryId"],
            "repository": found["repositoryName"],
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Never asked: every change replaces."""

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteLifecyclePolicy."""
        del state
        with ignoring("LifecyclePolicyNotFoundException", "RepositoryNotFoundException"):
            call.clients("ecr").delete_lifecycle_policy(repositoryName=resource_id)


class RepositoryPolicyHandler:
    """Who may use a repository; the id is the repository's name."""

    token: ClassVar[str] = "aws:ecr/repositoryPolicy:RepositoryPolicy"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """SetRepositoryPolicy."""
        _set_policy(call, inputs["repository"], inputs["policy"])
        return inputs["repository"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """GetRepositoryPolicy."""
        try:
            found = call.clients("ecr").get_repository_policy(repositoryName=resource_id)
        except Exception as error:
            if is_error(error, "RepositoryPolicyNotFoundException", "RepositoryNotFoundException"):
                return None
            raise
        return {
            "policy": policy_text(found["policyText"], state.get("policy")),
            "registryId": found["registryId"],
            "repository": found["repositoryName"],
        }

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """SetRepositoryPolicy again."""
        del old
        if "policy" in changed:
            _set_policy(call, resource_id, new["policy"])

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteRepositoryPolicy."""
        del state
        with ignoring("RepositoryPolicyNotFoundException", "RepositoryNotFoundException"):
            call.clients("ecr").delete_repository_policy(repositoryName=resource_id)


def _set_policy(call: Call, repository: str, text: str) -> None:
    call.clients("ecr").set_repository_policy(repositoryName=repository, policyText=text)
