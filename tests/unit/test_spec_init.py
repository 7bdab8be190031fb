"""The first file: valid as it is, fitting the folder, never over an existing one."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinystacks.errors import UsageError
from tinystacks.spec.init import stack_name, starter_file, write_starter_file
from tinystacks.spec.loader import load_stack, load_stack_text
from tinystacks.spec.stages import stack_problems


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "My Shop (v2)"
    folder.mkdir()
    return folder


def test_a_folder_with_a_dockerfile(folder):
    (folder / "Dockerfile").write_text("FROM scratch\n# EXPOSE 1\nexpose 8080/tcp 9090\nEXPOSE 70000\n")
    stack = load_stack(write_starter_file(folder))
    web = stack.stage().services["web"]
    assert stack.name == "my-shop-v2"
    assert web.build is not None
    assert web.build.context == "."
    assert web.port == 8080


def test_a_folder_without_a_dockerfile(folder):
    web = load_stack_text(starter_file(folder)).services["web"]
    assert web.image == "public.ecr.aws/nginx/nginx:1.27"
    assert web.port == 80


def test_a_dockerfile_that_exposes_nothing_is_told(folder):
    (folder / "Dockerfile").write_bytes(b"FROM scratch\nEXPOSE $PORT\nEXPOSE 53/udp\n\xff")
    text = starter_file(folder)
    assert load_stack_text(text).services["web"].port == 80
    assert "this is a guess" in text


@pytest.mark.parametrize(
    ("dockerfile", "port"),
    [
        ("ARG PORT=8080\nFROM scratch\nEXPOSE $PORT\n", 8080),
        ("FROM scratch\nENV A=1 PORT='7000'\nEXPOSE ${PORT}/tcp\n", 7000),
        ("ENV PORT 7000\nEXPOSE $PORT\n", 7000),
        ("ARG PORT\nEXPOSE ${PORT:-7000}\n", 7000),
        ("ARG BASE=9000\nENV PORT=$BASE\nexpose ${PORT:-7000}\n", 9000),
        ("EXPOSE 8000-8005\n", 8000),
        ("EXPOSE \\\n  53/udp \\\n  # the program\n  8080/tcp\n", 8080),
        ("EXPOSE $UNKNOWN 8080\r\n", 8080),
    ],
)
def test_the_port_of_a_dockerfile_is_read_where_it_can_be(folder, dockerfile, port):
    (folder / "Dockerfile").write_text(dockerfile, newline="")
    text = starter_file(folder)
    assert load_stack_text(text).services["web"].port == port
    assert "guess" not in text


@pytest.mark.parametrize(
    ("dockerfile", "why"),
    [
        ("FROM scratch\n", "your Dockerfile has no EXPOSE, so this is a guess"),
        ("ARG PORT\nEXPOSE $PORT\n", "only a build knows what `EXPOSE $PORT` in your Dockerfile means, so this is"),
        ("EXPOSE 53/udp\n", "your Dockerfile exposes no TCP port, so this is a guess"),
    ],
)
def test_what_of_a_dockerfile_could_not_be_read_is_told_as_it_is(folder, dockerfile, why):
    (folder / "Dockerfile").write_text(dockerfile)
    text = starter_file(folder)
    assert why in text
    assert stack_problems(load_stack_text(text)) == []


def test_the_first_file_has_no_problems_and_no_warnings(folder):
    assert stack_problems(load_stack_text(starter_file(folder))) == []


def test_what_is_commented_out_is_valid_too(folder):
    (folder / "Dockerfile").write_text("EXPOSE 80")
    text = starter_file(folder)
    body = text[text.index("\nname:") :]
    whole = re.sub(r"^( *)# ?", r"\1", body, flags=re.MULTILINE)
    stack = load_stack_text(whole)
    assert stack.stage_names == ("dev", "prod")
    assert stack.services["web"].variables == {"GREETING": "hello"}
    assert stack_problems(stack) == []


@pytest.mark.parametrize("name", ["tstack.yaml", "tstack.yml"])
def test_an_existing_file_is_never_touched(folder, name):
    (folder / name).write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        write_starter_file(folder)
    assert (folder / name).read_text() == "mine"


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be written"):
        write_starter_file(tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("shop", "shop"),
        ("My_Shop.v2", "my-shop-v2"),
        ("42 apples", "apples"),
        ("aws-shop", "my-aws-shop"),
        ("ECS", "my-ecs"),
        ("internal-tools", "my-internal-tools"),
        ("False", "my-false"),
        ("日本", "my-app"),
        ("", "my-app"),
        ("a" * 60, "a" * 32),
    ],
)
def test_names_of_stacks(text, name):
    assert stack_name(text) == name


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_folder_name_gives_a_valid_stack(text):
    stack = load_stack_text(f"name: {stack_name(text)}\nservices: {{web: {{build: .}}}}\n")
    assert stack_problems(stack) == []
