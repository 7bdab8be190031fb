"""The evaluation of ECR's lifecycle policies, held to the Amazon ECR user guide, "Lifecycle policy evaluation rules".

Each test is named after the sentence of the guide that it stands for.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.ecr_lifecycle import PolicyRefusedError, StoredImage, expired

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def image(name, *tags, days=0, refers_to=()):
    return StoredImage(
        digest=name, pushed_at=NOW - timedelta(days=days), tags=frozenset(tags), refers_to=frozenset(refers_to)
    )


def rule(priority, status="untagged", *, days=0, count=0, **selection):
    counted: dict[str, Any] = {"countType": "imageCountMoreThan", "countNumber": count}
    if days:
        counted = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return {
        "rulePriority": priority,
        "selection": {"tagStatus": status, **counted, **selection},
        "action": {"type": "expire"},
    }


def taken(rules, *images):
    return expired(json.dumps({"rules": rules}), list(images), NOW)


def test_with_since_image_pushed_all_images_that_are_older_than_the_number_of_days_are_expired():
    assert taken([rule(1, days=7)], image("old", days=8), image("new", days=7), image("held", "v1", days=9)) == {"old"}


def test_with_image_count_more_than_the_oldest_beyond_the_number_are_expired():
    images = [image(f"{days}", days=days) for days in (3, 1, 2)]
    assert taken([rule(1, count=2)], *images) == {"3"}
    assert taken([rule(1, "any", count=1)], *images, image("newest", "v1")) == {"1", "2", "3"}


def test_an_image_is_matched_when_all_prefixes_are_matched_by_any_of_its_tags():
    rules = [rule(1, "tagged", count=1, tagPrefixList=["prod", "eu"])]
    both = [image("old", "production", "eu-1", days=2), image("new", "eu", "prod", days=1)]
    assert taken(rules, *both, image("half", "prod", days=9)) == {"old"}


@pytest.mark.parametrize(
    ("pattern", "tag", "matches"),
    [
        ("prod*", "prod", True),
        ("prod*", "production-team1", True),
        ("prod*", "repo-production", False),
        ("*prod*", "repo-production", True),
        ("prod", "prod1", False),
        ("*a*b*", "xaxbx", True),
        ("*a*b*", "xbxax", False),
    ],
)
def test_a_pattern_matches_by_its_wildcards(pattern, tag, matches):
    found = taken([rule(1, "tagged", days=1, tagPatternList=[pattern])], image("it", tag, days=2))
    assert found == ({"it"} if matches else set())


def test_an_image_that_a_rule_matches_is_not_expired_by_one_of_lower_priority():
    rules = [rule(1, "tagged", count=9, tagPrefixList=["prod"]), rule(2, "any", days=1)]
    assert taken(rules, image("prod", "prod-1", days=9), image("dev", "dev-1", days=9)) == {"dev"}


def test_rules_are_applied_in_the_order_of_their_priority_not_of_the_text():
    rules = [rule(9, "any", days=1), rule(1, "tagged", count=9, tagPrefixList=["prod"])]
    assert taken(rules, image("prod", "prod-1", days=9)) == set()


def test_rules_still_see_images_that_earlier_ones_have_marked():
    """They count them "as if they haven't been expired": of two images of the second rule none is beyond two."""
    rules = [rule(1, days=5), rule(2, "any", count=2)]
    images = [image("marked", days=9), image("old", "v1", days=8), image("new", "v2", days=1)]
    assert taken(rules, *images) == {"marked"}
    assert taken(rules, *images, image("newest", "v3")) == {"marked", "old"}


def test_an_image_that_an_index_refers_to_stays_while_the_index_does():
    child = image("child", days=30)
    assert taken([rule(1, days=1)], child, image("index", "v1", days=30, refers_to=["child"])) == set()
    assert taken([rule(1, days=1)], child, image("index", days=30, refers_to=["child"])) == {"child", "index"}
    nested = [child, image("inner", days=30, refers_to=["child"]), image("outer", "v1", days=30, refers_to=["inner"])]
    assert taken([rule(1, days=1)], *nested) == set()


@pytest.mark.parametrize(
    "rules",
    [
        [rule(1, count=1), rule(1, "any", count=1)],
        [rule(1, count=1), rule(2, days=1)],
        [rule(1, "any", count=1), rule(2, count=1)],
        [rule(n, "tagged", count=1, tagPrefixList=["a"]) for n in (1, 2)],
        [rule(1, "tagged", count=1)],
        [rule(1, "tagged", count=1, tagPrefixList=["a"], tagPatternList=["b*"])],
        [rule(1, count=1, tagPrefixList=["a"])],
        [rule(1, "tagged", count=1, tagPatternList=["*a*b*c*d*"])],
        [rule(1, count=0)],
        [rule(1, count=1, countUnit="days")],
        [rule(1, count=1, storageClass="archive")],
        [{**rule(1, count=1), "action": {"type": "transition", "targetStorageClass": "archive"}}],
    ],
    ids=range(12),
)
def test_what_ecr_refuses_and_what_is_not_known_here_is_refused(rules):
    with pytest.raises(PolicyRefusedError):
        taken(rules)
