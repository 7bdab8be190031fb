"""Which image every service of a release runs: given, kept, found again, or built and pushed (traps B12, E11, J2).

```
service ─┬─ given with this command ────────────▶ its digest where its registry tells
         ├─ `image:` ─ given before, file as then ▶ kept
         └─ `build:` ─ same sources as before ────▶ kept
                     ─ built once, by anyone ─────▶ found by the tag of its sources
                     ─ else ──────────────────────▶ built, pushed, named by its digest
```
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.events import ContainerOutput, Notice, Phase, PhaseStarted
from tinystacks.deployment.failed_build import build_failed
from tinystacks.deployment.given_images import GivenImages
from tinystacks.deployment.wording import typed_stage
from tinystacks.errors import UsageError
from tinystacks.images.builders import BuildOrder, Programs, find_builder
from tinystacks.images.errors import ImageError
from tinystacks.images.references import parse_reference
from tinystacks.images.repositories import Repositories
from tinystacks.images.sources import read_sources
from tinystacks.naming import logical_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.work_folder import StageRecord
    from tinystacks.images.builders import Builder
    from tinystacks.images.sources import Sources

_REPOSITORY = "aws:ecr/repository:Repository"
_PLATFORMS = {"x86_64": "amd64", "arm64": "arm64"}
_SAME = {"aarch64": "arm64", "x86_64": "amd64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where images of a service are kept.

    Attributes:
        name: in the account's registry.
        url: host and name.
    """

    name: str
    url: str


@dataclass(slots=True, kw_only=True)
class Supply:
    """What the services run.

    Attributes:
        images: image references by service and `service/sidecar`, where they are not the file's own.
        sources: content of the sources that they were built from, by service.
        missing: services whose image has to be built.
    """

    images: dict[str, str] = field(default_factory=dict[str, str])
    sources: dict[str, str] = field(default_factory=dict[str, str])
    missing: dict[str, Sources] = field(default_factory=dict[str, "Sources"])


class ImageSupply:
    """Finds and makes the images of one release.

    Args:
        context: the stage.
        given: images that this command names, by service and `service/sidecar`.
        emit: receives events.

    Raises:
        UsageError: an image is given for a service that the stage does not have.
        ImageError: there is nothing to build from.
    """

    def __init__(self, context: StageContext, given: Mapping[str, str], emit: OnEvent) -> None:
        self._context = context
        self._given = dict(given)
        self._emit = emit
        from programs.hosting import architecture  # noqa: PLC0415 - not before it is known to be ours

        stage = context.stage
        _check_names(stage.stage, self._given, set(file_images(context)) | set(stage.services))
        needed = _PLATFORMS[architecture(stage.compute)]
        self._given_images = GivenImages(context, needed, emit)
        self._sources = {
            name: read_sources(service.build, context.workspace, service=name, platform=f"linux/{needed}")
            for name, service in stage.services.items()
            if service.build is not None and name not in self._given and context.target.build_engine is not None
        }
        self._builder: Builder | None = None

    def look(self, record: StageRecord | None, state: State | None) -> Supply:
        """Find what is known already; changes nothing.

        Args:
            record: of the stage.
            state: names the repositories.

        Raises:
            ImageError: an image that was given is not there, or is for another CPU.
            AwsError: ECR refuses.
        """
        supply = Supply()
        known = record or self._context.no_record()
        for name, image in file_images(self._context).items():
            kept = known.images.get(name)
            if name in self._given or image is None or kept in {None, image}:
                continue
            if known.file_images.get(name) == image:
                supply.images[name] = str(kept)
                self._emit(
                    Notice(message=f"{name} stays at {kept}, which was given with --image; the file says {image}.")
                )
        for name, image in self._given.items():
            supply.images[name] = self._given_images.pinned(name, image)
        for name, sources in self._sources.items():
            kept = known.images.get(name, "")
            repository = repository_of(state, self._context.stage.stack, name)
            found = self._found(repository, sources, kept if known.sources.get(name) == sources.digest else "")
            supply.sources[name] = sources.digest
            if found:
                supply.images[name] = found
            else:
                supply.missing[name] = sources
        return supply

    def prepare(self, supply: Supply) -> None:
        """Make sure, before anything is changed, that what has to be built can be.

        Raises:
            BuilderMissingError: there is nothing that builds images.
        """
        if supply.missing:
            self._builder = find_builder(
                Programs(self._context.interrupt.calling), self._context.target.build_engine or ""
            )

    def build(self, supply: Supply, state: State | None, commit: str, *, made: Sequence[str] = ()) -> None:
        """Build, push and name what is missing.

        Args:
            supply: is completed.
            state: names the repositories, which exist.
            commit: version of the sources; empty when unknown.
            made: services whose repositories this command made.

        Raises:
            ImageError: a build or a push failed; says what this command has made.
            AwsError: ECR refuses.
        """
        if not supply.missing:
            return
        assert self._builder is not None, "prepared before"
        repositories = Repositories(self._context.target.client("ecr"))
        login = repositories.login()
        pushed: list[str] = []
        for name, sources in list(supply.missing.items()):
            self._context.interrupt.check()
            repository = repository_of(state, self._context.stage.stack, name)
            if repository is None:
                raise ImageError(f"service `{name}`: its image repository is not there", hint="Repeat `tstack up`.")
            reference = f"{repository.url}:{_tag(sources)}"
            try:
                self._build_one(name, sources, reference)
                self._emit(Notice(message=f"Pushing {reference}."))
                self._builder.push(reference, user=login.user, password=login.password, say=self._say(name))
            except ImageError as error:
                raise build_failed(
                    error,
                    service=name,
                    repositories=made,
                    pushed=pushed,
                    stage=typed_stage(self._context.stage.stage, self._context.target.name),
                ) from error
            digest = repositories.digest(repository.name, tag=_tag(sources))
            if not digest:
                raise ImageError(f"service `{name}`: {reference} was pushed, but the registry does not know it")
            if commit and not repositories.add_tag(repository.name, digest, _commit_tag(commit, sources)):
                repositories.add_tag(repository.name, digest, f"{commit}-{sources.digest}")
            supply.images[name] = f"{repository.url}@{digest}"
            pushed.append(name)
            del supply.missing[name]

    def _build_one(self, name: str, sources: Sources, reference: str) -> None:
        assert self._builder is not None, "prepared before"
        self._emit(PhaseStarted(phase=Phase.IMAGES, message=f"building the image of {name} with {self._builder.name}"))
        with sources.staged(self._context.folder.path / "builds") as (folder, dockerfile):
            order = BuildOrder(
                context=folder,
                dockerfile=dockerfile,
                reference=reference,
                platform=sources.platform,
                target=sources.build.target,
                args=sources.build.args,
            )
            self._builder.build(order, self._say(name))
        self._context.interrupt.check()
        made = self._builder.architecture(reference)
        self._given_images.check(name, {_SAME.get(made, made)} - {""})

    def _found(self, repository: Repository | None, sources: Sources, kept: str) -> str:
        """Give the image of these sources; empty when there is none (any more)."""
        if repository is None:
            return ""
        repositories = Repositories(self._context.target.client("ecr"))
        if kept:
            digest = parse_reference(kept).digest
            if digest and repositories.digest(repository.name, digest=digest):
                return kept
        digest = repositories.digest(repository.name, tag=_tag(sources))
        return f"{repository.url}@{digest}" if digest else ""

    def _say(self, name: str) -> Callable[[str], None]:
        return lambda line: self._emit(ContainerOutput(service=name, line=line, source="build"))


