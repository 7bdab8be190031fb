"""Listeners take certificates of the real account, so that a file that names one can be rehearsed."""

import urllib.request

import pytest

from tests.fakes.balancer_world import unchecked
from tests.fakes.local_stage import LocalStage, eventually, fetch, refusal
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

GIVEN = "arn:aws:acm:us-east-1:999988887777:certificate/0e4e3c6a-1111-2222-3333-444455556666"


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    target = LocalTarget(local.start(runtime="simulated"), "us-east-1")
    made = LocalStage(client=target.client, name="certified")
    made.make_network()
    made.make_endpoint()
    yield made
    local.stop()


def _fetch_unchecked(url):
    try:
        with urllib.request.urlopen(url, timeout=10, context=unchecked()) as answer:
            return answer.status
    except OSError:
        return None


def _listener(stage, certificate, port):
    return {
        "LoadBalancerArn": stage.made["balancer"],
        "Protocol": "HTTPS",
        "Port": port,
        "Certificates": [{"CertificateArn": certificate}],
        "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
    }


def test_a_certificate_of_the_real_account_is_taken(stage):
    made = stage.client("elbv2").create_listener(**_listener(stage, GIVEN, 443))["Listeners"][0]
    assert made["Certificates"] == [{"CertificateArn": GIVEN}]
    # Its listener on 80 has no target; the name's one port serves both.
    secure = stage.url.replace("http://", "https://")
    answer = eventually(lambda: _fetch_unchecked(secure), what="an answer over TLS", seconds=20)
    assert answer == 200
    assert fetch(stage.url)[0] == 503


@pytest.mark.parametrize("certificate", [GIVEN.replace("us-east-1", "eu-west-1"), "arn:aws:acm:us-east-1:1:oops"])
def test_a_certificate_that_no_account_has_there_is_refused(stage, certificate):
    """Elastic Load Balancing API, CreateListener: CertificateNotFound."""
    code, _ = refusal(stage.client("elbv2").create_listener, **_listener(stage, certificate, 8443))
    assert code == "CertificateNotFound"
