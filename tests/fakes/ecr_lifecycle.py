"""ECR's evaluation of a lifecycle policy: which images of a repository are expired.

Source: Amazon ECR user guide, "Automate the cleanup of images by using lifecycle policies", section "Lifecycle policy
evaluation rules", and "Lifecycle policy properties". Only what expires images in standard storage is here: a policy
that archives, or counts pulls, is refused, so that nothing is passed over in silence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

MOST_WILDCARDS = 4


class PolicyRefusedError(ValueError):
    """ECR takes no such policy, or this evaluation does not know what is in it."""


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """An image, or an index of images, in a repository.

    Attributes:
        digest: names it.
        pushed_at: when it came; a further tag does not change that.
        tags: all of its tags.
        refers_to: digests of the images that an index names (a manifest list).
    """

    digest: str
    pushed_at: datetime
    tags: frozenset[str] = frozenset()
    refers_to: frozenset[str] = field(default_factory=frozenset)


def expired(policy: str, images: list[StoredImage], now: datetime) -> set[str]:
    """Give the digests of the images that the next evaluation takes.

    Args:
        policy: JSON text.
        images: everything in the repository.
        now: time of the evaluation.

    Raises:
        PolicyRefusedError: ECR takes no such policy, or it says something that is not here.
    """
    rules = sorted(json.loads(policy)["rules"], key=lambda rule: rule["rulePriority"])
    _check(rules)
    claimed: set[str] = set()
    marked: set[str] = set()
    for rule in rules:
        # Evaluated over all images, as if nothing had been expired; applied to those that no earlier rule matched.
        matching = [image for image in images if _matches(rule["selection"], image)]
        chosen = _chosen(rule["selection"], matching, now)
        marked |= {image.digest for image in chosen} - claimed
        claimed |= {image.digest for image in matching}
    return _without_referenced(marked, images)


def _matches(selection: dict[str, Any], image: StoredImage) -> bool:
    if selection["tagStatus"] == "any":
        return True
    if selection["tagStatus"] == "untagged":
        return not image.tags
    # Tags have neither `?` nor brackets, which are special to fnmatch alone.
    patterns = selection.get("tagPatternList") or [f"{prefix}*" for prefix in selection["tagPrefixList"]]
    return all(any(fnmatchcase(tag, pattern) for tag in image.tags) for pattern in patterns)


def _chosen(selection: dict[str, Any], matching: list[StoredImage], now: datetime) -> list[StoredImage]:
    if selection["countType"] == "imageCountMoreThan":
        youngest_first = sorted(matching, key=lambda image: image.pushed_at, reverse=True)
        return youngest_first[selection["countNumber"] :]
    oldest = now - timedelta(days=selection["countNumber"])
    return [image for image in matching if image.pushed_at < oldest]


def _without_referenced(marked: set[str], images: list[StoredImage]) -> set[str]:
    """Leave out what an index refers to that stays: the index has to go first."""
    while True:
        held = {digest for image in images if image.digest not in marked for digest in image.refers_to}
        if not marked & held:
            return marked
        marked = marked - held


def _check(rules: list[dict[str, Any]]) -> None:
    priorities = [rule["rulePriority"] for rule in rules]
    selections = [rule["selection"] for rule in rules]
    lists = [tuple(sorted(one.get("tagPatternList", one.get("tagPrefixList", ())))) for one in selections]
    named = [one for one in lists if one]
    if len(set(priorities)) < len(priorities):
        raise PolicyRefusedError("two rules have one priority")
    if sum(one["tagStatus"] == "untagged" for one in selections) > 1:
        raise PolicyRefusedError("two rules select untagged images")
    if any(one["tagStatus"] == "any" for one in selections[:-1]):
        raise PolicyRefusedError("a rule for any image is not the last")
    if len(set(named)) < len(named):
        raise PolicyRefusedError("two rules select the same tags")
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: dict[str, Any]) -> None:
    selection = rule["selection"]
    if rule["action"] != {"type": "expire"} or selection.get("storageClass", "standard") != "standard":
        raise PolicyRefusedError("archived images are not known here")
    if selection["countType"] not in {"imageCountMoreThan", "sinceImagePushed"}:
        raise PolicyRefusedError(f"{selection['countType']} is not known here")
    if (selection["countType"] == "sinceImagePushed") != (selection.get("countUnit") == "days"):
        raise PolicyRefusedError("countUnit `days` goes with sinceImagePushed alone")
    if selection["countNumber"] < 1:
        raise PolicyRefusedError("countNumber is at least 1")
    lists = [key for key in ("tagPatternList", "tagPrefixList") if selection.get(key)]
    if len(lists) != (selection["tagStatus"] == "tagged"):
        raise PolicyRefusedError("tagged images are selected by one list of patterns or prefixes, others by none")
    if any(pattern.count("*") > MOST_WILDCARDS for pattern in selection.get("tagPatternList", ())):
        raise PolicyRefusedError("a pattern has more than four wildcards")
