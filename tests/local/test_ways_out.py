"""A Fargate task fetches all that it starts with through its own interface: its image, its secrets, its log group.

Source: ECS developer guide, resource-initialization-error, cannot-pull-container-error, fargate-task-networking; VPC
user guide, route-table-options. Tasks on EC2 instances fetch all of it through the instance.
"""

import pytest

from tests.fakes.local_stage import eventually
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

REGION = "us-east-1"
OTHER_REGISTRY = f"210987654321.dkr.ecr.{REGION}.amazonaws.com/job:1"
EVERYWHERE = "0.0.0.0/0"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    target = LocalTarget(local.start(runtime="simulated", speed=100), REGION)
    clients = {name: target.client(name) for name in ("ec2", "ecs", "logs", "secretsmanager", "ssm")}
    clients["ecs"].create_cluster(clusterName="main", capacityProviders=["FARGATE"])
    yield clients.__getitem__
    local.stop()


@pytest.fixture
def network(client):
    """A VPC with a gateway, a subnet and a route table of its own, which has no route but the local one."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.80.0.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    made = {"vpc": vpc, "subnet": subnet, "table": table, "gateway": gateway, "association": association}
    yield made
    for one in ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]:
        ec2.delete_vpc_endpoints(VpcEndpointIds=[one["VpcEndpointId"]])
    for one in ec2.describe_nat_gateways(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NatGateways"]:
        ec2.delete_nat_gateway(NatGatewayId=one["NatGatewayId"])
    for one in ec2.describe_addresses()["Addresses"]:
        ec2.release_address(AllocationId=one["AllocationId"])
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.disassociate_route_table(AssociationId=made["association"])
    ec2.delete_route_table(RouteTableId=table)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def outcome(client, network, *, image=OTHER_REGISTRY, public=False, container=None):
    """Run a task; its first container's reason when it stopped before it ran, else `RUNNING`."""
    ecs = client("ecs")
    ecs.register_task_definition(
        family="job",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "job", "image": image, **(container or {})}],
    )
    awsvpc = {"subnets": [network["subnet"]], "assignPublicIp": "ENABLED" if public else "DISABLED"}
    started = ecs.run_task(
        cluster="main", taskDefinition="job", launchType="FARGATE", networkConfiguration={"awsvpcConfiguration": awsvpc}
    )["tasks"][0]["taskArn"]

    def settled():
        task = ecs.describe_tasks(cluster="main", tasks=[started])["tasks"][0]
        return task if task["lastStatus"] in {"RUNNING", "STOPPED"} else None

    task = eventually(settled, what="a task that runs or has stopped")
    if task["lastStatus"] == "RUNNING":
        ecs.stop_task(cluster="main", task=started)
        return "RUNNING"
    assert task["stopCode"] == "TaskFailedToStart"
    return task["stoppedReason"]


NO_REGISTRY = (
    "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from "
    "Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. "
    'RequestError: send request failed caused by: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp'
)


def test_a_private_subnet_without_a_way_out_has_no_images_of_ecr(client, network):
    """ECS developer guide, resource-initialization-error."""
    said = outcome(client, network)
    assert said.startswith(NO_REGISTRY)
    assert said.endswith(": i/o timeout")


def test_a_private_subnet_without_a_way_out_has_no_images_of_the_internet(client, network):
    """ECS developer guide, cannot-pull-container-error."""
    said = outcome(client, network, image="nginx")
    assert said.startswith(
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
        "docker.io/library/nginx:latest: failed to do request: Head "
        '"https://registry-1.docker.io/v2/library/nginx/manifests/latest": dial tcp'
    )
    assert said.endswith(": i/o timeout")


def test_an_internet_gateway_serves_only_tasks_with_a_public_address(client, network):
    """ECS developer guide, fargate-task-networking: in a public subnet a task needs a public address."""
    client("ec2").create_route(
        RouteTableId=network["table"], DestinationCidrBlock=EVERYWHERE, GatewayId=network["gateway"]
    )
    assert outcome(client, network).startswith(NO_REGISTRY)
    assert outcome(client, network, public=True) == "RUNNING"


def test_a_nat_gateway_is_a_way_out_until_it_is_deleted(client, network):
    """VPC user guide, route-table-options; a route to a NAT gateway that is gone is a black hole."""
    ec2 = client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=network["subnet"], AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.create_route(RouteTableId=network["table"], DestinationCidrBlock=EVERYWHERE, NatGatewayId=made)
    assert outcome(client, network) == "RUNNING"
    assert outcome(client, network, image="nginx") == "RUNNING"
    ec2.delete_nat_gateway(NatGatewayId=made)
    assert outcome(client, network).startswith(NO_REGISTRY)


def test_endpoints_of_ecr_and_s3_are_a_way_to_ecr_and_to_nothing_else(client, network):
    """ECR user guide, vpc-endpoints: ecr.api, ecr.dkr and the S3 gateway endpoint, all three."""
    ec2, service = client("ec2"), f"com.amazonaws.{REGION}"
    for name in ("ecr.api", "ecr.dkr"):
        ec2.create_vpc_endpoint(
            VpcId=network["vpc"],
            ServiceName=f"{service}.{name}",
            VpcEndpointType="Interface",
            SubnetIds=[network["subnet"]],
        )
    assert "i/o timeout" in outcome(client, network)
    ec2.create_vpc_endpoint(
        VpcId=network["vpc"],
        ServiceName=f"{service}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[network["table"]],
    )
    assert outcome(client, network) == "RUNNING"
    assert outcome(client, network, image="public.ecr.aws/nginx/nginx:1").startswith("CannotPullContainerError")


