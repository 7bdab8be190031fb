"""GetDownloadUrlForLayer of the local ECR: layers and configurations come from its registry."""

from __future__ import annotations

import subprocess
import sys

# A process of its own, since moto is changed for good.
SCRIPT = """
import boto3
from moto import mock_aws
from tinystacks.local.registry.manifests import install

install("127.0.0.1:5000")
with mock_aws():
    ecr = boto3.client("ecr", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    digest = "sha256:" + "0" * 64
    print(ecr.get_download_url_for_layer(repositoryName="web", layerDigest=digest)["downloadUrl"])
"""


def test_e11_the_configuration_of_an_image_has_an_address():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"http://127.0.0.1:5000/v2/web/blobs/sha256:{'0' * 64}"
