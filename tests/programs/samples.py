"""Stages that between them use every branch of the programs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from programs.settings import ProgramSettings
from programs.stage import program_for
from tests.programs.recorder import ACCOUNT, REGION, record
from tinystacks.spec.model import StackSpec

if TYPE_CHECKING:
    from tests.programs.recorder import Recording
    from tinystacks.spec.model import StageSpec

IMAGE = "public.ecr.aws/nginx/nginx:1.27"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/5a1c2d3e-0000-4000-8000-000000000000"
IN_ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/nginx:1"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/db"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop-api-AbCdEf"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/5a1c2d3e-0000-4000-8000-000000000001"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:pages"
WEB: dict[str, Any] = {"image": IMAGE, "port": 8080}
WORKER: dict[str, Any] = {"image": IMAGE, "tasks": 1}
EXISTING_NETWORK: dict[str, Any] = {
    "vpc_id": "vpc-0123456789abcdef0",
    "public_subnets": ["subnet-0a000000000000000", "subnet-0b000000000000000"],
    "private_subnets": ["subnet-0c000000000000000", "subnet-0d000000000000000"],
}

SAMPLES: dict[str, dict[str, Any]] = {
    "one service on ec2": {"services": {"web": WEB}},
    "a worker only": {"services": {"worker": WORKER}},
    "a fixed number of tasks": {"services": {"web": {**WEB, "tasks": 3}}},
    "several services with routes": {
        "services": {
            "web": WEB,
            "api": {**WEB, "port": 3000, "route": {"path": ["/api/*"]}},
            "admin": {**WEB, "route": {"host": ["admin.example.com"], "path": ["/a", "/b", "/c", "/d"]}},
            "worker": WORKER,
        },
        "compute": {"instance_types": ["m5.large"]},
    },
    "every service behind a route": {
        "services": {
            "api": {**WEB, "route": {"path": ["/api/*"]}},
            "shop": {**WEB, "route": {"host": ["*.example.com"]}},
        }
    },
    "https": {"services": {"web": WEB}, "endpoint": {"certificate": CERTIFICATE, "domain": "shop.example.com"}},
    "internal, logged, allowed to some": {
        "services": {"web": WEB},
        "endpoint": {
            "internal": True,
            "access_logs": "shop-access-logs",
            "allow": ["10.0.0.0/8", "fd00::/8"],
            "deletion_protection": True,
        },
    },
    "everything about one service": {
        "services": {
            "web": {
                **WEB,
                "cpu": 512,
                "memory": 512,
                "command": ["serve"],
                "entry_point": ["/entry"],
                "variables": {"GREETING": "hello"},
                "secrets": {"DATABASE_URL": PARAMETER, "API_KEY": f"{SECRET}:key::"},
                "kms_keys": [KEY],
                "user": "1000:1000",
                "stop_timeout": 60,
                "container_health_check": {"command": ["CMD-SHELL", "true"]},
                "sidecars": {
                    "proxy": {"image": "public.ecr.aws/x/proxy:1", "port": 9000, "start_before": True},
                    "agent": {"image": "public.ecr.aws/x/agent:1", "secrets": {"TOKEN": SECRET}, "cpu": 64},
                },
                "tasks": {
                    "min": 1,
                    "max": 4,
                    "target_cpu": 60,
                    "target_memory": 70,
                    "target_requests": 1000,
                    "schedule": {
                        "morning": {"when": "cron(0 8 ? * MON-FRI *)", "timezone": "Europe/Berlin", "min": 2},
                        "evening": {"when": "cron(0 20 ? * MON-FRI *)", "min": 1, "max": 2},
                    },
                },
                "placement": "binpack",
                "permissions": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::shop/*"]}],
                "policies": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
                "logs": {"mode": "blocking", "retention_days": 90, "kms_key": KEY},
            }
        },
        "compute": {"instance_types": ["m5.large"]},
        "alarms": {"topic": TOPIC},
        "tags": {"team": "shop"},
    },
    "a built service": {"services": {"web": {"build": ".", "port": 8080}}},
    "spot with several types": {
        "services": {"web": WEB},
        "compute": {"instance_types": ["t3.small", "t3a.small"], "spot": {"on_demand_base": 2}},
    },
    "arm": {"services": {"web": WEB}, "compute": {"instance_types": ["t4g.small"]}},
    "instances by cpu": {"services": {"web": WEB}, "compute": {"scaling": {"cpu": 75, "minutes": 15}}},
    "protected, approved": {
        "services": {"web": WEB},
        "compute": {"termination_protection": True, "target_capacity": 90},
        "stages": {"dev": {"approval": "manual"}},
    },
    "no insights, no alarms, no exec, no rebalancing": {
        "services": {"web": {**WEB, "exec": False, "zone_rebalancing": False, "read_only_root": True}},
        "compute": {"container_insights": "disabled", "imds_hop_limit": 2, "detailed_monitoring": True},
        "alarms": {"enabled": False},
    },
    "private behind one nat": {
        "services": {"web": WEB},
        "network": {"private": True, "nat": "single", "flow_logs": True},
    },
    "private behind endpoints": {
        "services": {"web": {**WEB, "image": IN_ECR, "secrets": {"DATABASE_URL": PARAMETER}}},
        "network": {"private": True, "vpc_endpoints": True},
    },
    "own interfaces on ec2": {
        "services": {"web": {**WEB, "network_mode": "awsvpc"}},
        "compute": {"instance_types": ["m5.large"]},
        "network": {"private": True, "nat": "per_az"},
    },
    "host network": {
        "services": {"web": {**WEB, "network_mode": "host", "port": 80, "tasks": 1}},
        "compute": {"instance_types": ["m5.large"], "instances": {"min": 3, "max": 6}},
    },
    "an existing vpc": {"services": {"web": WEB}, "network": EXISTING_NETWORK},
    "private in an existing vpc": {"services": {"web": WEB}, "network": {**EXISTING_NETWORK, "private": True}},
    "fargate": {"services": {"web": WEB, "worker": WORKER}, "compute": {"kind": "fargate"}},
    "fargate with spot": {
        "services": {"web": {**WEB, "ephemeral_storage_gib": 40}},
        "compute": {"kind": "fargate", "spot": {"on_demand_base": 2, "on_demand_percentage": 25}},
    },
    "fargate, private, arm, https": {
        "services": {"web": {**WEB, "sidecars": {"proxy": {"image": IMAGE, "port": 9000}}}},
        "compute": {"kind": "fargate", "architecture": "arm64"},
        "network": {"private": True, "nat": "single"},
        "endpoint": {"certificate": CERTIFICATE},
    },
    "fargate in an existing vpc": {
        "services": {"web": WEB},
        "compute": {"kind": "fargate"},
        "network": {**EXISTING_NETWORK, "private": True},
    },
}


def sample_stage(document: dict[str, Any], stage: str = "dev", *, stack: str = "shop") -> StageSpec:
    stages = {stage: {}, **document.get("stages", {})}
    return StackSpec.from_mapping({"name": stack, **document, "stages": stages}).stage(stage)


def settings(**changes: Any) -> ProgramSettings:
    facts: dict[str, Any] = {"region": REGION, "account_id": ACCOUNT, **changes}
    return ProgramSettings(**facts)


@cache
def sample(name: str) -> Recording:
    """Run the program of one sample; once for all tests, which only read it."""
    return declare(SAMPLES[name])


def declare(
    document: dict[str, Any],
    *,
    stage: str = "dev",
    stack: str = "shop",
    subnets: list[str] | None = None,
    **changes: Any,
) -> Recording:
    """Run the program of a document and give what it declared."""
    spec = sample_stage(document, stage, stack=stack)
    return record(program_for(spec, settings(**changes)), stage=stage, project=stack, subnets=subnets)
