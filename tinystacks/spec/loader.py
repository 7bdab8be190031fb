"""The file on disk to a `StackSpec`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tinystacks.errors import Problem, SpecError
from tinystacks.file_names import FILE_NAMES, file_in
from tinystacks.spec.validation import stack_from_mapping
from tinystacks.spec.yaml_source import read_document
from tinystacks.spec.yaml_tree import MAX_CHARACTERS

if TYPE_CHECKING:
    from tinystacks.spec.model import StackSpec

_MISSING_HINT = "Run `tstack init` to make one, or give its path with `--file`."
_MOST_BYTES = 4 * MAX_CHARACTERS


def load_stack(path: Path | str | None = None) -> StackSpec:
    """Load and validate a file.

    Args:
        path: the file; `tstack.yaml` or `tstack.yml` in the current folder by default.

    Raises:
        SpecError: no such file, not readable, not YAML, or not a valid stack; carries every problem with its position.
    """
    file = find_file(path)
    return load_stack_text(_text(file), str(file))


def find_file(path: Path | str | None = None) -> Path:
    """Give the file that describes the stack.

    Args:
        path: the file; `tstack.yaml` or `tstack.yml` in the current folder by default.

    Raises:
        SpecError: there is no such file.
    """
    file = Path(path) if path is not None else _default_file()
    try:
        there = file.exists()
    except OSError:
        there = True  # what keeps it from being looked at keeps it from being read, and is told then
    if not there:
        raise _refused(str(file), "there is no such file", hint=_MISSING_HINT)
    return file


def load_stack_text(text: str, file: str = "tstack.yaml") -> StackSpec:
    """Validate the text of a file.

    Args:
        text: YAML.
        file: name for problems.

    Raises:
        SpecError: not YAML, or not a valid stack; carries every problem with its position.
    """
    document = read_document(text, file)
    if document.data is None and document.problems:
        raise SpecError(document.problems)
    if document.data is None:
        raise _refused(file, "the file is empty; it needs `name` and `services`", hint=_MISSING_HINT)
    if not isinstance(document.data, dict):
        raise _refused(file, "the file must be a mapping with `name` and `services`")
    data = cast("dict[str, Any]", document.data)
    return stack_from_mapping(data, source=document.source, known=document.problems)


def _default_file() -> Path:
    return file_in(Path()) or Path(FILE_NAMES[0])


def _text(file: Path) -> str:
    name = str(file)
    try:
        if file.is_dir():
            raise _refused(name, "this is a folder; give the file in it", hint=_MISSING_HINT)
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise _refused(name, "there is no such file", hint=_MISSING_HINT) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _refused(name, f"the file cannot be read: {reason}") from None
    if len(content) > _MOST_BYTES:
        raise _refused(name, f"the file is too large: at most {MAX_CHARACTERS // 1024} KiB can be read")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message = "the file is not UTF-8 text; save it as UTF-8"
        raise _refused(name, message, line=line, column=column) from None


def _refused(file: str, message: str, *, line: int = 1, column: int = 1, hint: str = "") -> SpecError:
    return SpecError([Problem(field="", message=message, file=file, line=line, column=column, code="file")], hint=hint)
