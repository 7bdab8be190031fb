"""What the engine's texts mean; the texts were written by engine 3.259.0 unless said."""

from __future__ import annotations

import pytest

from tinystacks.deployment.engine_errors import EngineFailure, engine_locks, explain, plain
from tinystacks.errors import AwsError, CredentialsError, EngineError, InterruptedUpdateError, LockedError, SpecError

LOCKED = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
    "lock file with `pulumi cancel`.\n  file:///w/state/.pulumi/locks/organization/shop/p2/2006c69b.json?no_tmp_dir="
    "true: created by ana@laptop (pid 18292) at 2026-11-23T06:24:27Z"
)
PLUGIN = (
    "Could not automatically download and install resource plugin 'pulumi-resource-aws' at version v7.51.1, install "
    "the plugin using `pulumi plugin install resource aws v7.51.1`: error downloading provider aws to file: failed to "
    "download plugin: aws-7.51.1: failed all 5 attempts"
)
REFUSED = (
    "creating ECS Service (shop-web-service-1a2b3c4): operation error ECS: CreateService, https response error "
    "StatusCode: 400, RequestID: 5f, InvalidParameterException: The target group has no load balancer."
)
DENIED = (
    "creating IAM Role (x): operation error IAM: CreateRole, https response error StatusCode: 403, RequestID: 1, api "
    "error AccessDenied: User: u is not authorized to perform: iam:CreateRole"
)


def failure(stderr: str = "", *, code: int = 255, problems=()) -> EngineFailure:
    return EngineFailure(command="up", code=code, stderr=stderr, problems=tuple(problems))


def test_a5_a_lock_says_who_host_pid_and_since_when():
    error = explain(failure(LOCKED), stage="dev")
    assert isinstance(error, LockedError)
    assert "ana on laptop, process 18292, since 2026-11-23T06:24:27Z" in error.message
    assert engine_locks(LOCKED)[0].pid == 18292


def test_a9_a_wrong_passphrase_says_where_to_set_it():
    error = explain(failure("error: get stack secrets manager: incorrect passphrase"), stage="dev")
    assert isinstance(error, EngineError)
    assert "PULUMI_CONFIG_PASSPHRASE" in error.hint


def test_a22_a_plugin_that_cannot_be_had_is_named_with_version_and_how_to_place_it():
    error = explain(failure(problems=[("AWS provider (aws)", PLUGIN)]), stage="dev")
    assert "`aws` 7.51.1" in error.message
    assert "pulumi plugin install resource aws v7.51.1 --file" in error.hint


def test_a_refusal_of_aws_keeps_aws_s_words_and_names_the_resource_in_words_of_the_file():
    error = explain(failure(problems=[("service `web`: ECS service (shop-web-service)", REFUSED)]), stage="dev")
    assert isinstance(error, AwsError)
    assert (error.service, error.operation, error.code) == ("ecs", "CreateService", "InvalidParameterException")
    assert error.message.startswith("service `web`: ECS service (shop-web-service): creating ECS Service")
    assert "goes on from here" in error.hint
    assert error.exit_code == 1


def test_a_missing_right_is_named():
    error = explain(failure(problems=[("service `web`: role (shop-web-task)", DENIED)]), stage="dev")
    assert isinstance(error, AwsError)
    assert error.code == "AccessDenied"
    assert "lack the right for CreateRole" in error.hint


def test_expired_credentials_in_the_middle_are_a_credentials_error():
    text = "operation error STS: GetCallerIdentity, api error ExpiredToken: The security token has expired"
    assert isinstance(explain(failure(problems=[("", text)]), stage="dev"), CredentialsError)


def test_a2_a_provider_that_is_not_allowed_in_the_account_is_a_credentials_error():
    error = explain(failure(problems=[("", "AWS account ID not allowed: 111111111111")]), stage="dev")
    assert isinstance(error, CredentialsError)


def test_a3_pending_operations_lead_to_repair():
    error = explain(failure("error: refusing: 2 pending operations"), stage="dev")
    assert isinstance(error, InterruptedUpdateError)
    assert "tstack repair" in error.hint


def test_a_killed_engine_is_named_so():
    assert "signal 9" in explain(failure(code=-9), stage="dev").message


def test_the_same_text_twice_is_said_once():
    error = explain(failure(problems=[("x", "bad"), ("x", "bad")]), stage="dev")
    assert error.message == "x: bad"


def test_colours_are_taken_out():
    assert plain("<{%fg 1%}>bad<{%reset%}> \x1b[31mred\x1b[0m") == "bad red"


def from_program(said: str, raised: str) -> str:
    """Form: pulumi.automation's language server, which answers `traceback.format_exc()` after the message."""
    trace = f'Traceback (most recent call last):\n  File "x.py"\n{raised}: {said}'
    return f"python inline source runtime error: {said}\n{trace}"