def planned_images(
    context: StageContext, record: StageRecord | None, state: State | None, given: Mapping[str, str], emit: OnEvent
) -> dict[str, str]:
    """Give the images that `up` would deploy; one that it would build has the tag that it will have."""
    supply = ImageSupply(context, given, emit).look(record, state)
    for name, sources in supply.missing.items():
        emit(Notice(message=f"{name}: its sources are new, `up` builds an image of them."))
        repository = repository_of(state, context.stage.stack, name)
        if repository is not None:
            supply.images[name] = f"{repository.url}:{_tag(sources)}"
    return supply.images


def file_images(context: StageContext) -> dict[str, str | None]:
    """Give the images that the file names, by service and `service/sidecar`; None for what is built."""
    found: dict[str, str | None] = {}
    for name, service in context.stage.services.items():
        found[name] = service.image
        found.update({f"{name}/{sidecar}": spec.image for sidecar, spec in service.sidecars.items()})
    return found


def own_images(context: StageContext, images: Mapping[str, str]) -> dict[str, str]:
    """Leave out of a release's images those that the file says itself."""
    said = file_images(context)
    return {name: image for name, image in images.items() if name in said and said[name] != image}


def repository_of(state: State | None, stack: str, service: str) -> Repository | None:
    """Find a service's repository in a state; none when it was not made yet."""
    for item in state.resources if state else ():
        known: Mapping[str, Any] = item.get("outputs") or {}
        if item["type"] == _REPOSITORY and str(item["urn"]).endswith(f"::{logical_name(stack, service)}") and known:
            return Repository(name=str(known["name"]), url=str(known["repositoryUrl"]))
    return None


def _tag(sources: Sources) -> str:
    return f"src-{sources.digest}"


def _commit_tag(commit: str, sources: Sources) -> str:
    return f"{commit}-{sources.digest[:8]}" if commit.endswith("-dirty") else commit


def _check_names(stage: str, given: Mapping[str, str], known: set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise UsageError(
            f"stage `{stage}` has no service `{unknown[0]}` to give an image to",
            hint=f"It has {', '.join(sorted(known))}.",
        )
    for image in given.values():
        parse_reference(image)
