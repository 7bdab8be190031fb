"""Which image a service gets: given, kept, found by its sources (traps B12, E11)."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.fakes.deployment_target import FakeTarget
from tinystacks.deployment.context import StageContext
from tinystacks.deployment.engine_state import State
from tinystacks.deployment.events import Warned
from tinystacks.deployment.image_supply import ImageSupply, Supply, own_images
from tinystacks.deployment.interrupt import Interrupt
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.errors import UsageError
from tinystacks.images.errors import ImageError
from tinystacks.images.repositories import Repositories
from tinystacks.spec.model import StackSpec

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
URL = f"{HOST}/shop-web-1"
ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
SINGLE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class FakeEcr:
    """Images of one repository: digests by tag, and what each is built for."""

    def __init__(self, tags=None, architectures=None, configuration=""):
        self.tags = dict(tags or {})
        self.architectures = architectures or {}
        self.configuration = configuration

    def describe_images(self, *, repositoryName, imageIds):
        [asked] = imageIds
        digest = self.tags.get(asked.get("imageTag"), asked.get("imageDigest"))
        if digest not in self.tags.values():
            raise ClientError({"Error": {"Code": "ImageNotFoundException", "Message": "no"}}, "DescribeImages")
        return {"imageDetails": [{"imageDigest": digest}]}

    def batch_get_image(self, *, repositoryName, imageIds, acceptedMediaTypes):
        if self.configuration:
            manifest = {"config": {"digest": TWO}, "layers": []}
            return {"images": [{"imageManifest": json.dumps(manifest), "imageManifestMediaType": SINGLE}]}
        listed = self.architectures.get(imageIds[0]["imageDigest"], [])
        manifest = {"manifests": [{"platform": {"architecture": one}} for one in listed]}
        return {"images": [{"imageManifest": json.dumps(manifest), "imageManifestMediaType": INDEX}]}

    def get_download_url_for_layer(self, *, repositoryName, layerDigest):
        assert layerDigest == TWO
        if self.configuration == "refused":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetDownloadUrlForLayer")
        return {"downloadUrl": self.configuration}

    def put_image(self, *, repositoryName, imageManifest, imageManifestMediaType, imageTag, imageDigest):
        self.tags[imageTag] = imageDigest


@pytest.fixture
def project(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")

    def make(ecr=None, **service):
        document = {"name": "shop", "services": {"web": service or {"build": "."}}}
        target = FakeTarget(build_engine="", clients={"ecr": ecr or FakeEcr()})
        return StageContext(
            StackSpec.model_validate(document).stage(),
            target,
            workspace=tmp_path,
            program=lambda stage, settings: lambda: None,
            settings=DeploymentSettings(),
            interrupt=Interrupt(),
        )

    return make


def state():
    known = {"name": "shop-web-1", "repositoryUrl": URL}
    urn = "urn:pulumi:dev::shop::tinystacks:aws:Registry$aws:ecr/repository:Repository::shop-web"
    return State(
        export={"deployment": {"resources": [{"type": "aws:ecr/repository:Repository", "urn": urn, "outputs": known}]}}
    )


def look(context, given=None, record=None, known=None):
    said = []
    return ImageSupply(context, given or {}, said.append).look(record, known), said


def test_new_sources_have_to_be_built_and_known_ones_are_found_by_their_tag(project):
    first, _ = look(project(), known=state())
    assert list(first.missing) == ["web"]
    tag = f"src-{first.sources['web']}"
    second, _ = look(project(FakeEcr({tag: ONE})), known=state())
    assert (second.images, second.missing) == ({"web": f"{URL}@{ONE}"}, {})


def test_an_image_that_was_kept_and_is_gone_is_built_again(project):
    sources = look(project(), known=state())[0].sources
    context = project(FakeEcr({"other": TWO}))
    record = context.no_record()
    kept = {"images": {"web": f"{URL}@{ONE}"}, "sources": sources}
    again, _ = look(context, record=type(record)(**{**record.to_mapping(), **kept}), known=state())
    assert list(again.missing) == ["web"]


def test_b12_a_given_tag_of_the_own_registry_is_pinned_and_one_that_is_not_there_refused(project):
    context = project(FakeEcr({"v1": ONE}))
    assert look(context, {"web": f"{URL}:v1"})[0].images == {"web": f"{URL}@{ONE}"}
    assert look(context, {"web": "nginx:1"})[0].images == {"web": "nginx:1"}
    with pytest.raises(ImageError, match="there is no image"):
        look(context, {"web": f"{URL}:v2"})


def test_e11_an_image_for_another_cpu_is_refused_in_words(project):
    ecr = FakeEcr({"arm": ONE, "both": TWO}, {ONE: ["arm64", "unknown"], TWO: ["arm64", "amd64"]})
    context = project(ecr)
    assert look(context, {"web": f"{URL}:both"})[0].images
    with pytest.raises(ImageError, match=r"built for arm64, but t3\.\w+ needs amd64"):
        look(context, {"web": f"{URL}:arm"})


def test_e11_a_single_manifest_tells_its_cpu_in_its_configuration(project, tmp_path):
    configuration = tmp_path / "configuration.json"
    configuration.write_text(json.dumps({"architecture": "arm64", "os": "linux"}))
    ecr = FakeEcr({"arm": ONE}, configuration=configuration.as_uri())
    with pytest.raises(ImageError, match=r"built for arm64, but t3\.\w+ needs amd64"):
        look(project(ecr), {"web": f"{URL}:arm"})
    configuration.write_text(json.dumps({"architecture": "amd64", "os": "linux"}))
    assert look(project(ecr), {"web": f"{URL}:arm"})[0].images == {"web": f"{URL}@{ONE}"}


@pytest.mark.parametrize("configuration", ["refused", "gone", "broken", "http://127.0.0.1:9/blob"])
def test_e11_a_configuration_that_cannot_be_read_is_a_warning(project, tmp_path, configuration):
    (tmp_path / "broken").write_text("<html>")
    url = configuration if configuration == "refused" or ":" in configuration else (tmp_path / configuration).as_uri()
    supply, said = look(project(FakeEcr({"one": ONE}, configuration=url)), {"web": f"{URL}:one"})
    assert supply.images == {"web": f"{URL}@{ONE}"}
    (warning,) = said
    assert isinstance(warning, Warned)
    assert "built for amd64 is not known" in warning.message


def test_ask_15_a_given_image_is_kept_until_the_file_changes(project):
    context = project(image="nginx:1")
    record = type(context.no_record())(
        **{**context.no_record().to_mapping(), "images": {"web": "nginx:ci"}, "file_images": {"web": "nginx:1"}}
    )
    kept, said = look(context, record=record)
    assert kept.images == {"web": "nginx:ci"}
    assert "stays at nginx:ci" in said[0].message
    assert look(project(image="nginx:2"), record=record)[0].images == {}
    assert own_images(context, {"web": "nginx:1", "gone": "x"}) == {}


def test_an_image_that_was_built_gives_way_to_the_one_that_the_file_names_now(project):
    """The file named none while there was `build:`."""
    context = project(image="nginx:1")
    record = type(context.no_record())(**{**context.no_record().to_mapping(), "images": {"web": f"{URL}@{ONE}"}})
    assert look(context, record=record) == (Supply(), [])


def test_a_service_that_is_not_there_gets_no_image(project):
    with pytest.raises(UsageError, match="has no service `wep`"):
        look(project(), {"wep": "nginx:1"})


def test_tags_never_move():
    ecr = FakeEcr({"a": ONE, "taken": TWO})
    repositories = Repositories(ecr)
    assert repositories.add_tag("shop-web-1", ONE, "commit")
    assert repositories.add_tag("shop-web-1", ONE, "commit")
    assert not repositories.add_tag("shop-web-1", ONE, "taken")
    assert ecr.tags == {"a": ONE, "taken": TWO, "commit": ONE}
