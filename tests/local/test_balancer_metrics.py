"""What CloudWatch tells of a load balancer (ALB user guide, load-balancer-cloudwatch-metrics)."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.local_stage import LocalStage, eventually, fetch
from tinystacks.local.additions.metric_statistics import percentile
from tinystacks.local.metrics import path_dimensions
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget
from tinystacks.local.traffic import Path, TrafficBook, merged

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/1"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/2"
REQUESTS = 40


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values, rank):
    told = percentile({float(one): values.count(one) for one in values}, rank)
    not_above = [one for one in values if one <= told]
    below = [one for one in values if one < told]
    assert len(not_above) >= len(values) * rank / 100 > len(below)


def test_counts_are_summed_over_what_is_not_asked_for():
    book = TrafficBook()
    for zone, times in (("a", 2), ("b", 3)):
        for _ in range(times):
            book.chosen(Path(ARN, GROUP, zone))
            book.answered(Path(ARN, GROUP, zone), 204, 0.0123456)
    book.refused(Path(ARN, GROUP, "a"), 502)
    book.refused(Path(ARN, "", "a"), 460)
    counts = book.take()
    assert book.take() == {}
    whole = merged(counts, groups=False, zones=False)[Path(ARN)]
    assert whole.requests == 5
    assert whole.response_seconds == {0.0123: 5}
    assert whole.numbers == {
        "HTTPCode_Target_2XX_Count": 5,
        "HTTPCode_ELB_5XX_Count": 1,
        "HTTPCode_ELB_502_Count": 1,
        "HTTPCode_ELB_4XX_Count": 1,
    }
    assert merged(counts, groups=True, zones=False)[Path(ARN, GROUP)].numbers == {"HTTPCode_Target_2XX_Count": 5}
    by_zone = merged(counts, groups=False, zones=True)
    assert {path.zone: count.requests for path, count in by_zone.items()} == {"a": 2, "b": 3}


def test_dimensions_are_the_ends_of_the_arns():
    assert path_dimensions(Path(ARN, GROUP, "us-east-1a")) == {
        "LoadBalancer": "app/web/1",
        "TargetGroup": "targetgroup/web/2",
        "AvailabilityZone": "us-east-1a",
    }


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    target = LocalTarget(local.start(runtime="simulated", speed=40), "us-east-1")
    made = LocalStage(client=target.client)
    made.make_network()
    made.make_instances()
    made.make_endpoint()
    made.make_service(made.register())
    made.wait_steady()
    yield made
    local.stop()


@pytest.fixture(scope="module")
def traffic(stage):
    assert {fetch(stage.url)[0] for _ in range(REQUESTS)} == {200}
    eventually(lambda: total(stage, "RequestCount", "LoadBalancer") >= REQUESTS, what="the requests")
    return stage


def dimensions(stage, *names, zone="us-east-1a"):
    label = {
        "LoadBalancer": stage.made["balancer"].partition(":loadbalancer/")[2],
        "TargetGroup": stage.made["target_group"].rpartition(":")[2],
        "AvailabilityZone": zone,
    }
    return [{"Name": name, "Value": label[name]} for name in names]


def points(stage, metric, *names, statistics=("Sum",), extended=(), zone="us-east-1a"):
    now = datetime.now(UTC)
    asked = {"Statistics": list(statistics)} if statistics else {}
    return stage.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApplicationELB",
        MetricName=metric,
        Dimensions=dimensions(stage, *names, zone=zone),
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600 * 24,
        **asked,
        **({"ExtendedStatistics": list(extended)} if extended else {}),
    )["Datapoints"]


def total(stage, metric, *names, **more):
    return sum(one["Sum"] for one in points(stage, metric, *names, **more))


@pytest.mark.parametrize(
    "names", [("LoadBalancer",), ("LoadBalancer", "TargetGroup")], ids=["balancer", "target group"]
)
def test_requests_and_codes_are_told_once_per_set_of_dimensions(traffic, names):
    assert total(traffic, "RequestCount", *names) == REQUESTS
    assert total(traffic, "HTTPCode_Target_2XX_Count", *names) == REQUESTS


def test_response_times_have_percentiles(traffic):
    [point] = points(
        traffic, "TargetResponseTime", "LoadBalancer", statistics=["Average", "SampleCount"], extended=["p50", "p99"]
    )
    assert point["SampleCount"] == REQUESTS
    assert point["Unit"] == "Seconds"
    told = point["ExtendedStatistics"]
    assert 0 < told["p50"] <= told["p99"] < 5
    assert 0 < point["Average"] < 5


def test_metric_data_tells_percentiles_and_sums_in_one_call(traffic):
    def query(name, metric, stat):
        named = {"Namespace": "AWS/ApplicationELB", "MetricName": metric}
        named["Dimensions"] = dimensions(traffic, "LoadBalancer", "TargetGroup")
        return {"Id": name, "MetricStat": {"Metric": named, "Period": 86400, "Stat": stat}}

    now = datetime.now(UTC)
    answer = traffic.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            query("requests", "RequestCount", "Sum"),
            query("slow", "TargetResponseTime", "p95"),
            query("none", "HTTPCode_Target_5XX_Count", "Sum"),
        ],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
    )
    told = {one["Id"]: one["Values"] for one in answer["MetricDataResults"]}
    assert sum(told["requests"]) == REQUESTS
    assert all(0 < value < 5 for value in told["slow"])
    assert told["none"] == []


def test_l17_hosts_are_told_by_group_and_zone(traffic):
    """Source: Application Load Balancer user guide, load-balancer-troubleshooting, load-balancer-cloudwatch-metrics."""
    names = ("LoadBalancer", "TargetGroup")
    told = points(traffic, "HealthyHostCount", *names, statistics=["Maximum"])
    assert max(one["Maximum"] for one in told) == 2
    for zone in traffic.zones:
        told = points(traffic, "HealthyHostCount", *names, "AvailabilityZone", statistics=["Maximum"], zone=zone)
        assert max(one["Maximum"] for one in told) == 1


def test_requests_per_target_need_no_load_balancer(traffic):
    alone = total(traffic, "RequestCountPerTarget", "TargetGroup")
    assert alone == REQUESTS / 2
    assert total(traffic, "RequestCountPerTarget", "TargetGroup", "LoadBalancer") == alone


def test_metrics_are_listed_once(traffic):
    pages = traffic.client("cloudwatch").get_paginator("list_metrics").paginate(MetricName="RequestCount")
    told = [tuple(sorted(one["Value"] for one in m["Dimensions"])) for page in pages for m in page["Metrics"]]
    assert len(told) == len(set(told)) > 1


def test_a_statistic_that_cannot_be_told_is_refused(traffic):
    with pytest.raises(ClientError, match="tm99"):
        points(traffic, "TargetResponseTime", "LoadBalancer", statistics=(), extended=["tm99"])
