"""The registry of the local ECR against the OCI distribution specification 1.1: uploads, pulls, what is refused."""

from __future__ import annotations

import hashlib
import http.client
import json

import pytest

from tinystacks.local.registry.manifests import ManifestError
from tinystacks.local.registry.server import Registry

TYPE = "application/vnd.oci.image.manifest.v1+json"


class KeptManifests:
    """Manifests in memory; the tag `fixed` never moves."""

    def __init__(self):
        self.kept = {}

    def put(self, repository, reference, manifest):
        if repository != "web":
            raise ManifestError("NAME_UNKNOWN", f"no repository {repository}", 404)
        if reference == "fixed" and reference in self.kept:
            raise ManifestError("TAG_INVALID", "the tag is immutable")
        self.kept[reference] = self.kept[manifest.digest] = manifest

    def get(self, repository, reference):
        if reference not in self.kept:
            raise ManifestError("MANIFEST_UNKNOWN", f"no image {reference}", 404)
        return self.kept[reference]


@pytest.fixture
def ask(tmp_path):
    registry = Registry(KeptManifests(), tmp_path / "registry")
    registry.start()
    connection = http.client.HTTPConnection(registry.host, timeout=10)

    def request(method, path, body=None, headers=None):
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    yield request
    connection.close()
    registry.close()
    assert not (tmp_path / "registry").exists()


def digest_of(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def push_blob(ask, data):
    status, headers, _ = ask("POST", "/v2/web/blobs/uploads/")
    assert status == 202
    half = len(data) // 2
    status, told, _ = ask("PATCH", headers["Location"], data[:half])
    assert (status, told["Range"]) == (202, f"0-{half - 1}")
    # In pieces of unknown total, as clients stream layers.
    status, told, _ = ask("PATCH", headers["Location"], iter([data[half:]]))
    assert (status, told["Range"]) == (202, f"0-{len(data) - 1}")
    return ask("PUT", f"{headers['Location']}?digest={digest_of(data)}")


def manifest_of(*layers):
    return json.dumps({"mediaType": TYPE, "layers": [{"digest": digest_of(layer)} for layer in layers]}).encode()


def error_of(answer):
    return answer[0], json.loads(answer[2])["errors"][0]["code"]


def test_what_is_pushed_is_pulled_by_tag_and_digest(ask):
    assert ask("GET", "/v2/")[0] == 200
    layer = bytes(range(256)) * 5000
    assert push_blob(ask, layer)[0] == 201
    assert ask("HEAD", f"/v2/web/blobs/{digest_of(layer)}")[1]["Content-Length"] == str(len(layer))
    assert ask("GET", f"/v2/web/blobs/{digest_of(layer)}")[2] == layer
    manifest = manifest_of(layer)
    status, headers, _ = ask("PUT", "/v2/web/manifests/1", manifest, {"Content-Type": TYPE})
    assert (status, headers["Docker-Content-Digest"]) == (201, digest_of(manifest))
    for reference in ("1", digest_of(manifest)):
        status, headers, body = ask("GET", f"/v2/web/manifests/{reference}")
        assert (status, headers["Content-Type"], body) == (200, TYPE, manifest)


def test_what_is_not_as_it_says_is_refused_in_the_specifications_words(ask):
    _, headers, _ = ask("POST", "/v2/web/blobs/uploads/")
    wrong = f"{headers['Location']}?digest={digest_of(b'other')}"
    assert error_of(ask("PUT", wrong, b"data")) == (400, "DIGEST_INVALID")
    assert error_of(ask("PUT", wrong, b"data")) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert error_of(ask("GET", f"/v2/web/blobs/{digest_of(b'x')}")) == (404, "BLOB_UNKNOWN")
    assert error_of(ask("GET", "/v2/web/blobs/sha256:../../etc/passwd"))[0] == 404
    assert error_of(ask("PUT", "/v2/web/manifests/1", b"no json")) == (400, "MANIFEST_INVALID")
    assert error_of(ask("PUT", "/v2/web/manifests/1", manifest_of(b"missing"))) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert error_of(ask("GET", "/v2/web/manifests/1")) == (404, "MANIFEST_UNKNOWN")
    assert error_of(ask("PUT", "/v2/other/manifests/1", manifest_of())) == (404, "NAME_UNKNOWN")
    assert ask("PUT", "/v2/web/manifests/fixed", manifest_of())[0] == 201
    assert error_of(ask("PUT", "/v2/web/manifests/fixed", manifest_of())) == (400, "TAG_INVALID")
    assert error_of(ask("PUT", "/v2/web/manifests/big", b" " * (5 * 1024 * 1024))) == (413, "MANIFEST_INVALID")
