"""Resources through the provider's framework against moto: check, create, refresh, change, outside change, delete."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from moto.server import ThreadedMotoServer

from tinystacks.local.provider.clients import Clients
from tinystacks.local.provider.configuration import ProviderSettings
from tinystacks.local.provider.operations import Resource
from tinystacks.local.provider.outcomes import InitFailedError, OperationError
from tinystacks.local.provider.tagging import TagSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
    },
)
READ_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
READ_SOME = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Resource": "*", "Action": ["s3:ListBucket"], "Effect": "Allow"}},
    indent=2,
)
KEEP_TEN = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "keep ten",
                "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 10},
                "action": {"type": "expire"},
            },
        ],
    },
)
TAGS = TagSettings(defaults={"team": "platform"}, ignored_prefixes=("stray:",))


@pytest.fixture(scope="module")
def clients():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Clients(f"http://{host}:{port}")
    server.stop()


def resource(clients: Clients, token: str, name: str = "thing", region: str = "us-east-1") -> Resource:
    return Resource(
        urn=f"urn:pulumi:dev::test::{token}::{name}",
        token=token,
        settings=ProviderSettings(region=region, tags=TAGS),
        clients=clients,
        cancelled=threading.Event(),
    )


def checked(made: Resource, news: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, Any]:
    inputs, failures = made.check(olds or {}, news, seed=b"", autonaming=None)
    assert failures == []
    return inputs


@dataclass
class Life:
    """One resource type's life in a test.

    Attributes:
        token: its type.
        first: what the program gives at first; `{role}`, `{repository}`, … name what `needs` made.
        then: what the program changes in place.
        drift: what somebody else does, given a client maker, the id and the state.
        drifted: top-level properties that the refresh then shows.
        needs: resources to make before, as name, type, inputs.
        gone: whether a deleted one is no more to be read (versioning, for one, cannot be deleted).
    """

    token: str
    first: dict[str, Any]
    then: dict[str, Any] = field(default_factory=dict)
    drift: Callable[[Any, str, dict[str, Any]], Any] | None = None
    drifted: set[str] = field(default_factory=set)
    needs: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    gone: bool = True


ROLE = ("role", "aws:iam/role:Role", {"assumeRolePolicy": TRUST})
POLICY = ("policy", "aws:iam/policy:Policy", {"policy": READ_ALL})
BUCKET = ("bucket", "aws:s3/bucket:Bucket", {})
REPOSITORY = ("repository", "aws:ecr/repository:Repository", {})
KEY = ("key", "aws:kms/key:Key", {})

LIVES = [
    Life(
        "aws:iam/role:Role",
        {"assumeRolePolicy": TRUST, "description": "runs tasks", "tags": {"a": "1", "b": "2"}},
        {"maxSessionDuration": 7200, "description": "runs more tasks", "tags": {"a": "3"}},
        lambda client, name, _: client("iam").update_role(
            RoleName=name, Description="runs more tasks", MaxSessionDuration=3700
        ),
        {"maxSessionDuration"},
    ),
    Life(
        "aws:iam/rolePolicy:RolePolicy",
        {"role": "{role}", "policy": READ_ALL},
        {"policy": READ_SOME},
        lambda client, name, state: client("iam").put_role_policy(
            RoleName=state["role"], PolicyName=state["name"], PolicyDocument=READ_ALL
        ),
        {"policy"},
        [ROLE],
    ),
    Life(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": "{role}", "policyArn": "{policy}"},
        needs=[ROLE, POLICY],
    ),
    Life(
        "aws:iam/policy:Policy",
        {"policy": READ_ALL, "description": "all"},
        {"policy": READ_SOME, "tags": {"a": "1"}},
        lambda client, arn, _: client("iam").tag_policy(PolicyArn=arn, Tags=[{"Key": "other", "Value": "x"}]),
        {"tags", "tagsAll"},
    ),
    Life(
        "aws:iam/instanceProfile:InstanceProfile",
        {"role": "{role}"},
        {"role": None, "tags": {"a": "1"}},
        needs=[ROLE],
    ),
    Life(
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": 30, "tags": {"a": "1"}},
        {"retentionInDays": 0, "tags": None},
        lambda client, name, _: client("logs").put_retention_policy(logGroupName=name, retentionInDays=7),
        {"retentionInDays"},
    ),
    Life(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 2,
            "metricName": "UnHealthyHostCount",
            "namespace": "AWS/ApplicationELB",
            "period": 60,
            "statistic": "Maximum",
            "threshold": 0,
            "dimensions": {"LoadBalancer": "app/a/1", "TargetGroup": "targetgroup/b/2"},
            "alarmActions": ["arn:aws:sns:us-east-1:123456789012:b", "arn:aws:sns:us-east-1:123456789012:a"],
            "treatMissingData": "notBreaching",
            "tags": {"a": "1"},
        },
        {"threshold": 1.5, "alarmDescription": "hosts", "alarmActions": ["arn:aws:sns:us-east-1:123456789012:a"]},
        lambda client, name, state: client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            ComparisonOperator="LessThanThreshold",
            EvaluationPeriods=2,
            MetricName=state["metricName"],
            Namespace=state["namespace"],
            Period=60,
            Statistic="Maximum",
            Threshold=1.5,
            AlarmDescription="hosts",
            AlarmActions=state["alarmActions"],
            TreatMissingData="notBreaching",
            Dimensions=[{"Name": key, "Value": value} for key, value in state["dimensions"].items()],
        ),
        {"comparisonOperator"},
    ),
    Life(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 1,
            "threshold": 5,
            "metricQueries": [
                {"id": "rate", "expression": "errors / requests * 100", "label": "rate", "returnData": True},
                {
                    "id": "errors",
                    "metric": {
                        "metricName": "HTTPCode_Target_5XX_Count",
                        "namespace": "AWS/ApplicationELB",
                        "period": 60,
                        "stat": "Sum",
                        "dimensions": {"LoadBalancer": "app/a/1"},
                    },
                },
                {
                    "id": "requests",
                    "metric": {
                        "metricName": "RequestCount",
                        "namespace": "AWS/ApplicationELB",
                        "period": 60,
                        "stat": "Sum",
                    },
                },
            ],
        },
        {"threshold": 6},
    ),
    Life(
        "aws:ecr/repository:Repository",
        {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "forceDelete": True,
            "tags": {"a": "1"},
        },
        {"imageTagMutability": "MUTABLE", "imageScanningConfiguration": {"scanOnPush": False}, "forceDelete": False},
        lambda client, name, _: client("ecr").put_image_tag_mutability(
            repositoryName=name, imageTagMutability="IMMUTABLE"
        ),
        {"imageTagMutability"},
    ),
    Life(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        {"repository": "{repository}", "policy": KEEP_TEN},
        needs=[REPOSITORY],
    ),
    Life(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        {
            "repository": "{repository}",
            "policy": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}],
            },
        },
        needs=[REPOSITORY],
    ),
    Life(
        "aws:ssm/parameter:Parameter",
        {"type": "String", "value": "one", "description": "first", "tags": {"a": "1"}},
        {"value": "two", "tags": {"a": "2"}},
        lambda client, name, _: client("ssm").put_parameter(Name=name, Value="three", Type="String", Overwrite=True),
        {"value"},
    ),
    Life("aws:ssm/parameter:Parameter", {"type": "SecureString", "value": "one"}, {"value": "two"}),
    Life("aws:ssm/parameter:Parameter", {"type": "String", "insecureValue": "one"}, {"insecureValue": "two"}),
    Life(
        "aws:kms/key:Key",
        {"description": "state", "enableKeyRotation": True, "deletionWindowInDays": 7, "tags": {"a": "1"}},
        {"description": "the state", "enableKeyRotation": False, "isEnabled": False, "tags": {}},
        lambda client, key, _: client("kms").enable_key(KeyId=key),
        {"isEnabled"},
    ),
    Life("aws:kms/alias:Alias", {"targetKeyId": "{key}"}, needs=[KEY]),
    Life(
        "aws:s3/bucket:Bucket",
        {"forceDestroy": True, "tags": {"a": "1"}},
        {"tags": {"a": "2"}},
        lambda client, name, _: client("s3").put_bucket_tagging(
            Bucket=name, Tagging={"TagSet": [{"Key": "a", "Value": "9"}, {"Key": "team", "Value": "platform"}]}
        ),
        {"tags", "tagsAll"},
    ),
    Life(
        "aws:s3/bucketVersioning:BucketVersioning",
        {"bucket": "{bucket}", "versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}},
        needs=[BUCKET],
        gone=False,
    ),
    Life(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {
            "bucket": "{bucket}",
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}],
        },
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        needs=[BUCKET],
    ),
    Life(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"bucket": "{bucket}", "blockPublicAcls": True, "blockPublicPolicy": True},
        {"ignorePublicAcls": True, "restrictPublicBuckets": True},
        needs=[BUCKET],
    ),
    Life(
        "aws:secretsmanager/secret:Secret",
        {"description": "database", "recoveryWindowInDays": 0, "tags": {"a": "1"}},
        {"description": "the database", "tags": {"b": "1"}},
        lambda client, arn, _: client("secretsmanager").update_secret(SecretId=arn, Description="another"),
        {"description"},
    ),
    Life(
        "aws:sns/topic:Topic",
        {"displayName": "alarms", "tags": {"a": "1"}},
        {"displayName": "all alarms"},
        lambda client, arn, _: client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="DisplayName", AttributeValue="none"
        ),
        {"displayName"},
    ),
    Life(
        "aws:acm/certificate:Certificate",
        {
            "domainName": "shop.example.com",
            "subjectAlternativeNames": ["www.shop.example.com", "shop.example.com"],
            "validationMethod": "DNS",
        },
        {"tags": {"a": "1"}},
    ),
]


@pytest.mark.parametrize("life", LIVES, ids=lambda life: f"{life.token}-{'-'.join(sorted(life.first))[:40]}")
def test_a_resource_lives_as_the_program_says_and_reads_back_exactly(clients: Clients, life: Life):
    values: dict[str, str] = {}
    helpers = []
    for name, token, inputs in life.needs:
        helper = resource(clients, token, name)
        values[name], state = helper.create(checked(helper, inputs))
        helpers.append((helper, values[name], state))
    names = {f"{{{name}}}": value for name, value in values.items()}
    program = {key: names.get(value, value) if isinstance(value, str) else value for key, value in life.first.items()}
    made = resource(clients, life.token)
    inputs = checked(made, program)
    resource_id, state = made.create(inputs)

    # Nothing to do right after, neither for the program nor for a refresh.
    assert made.diff(state, checked(made, program, inputs)).differences == ()
    assert_refresh_finds_nothing(made, resource_id, state, inputs)

    if life.then:
        program = {key: value for key, value in {**program, **life.then}.items() if value is not None}
        after = checked(made, program, inputs)
        plan = made.diff(state, after)
        assert plan.changed >= {name for name in life.then if name in made.table.properties} - {"bucketKeyEnabled"}
        assert not plan.replaces
        state, inputs = made.update(resource_id, state, after), after
        assert made.diff(state, inputs).differences == ()
        assert_refresh_finds_nothing(made, resource_id, state, inputs)

    if life.drift is not None:
        life.drift(lambda service: clients.client(service, "us-east-1"), resource_id, state)
        reading = made.read(resource_id, state, inputs)
        assert reading is not None
        assert made.diff(reading.state, inputs).changed == life.drifted
        assert reading.inputs != inputs
        state = made.update(resource_id, reading.state, inputs)
        assert made.diff(state, inputs).differences == ()

    made.delete(resource_id, state)
    assert (made.read(resource_id, state, inputs) is None) is life.gone
    made.delete(resource_id, state)  # deleting what is gone is success
    for helper, helper_id, helper_state in reversed(helpers):
        helper.delete(helper_id, helper_state)


def assert_refresh_finds_nothing(made: Resource, resource_id: str, state: Any, inputs: Any) -> None:
    reading = made.read(resource_id, state, inputs)
    assert reading is not None
    assert reading.state == state
    assert reading.inputs == inputs
    assert reading.resource_id == resource_id


@pytest.mark.parametrize(
    "life",
    [life for life in LIVES if not life.needs],
    ids=lambda life: f"{life.token}-{'-'.join(sorted(life.first))[:40]}",
)
def test_a_resource_made_elsewhere_is_imported_without_a_difference(clients: Clients, life: Life):
    made = resource(clients, life.token)
    inputs = checked(made, life.first)
    resource_id, state = made.create(inputs)
    imported = made.read(resource_id, {}, None)
    assert imported is not None
    given = {**life.first, **({made.table.name.property: inputs[made.table.name.property]} if made.table.name else {})}
    if "insecureValue" in given:  # AWS does not tell which of the two a program used
        given["value"] = given.pop("insecureValue")
    plan = made.diff(imported.state, checked(made, given, imported.inputs))
    assert plan.changed <= {name for name, rules in made.table.properties.items() if rules.kept}
    made.delete(resource_id, state)


def test_a_route53_record_is_found_by_its_full_name_and_taken_away_again(clients: Clients):
    route53 = clients.client("route53", "us-east-1")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"].split("/")[-1]
    made = resource(clients, "aws:route53/record:Record")
    program = {"zoneId": zone, "name": "www", "type": "A", "ttl": 60, "records": ["10.0.0.2", "10.0.0.1"]}
    inputs = checked(made, program)
    resource_id, state = made.create(inputs)
    assert resource_id == f"{zone}_www_A"
    assert state["fqdn"] == "www.example.com"
    assert made.diff(state, checked(made, {**program, "records": ["10.0.0.1", "10.0.0.2"]}, inputs)).differences == ()
    changed = checked(made, {**program, "ttl": 30}, inputs)
    state = made.update(resource_id, state, changed)
    assert state["ttl"] == 30
    with pytest.raises(OperationError, match="creating Route 53 Record"):
        made.create(inputs)
    made.delete(resource_id, state)
    assert made.read(resource_id, state, inputs) is None


def test_errors_speak_as_the_real_provider_does(clients: Clients):
    made = resource(clients, "aws:iam/role:Role")
    inputs = checked(made, {"name": "twice", "assumeRolePolicy": TRUST})
    made.create(inputs)
    with pytest.raises(
        OperationError,
        match=r"creating IAM Role \(twice\): operation error IAM: CreateRole, https response error StatusCode: 409, "
        r"RequestID: .*, EntityAlreadyExists: ",
    ):
        made.create(inputs)
    made.delete("twice", {})


def test_c8_a_repository_with_images_is_only_deleted_when_the_state_says_so(clients: Clients):
    made = resource(clients, "aws:ecr/repository:Repository")
    inputs = checked(made, {"name": "full"})
    resource_id, state = made.create(inputs)
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
    clients.client("ecr", "us-east-1").put_image(repositoryName="full", imageManifest=manifest, imageTag="v1")
    with pytest.raises(OperationError, match="RepositoryNotEmptyException"):
        made.delete(resource_id, state)
    forced = made.update(resource_id, state, checked(made, {"name": "full", "forceDelete": True}, inputs))
    made.delete(resource_id, forced)
    assert made.read(resource_id, forced, inputs) is None


def test_a_failed_update_leaves_the_resource_in_the_state(clients: Clients):
    made = resource(clients, "aws:cloudwatch/logGroup:LogGroup")
    inputs = checked(made, {"name": "vanishing"})
    resource_id, state = made.create(inputs)
    clients.client("logs", "us-east-1").delete_log_group(logGroupName="vanishing")
    with pytest.raises(InitFailedError, match="updating CloudWatch Logs Log Group") as raised:
        made.update(resource_id, state, checked(made, {"name": "vanishing", "retentionInDays": 7}, inputs))
    assert raised.value.resource_id == resource_id
    assert raised.value.state["name"] == "vanishing"


@contextmanager
def unanswered(client: Any, operation: str) -> Generator[None]:
    """No call of one operation arrives, such as `ecs.DescribeTaskDefinition`."""

    def lost(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url=client.meta.endpoint_url)

    client.meta.events.register(f"before-call.{operation}", lost)
    try:
        yield
    finally:
        client.meta.events.unregister(f"before-call.{operation}", lost)


def test_what_was_made_and_could_not_be_read_stays_in_the_state(clients: Clients):
    """As with the real provider, which has its id by then: it would be made a second time, or never found again."""
    made = resource(clients, "aws:cloudwatch/logGroup:LogGroup")
    inputs = checked(made, {"name": "unread"})
    logs = clients.client("logs", "us-east-1")
    with (
        unanswered(logs, "cloudwatch-logs.DescribeLogGroups"),
        pytest.raises(InitFailedError, match="reading CloudWatch Logs Log Group") as raised,
    ):
        made.create(inputs)
    assert raised.value.resource_id == "unread"
    assert raised.value.state["name"] == "unread"
    mended = made.update("unread", raised.value.state, inputs)
    assert mended["arn"].endswith("log-group:unread")


def test_what_was_made_and_never_read_is_updated_as_if_it_had_been(clients: Clients):
    """The real provider knows the ARN of a task definition from the answer that made it."""
    made = resource(clients, "aws:ecs/taskDefinition:TaskDefinition")
    containers = json.dumps([{"name": "web", "image": "example/web:1", "memory": 64, "essential": True}])
    inputs = checked(made, {"family": "unread", "containerDefinitions": containers, "tags": {"team": "platform"}})
    with (
        unanswered(clients.client("ecs", "us-east-1"), "ecs.DescribeTaskDefinition"),
        pytest.raises(InitFailedError, match="reading ECS Task Definition") as raised,
    ):
        made.create(inputs)
    changed = checked(made, {"family": "unread", "containerDefinitions": containers, "tags": {"team": "sre"}}, inputs)
    mended = made.update(raised.value.resource_id, raised.value.state, changed)
    assert mended["arn"].endswith("task-definition/unread:1")
    assert mended["tags"] == {"team": "sre"}


def test_default_tags_reach_aws_and_ignored_ones_are_left_alone(clients: Clients):
    made = resource(clients, "aws:cloudwatch/logGroup:LogGroup")
    inputs = checked(made, {"name": "tagged", "tags": {"own": "1", "team": "platform"}})
    resource_id, state = made.create(inputs)
    assert inputs["tagsAll"] == {"own": "1", "team": "platform"}
    assert state["tags"] == {"own": "1", "team": "platform"}
    logs = clients.client("logs", "us-east-1")
    logs.tag_resource(resourceArn=state["arn"], tags={"stray:by": "somebody"})
    reading = made.read(resource_id, state, inputs)
    assert reading is not None
    assert reading.state == state
    made.update(resource_id, state, checked(made, {"name": "tagged", "tags": {}}, inputs))
    assert logs.list_tags_for_resource(resourceArn=state["arn"])["tags"] == {"team": "platform", "stray:by": "somebody"}
    made.delete(resource_id, state)


def test_region_of_a_resource_wins_over_the_providers(clients: Clients):
    made = resource(clients, "aws:cloudwatch/logGroup:LogGroup", region="eu-west-1")
    inputs = checked(made, {"name": "elsewhere", "region": "ap-south-1"})
    resource_id, state = made.create(inputs)
    assert state["region"] == "ap-south-1"
    assert ":ap-south-1:" in state["arn"]
    imported = made.read("elsewhere@ap-south-1", {}, None)
    assert imported is not None
    assert imported.resource_id == "elsewhere"
    assert imported.inputs["region"] == "ap-south-1"
    plan = made.diff(state, checked(made, {"name": "elsewhere"}, inputs))
    assert plan.changed == {"region"}
    assert plan.replaces
    made.delete(resource_id, state)
    assert made.read(resource_id, state, inputs) is None


def test_d1_an_ignored_property_keeps_what_others_made_of_it(clients: Clients):
    made = resource(clients, "aws:cloudwatch/logGroup:LogGroup")
    program = {"name": "ignoring", "retentionInDays": 30}
    inputs = checked(made, program)
    resource_id, state = made.create(inputs)
    clients.client("logs", "us-east-1").put_retention_policy(logGroupName="ignoring", retentionInDays=7)
    reading = made.read(resource_id, state, inputs)
    assert reading is not None
    ignore = ["retentionInDays"]
    assert made.diff(reading.state, inputs, ignore_changes=ignore).differences == ()
    after = checked(made, {**program, "tags": {"a": "1"}}, inputs)
    state = made.update(resource_id, reading.state, after, ignore_changes=ignore)
    assert state["retentionInDays"] == 7
    made.delete(resource_id, state)