def test_what_the_program_refuses_is_the_file_s_error_without_a_trace():
    said = "network.public_subnets: subnet-1 is not in vpc-1; give subnets of that VPC"
    error = explain(failure(problems=[("", from_program(said, "tinystacks.errors.SpecError"))]), stage="dev")
    assert isinstance(error, SpecError)
    assert (str(error), error.exit_code) == (said, 2)
    again = ("", f"an unhandled error occurred: python inline source runtime error: {said}")
    problems = [("", from_program(said, "tinystacks.errors.SpecError")), again]
    assert str(explain(failure(problems=problems), stage="dev")) == said


def test_a_bucket_for_the_state_that_is_not_there_is_said_so():
    said = (
        "error: error listing stacks: could not list bucket: blob (code=NotFound): operation error S3: ListObjectsV2, "
        "https response error StatusCode: 404, RequestID: r, NoSuchBucket: The specified bucket does not exist"
    )
    error = explain(failure(stderr=said), stage="prod")
    assert error.message == "The bucket that `state:` names for stage `prod` does not exist."
    assert "aws s3 mb" in error.hint


def test_a_damaged_state_is_told_with_where_the_engine_keeps_a_copy():
    said = "error: failed to load checkpoint: place 1: unexpected end of JSON input"
    error = explain(failure(stderr=said), stage="prod")
    assert (
        error.message
        == "The state of stage `prod` is damaged: place 1: unexpected end of JSON input. Nothing was changed."
    )
    assert "prod.json.bak" in error.hint


def test_what_aws_refuses_to_a_lookup_is_an_aws_error_without_a_trace_told_once():
    aws = (
        "invoke of aws:ec2/getVpc:getVpc failed: invocation of aws:ec2/getVpc:getVpc returned an error: invoking "
        "aws:ec2/getVpc:getVpc: operation error EC2: DescribeVpcs, https response error StatusCode: 400, RequestID: r, "
        "InvalidVpcID.NotFound: no such VPC"
    )
    problems = [("", from_program(aws, "Exception")), ("", f"Exception calling application: {aws}")]
    error = explain(failure(problems=problems), stage="dev")
    assert isinstance(error, AwsError)
    assert error.code == "InvalidVpcID.NotFound"
    assert str(error).startswith("`network.vpc_id` cannot be read: operation error EC2: DescribeVpcs")
    assert len(str(error).splitlines()) == 2, "the error and what to do"


def test_a_mistake_in_a_program_keeps_its_place():
    error = explain(failure(problems=[("", from_program("'web'", "KeyError"))]), stage="dev")
    assert 'File "x.py"' in str(error)


LOST = "Resource monitor has terminated, shutting down"


@pytest.mark.parametrize(
    "lost",
    [
        LOST,
        "python inline source runtime error: resource monitor shut down\nTraceback (most recent call last):\n",
        "awsx:ec2:Vpc resource 'shop-network' has a problem: grpc: the client connection is closing",
    ],
)
def test_that_the_program_lost_the_engine_is_not_taken_for_the_cause(lost):
    error = explain(failure(problems=[("", lost), ("service `web`: role (web)", DENIED)]), stage="dev")
    assert isinstance(error, AwsError)
    assert lost not in str(error)
    assert "Traceback" not in str(error)


def test_where_nothing_else_was_told_the_engine_s_own_output_is():
    lost = EngineFailure(
        command="up", code=255, stdout="  aws:x: cannot be made", stderr="panic: no", problems=(("", LOST),)
    )
    error = explain(lost, stage="dev")
    assert "cannot be made" in str(error)
    assert "panic: no" in str(error)


NO_ANSWER = (
    "reading EC2 VPC (vpc-1): operation error EC2: DescribeVpcs, exceeded maximum number of attempts, 3, https "
    'response error StatusCode: 0, RequestID: , request send failed, Post "https://ec2.eu-west-1.amazonaws.com/": '
    "dial tcp: lookup ec2.eu-west-1.amazonaws.com: no such host"
)
NO_LOCAL_ANSWER = (
    "awsx:ec2:Vpc resource 'shop-network' has a problem: invocation of "
    "aws:index/getAvailabilityZones:getAvailabilityZones returned an error: invoking "
    "aws:index/getAvailabilityZones:getAvailabilityZones: operation error EC2: Connection was closed before we "
    'received a valid response from endpoint URL: "http://127.0.0.1:1/".'
)


@pytest.mark.parametrize("said", [NO_ANSWER, NO_LOCAL_ANSWER], ids=["the real provider", "a lookup of the local one"])
def test_a_network_that_is_lost_under_the_engine_is_aws_s_error_and_says_where_to_look(said):
    error = explain(failure(problems=[("", said)]), stage="dev")
    assert isinstance(error, AwsError)
    assert error.service == "ec2"
    assert "Look at the network" in error.hint
