"""Data sources of Systems Manager, Elastic Load Balancing and ECS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tinystacks.local.provider.invocation import InvokeError
from tinystacks.local.provider.values import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.provider.invocation import Invocation

BALANCER_ATTRIBUTES: Final[Mapping[str, tuple[str, type, str]]] = {
    "clientKeepAlive": ("client_keep_alive.seconds", int, "3600"),
    "desyncMitigationMode": ("routing.http.desync_mitigation_mode", str, "defensive"),
    "dnsRecordClientRoutingPolicy": ("dns_record.client_routing_policy", str, "any_availability_zone"),
    "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", bool, "false"),
    "enableCrossZoneLoadBalancing": ("load_balancing.cross_zone.enabled", bool, "false"),
    "enableDeletionProtection": ("deletion_protection.enabled", bool, "false"),
    "enableHttp2": ("routing.http2.enabled", bool, "true"),
    "enableTlsVersionAndCipherSuiteHeaders": (
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        bool,
        "false",
    ),
    "enableWafFailOpen": ("waf.fail_open.enabled", bool, "false"),
    "enableXffClientPort": ("routing.http.xff_client_port.enabled", bool, "false"),
    "enableZonalShift": ("zonal_shift.config.enabled", bool, "false"),
    "idleTimeout": ("idle_timeout.timeout_seconds", int, "60"),
    "preserveHostHeader": ("routing.http.preserve_host_header.enabled", bool, "false"),
    "xffHeaderProcessingMode": ("routing.http.xff_header_processing.mode", str, "append"),
}
"""Output, the load balancer attribute that it shows, and AWS's default (API reference, LoadBalancerAttribute)."""


def parameter(invocation: Invocation) -> dict[str, Any]:
    """`aws:ssm/getParameter:getParameter`; the value is secret whatever its type."""
    decrypt = invocation.args.get("withDecryption", True)
    name = invocation.args["name"]
    found = invocation.client("ssm").get_parameter(Name=name, WithDecryption=decrypt)["Parameter"]
    plain = found["Type"] != "SecureString"
    return {
        "arn": found["ARN"],
        "id": found["Name"],
        "insecureValue": found["Value"] if plain else "",
        "name": name,
        "region": invocation.region,
        "type": found["Type"],
        "value": Secret(found["Value"]),
        "version": found["Version"],
        "withDecryption": decrypt,
    }


def load_balancer(invocation: Invocation) -> dict[str, Any]:
    """`aws:lb/getLoadBalancer:getLoadBalancer`."""
    elb, args = invocation.client("elbv2"), invocation.args
    asked: dict[str, Any] = {}
    if args.get("arn"):
        asked = {"LoadBalancerArns": [args["arn"]]}
    elif args.get("name"):
        asked = {"Names": [args["name"]]}
    pages = elb.get_paginator("describe_load_balancers").paginate(**asked)
    found = [entry for page in pages for entry in page["LoadBalancers"]]
    wanted: dict[str, str] = args.get("tags") or {}
    tags = {entry["LoadBalancerArn"]: _tags_of(elb, entry["LoadBalancerArn"]) for entry in found}
    matching = [entry for entry in found if wanted.items() <= tags[entry["LoadBalancerArn"]].items()]
    only = invocation.only(matching, "ELBv2 Load Balancer")
    arn = only["LoadBalancerArn"]
    attributes = {
        entry["Key"]: entry["Value"]
        for entry in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    }
    zones: list[dict[str, Any]] = only.get("AvailabilityZones") or []
    return {
        "accessLogs": {
            "bucket": attributes.get("access_logs.s3.bucket", ""),
            "enabled": attributes.get("access_logs.s3.enabled") == "true",
            "prefix": attributes.get("access_logs.s3.prefix", ""),
        },
        "arn": arn,
        "arnSuffix": arn.split(":loadbalancer/", 1)[-1],
        "connectionLogs": [],
        "customerOwnedIpv4Pool": "",
        "dnsName": only["DNSName"],
        "healthCheckLogs": [],
        "id": arn,
        "internal": only.get("Scheme") == "internal",
        "ipAddressType": only.get("IpAddressType", "ipv4"),
        "ipamPools": [],
        "loadBalancerType": only["Type"],
        "name": only["LoadBalancerName"],
        "region": invocation.region,
        "securityGroups": only.get("SecurityGroups") or [],
        "subnetMappings": [{"subnetId": zone["SubnetId"]} for zone in zones],
        "subnets": sorted(zone["SubnetId"] for zone in zones),
        "tags": tags[arn],
        "vpcId": only["VpcId"],
        "zoneId": only["CanonicalHostedZoneId"],
        **{
            name: _attribute(attributes.get(key, default), kind)
            for name, (key, kind, default) in BALANCER_ATTRIBUTES.items()
        },
    }


def cluster(invocation: Invocation) -> dict[str, Any]:
    """`aws:ecs/getCluster:getCluster`."""
    name = invocation.args["clusterName"]
    found = invocation.client("ecs").describe_clusters(clusters=[name], include=["SETTINGS", "TAGS"])["clusters"]
    if not found or found[0]["status"] == "INACTIVE":
        raise InvokeError(f"invoking {invocation.token}: reading ECS Cluster ({name}): couldn't find resource")
    only = found[0]
    defaults = only.get("serviceConnectDefaults")
    return {
        "arn": only["clusterArn"],
        "clusterName": name,
        "id": only["clusterArn"],
        "pendingTasksCount": only.get("pendingTasksCount", 0),
        "registeredContainerInstancesCount": only.get("registeredContainerInstancesCount", 0),
        "region": invocation.region,
        "runningTasksCount": only.get("runningTasksCount", 0),
        "serviceConnectDefaults": [{"namespace": defaults["namespace"]}] if defaults else [],
        "settings": only.get("settings", []),
        "status": only["status"],
        "tags": {tag["key"]: tag["value"] for tag in only.get("tags", [])},
    }


def _attribute(text: str, kind: type) -> Any:
    if kind is bool:
        return text == "true"
    return int(text) if kind is int else text


def _tags_of(elb: Any, arn: str) -> dict[str, str]:
    described = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return {tag["Key"]: tag["Value"] for entry in described for tag in entry["Tags"]}