def test_a_subnet_without_a_table_of_its_own_has_the_main_one(client, network):
    """VPC user guide, VPC_Route_Tables: the main route table serves subnets without an association."""
    ec2 = client("ec2")
    ec2.disassociate_route_table(AssociationId=network["association"])
    try:
        assert outcome(client, network, public=True).startswith(NO_REGISTRY)
        filters = [{"Name": "vpc-id", "Values": [network["vpc"]]}, {"Name": "association.main", "Values": ["true"]}]
        main = ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
        ec2.create_route(RouteTableId=main, DestinationCidrBlock=EVERYWHERE, GatewayId=network["gateway"])
        assert outcome(client, network, public=True) == "RUNNING"
    finally:
        again = ec2.associate_route_table(RouteTableId=network["table"], SubnetId=network["subnet"])
        network["association"] = again["AssociationId"]


def test_the_default_vpc_has_its_gateway(client):
    """VPC user guide, default-vpc: an internet gateway and a route to it are there from the beginning."""
    filters = [{"Name": "default-for-az", "Values": ["true"]}]
    subnet = client("ec2").describe_subnets(Filters=filters)["Subnets"][0]["SubnetId"]
    assert outcome(client, {"subnet": subnet}, public=True) == "RUNNING"


def endpoint(client, network, *names):
    """Make interface endpoints, and the gateway one of S3."""
    for name in names:
        given = (
            {"VpcEndpointType": "Gateway", "RouteTableIds": [network["table"]]}
            if name == "s3"
            else {"VpcEndpointType": "Interface", "SubnetIds": [network["subnet"]]}
        )
        client("ec2").create_vpc_endpoint(VpcId=network["vpc"], ServiceName=f"com.amazonaws.{REGION}.{name}", **given)


TO_ECR = ("ecr.api", "ecr.dkr", "s3")


def test_a_log_group_needs_an_endpoint_of_cloudwatch_logs(client, network):
    """ECS developer guide, resource-initialization-error; CloudWatch Logs user guide, interface VPC endpoints."""
    client("logs").create_log_group(logGroupName="/job")
    options = {"awslogs-group": "/job", "awslogs-region": REGION, "awslogs-stream-prefix": "job"}
    logging = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    endpoint(client, network, *TO_ECR)
    assert outcome(client, network) == "RUNNING"
    assert outcome(client, network, container=logging) == (
        "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log "
        "group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. "
        "Check your network configuration. : signal: killed"
    )
    endpoint(client, network, "logs")
    assert outcome(client, network, container=logging) == "RUNNING"
    elsewhere = {"logConfiguration": {"logDriver": "awslogs", "options": {**options, "awslogs-region": "eu-west-1"}}}
    assert "failed to validate logger args" in outcome(client, network, container=elsewhere)


def test_a42_a_log_group_that_is_missing_is_told_in_the_words_of_fargate(client, network):
    """ECS developer guide, resource-initialization-error; on EC2 the agent says CannotStartContainerError."""
    options = {"awslogs-group": "/not/there", "awslogs-region": REGION, "awslogs-stream-prefix": "job"}
    endpoint(client, network, *TO_ECR, "logs")
    said = outcome(client, network, container={"logConfiguration": {"logDriver": "awslogs", "options": options}})
    assert said.startswith(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed "
        "to create Cloudwatch log stream: "
    )
    assert "ResourceNotFoundException: The specified log group does not exist." in said


def test_a_secret_needs_an_endpoint_of_secrets_manager(client, network):
    """ECS developer guide, resource-initialization-error; Secrets Manager user guide, vpc-endpoint-overview."""
    arn = client("secretsmanager").create_secret(Name="job/key", SecretString="hush")["ARN"]
    secrets = {"secrets": [{"name": "KEY", "valueFrom": arn}]}
    endpoint(client, network, *TO_ECR, "ssm")
    said = outcome(client, network, container=secrets)
    assert said.startswith(
        "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: "
        "There is a connection issue between the task and AWS Secrets Manager. Check your task network configuration. "
        f"failed to fetch secret {arn} from secrets manager: "
    )
    assert said.endswith("context deadline exceeded")
    endpoint(client, network, "secretsmanager")
    assert outcome(client, network, container=secrets) == "RUNNING"


def test_a_parameter_needs_an_endpoint_of_systems_manager(client, network):
    """ECS developer guide, resource-initialization-error; Systems Manager user guide, setup-create-vpc."""
    client("ssm").put_parameter(Name="/job/key", Value="hush", Type="SecureString")
    secrets = {"secrets": [{"name": "KEY", "valueFrom": "/job/key"}]}
    endpoint(client, network, *TO_ECR, "secretsmanager")
    assert outcome(client, network, container=secrets).startswith(
        "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: "
        "The task cannot pull secrets from AWS Systems Manager. There is a connection issue between the task and AWS "
        "Systems Manager Parameter Store. Check your task network configuration."
    )
    endpoint(client, network, "ssm")
    assert outcome(client, network, container=secrets) == "RUNNING"
