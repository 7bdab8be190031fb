"""The cluster query language of `memberOf` constraints (P23-P26).

Grammar: `subject operator [argument]`, joined by `and`/`&&`, `or`/`||`, `not`/`!`, with parentheses around whole
expressions. Source: Amazon ECS developer guide, cluster-query-language.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from tinystacks.controlplane.errors import invalid_parameter

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ContainerInstance

Test = Callable[["ContainerInstance"], bool]
LONGEST_EXPRESSION = 2000
ORDERED = {">", ">=", "<", "<="}
ORDERED_SUBJECTS = {"agentVersion", "registeredAt", "runningTasksCount"}
WORDS = {
    "equals": "==",
    "not_equals": "!=",
    "greater_than": ">",
    "greater_than_equal": ">=",
    "less_than": "<",
    "less_than_equal": "<=",
    "matches": "=~",
    "not_matches": "!~",
    "not_in": "!in",
    "not_exists": "!exists",
}
OPERATORS = {"==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in", "!in", "exists", "!exists"}
SUBJECTS: dict[str, Callable[[ContainerInstance], str]] = {
    "agentConnected": lambda instance: "true" if instance.agent_connected else "false",
    "agentVersion": lambda instance: instance.agent_version,
    "ec2InstanceId": lambda instance: instance.ec2_instance_id,
    "registeredAt": lambda instance: repr(instance.registered_at),
    "runningTasksCount": lambda instance: str(instance.running_tasks_count),
}
TOKEN = re.compile(
    r"\s*(?:(?P<symbol>&&|\|\||==|!=|>=|<=|=~|!~|!in\b|!exists\b|[()\[\],<>!])|(?P<quoted>\"[^\"]*\"|'[^']*')"
    r"|(?P<word>[^\s()\[\],<>!=&|]+))"
)


@lru_cache(maxsize=1024)
def compiled(expression: str) -> Test:
    """Turn an expression into a test of a container instance.

    Raises:
        EcsError: InvalidParameterException, when the expression cannot be read.
    """
    if len(expression) > LONGEST_EXPRESSION:
        raise invalid_parameter(f"Expressions can have at most {LONGEST_EXPRESSION} characters.")
    return _Parser(expression).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._position = 0

    def parse(self) -> Test:
        test = self._either()
        if self._position < len(self._tokens):
            raise self._error()
        return test

    def _split(self, text: str) -> list[str]:
        tokens: list[str] = []
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            # After a match operator the whole rest up to a blank is one regular expression.
            if tokens and tokens[-1] in {"=~", "!~", "matches", "not_matches"}:
                found = re.compile(r"\s*(?P<word>\S+?)(?=\)*(?:\s|$))").match(stripped, position)
            else:
                found = TOKEN.match(stripped, position)
            if found is None or found.end() == position:
                raise self._error()
            tokens.append(next(one for one in found.groups() if one is not None))
            position = found.end()
        return tokens

    def _error(self) -> Exception:
        return invalid_parameter(f"The expression '{self._text}' is not valid.")

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise self._error()
        self._position += 1
        return token

    def _either(self) -> Test:
        left = self._both()
        while self._peek() in {"or", "||"}:
            self._position += 1
            left = _any(left, self._both())
        return left

    def _both(self) -> Test:
        left = self._one()
        while self._peek() in {"and", "&&"}:
            self._position += 1
            left = _all(left, self._one())
        return left

    def _one(self) -> Test:
        word = self._next()
        if word in {"not", "!"}:
            return _negated(self._one())
        if word == "(":
            test = self._either()
            if self._next() != ")":
                raise self._error()
            return test
        return self._comparison(word)

    def _comparison(self, subject: str) -> Test:
        operator = self._next()
        operator = WORDS.get(operator, operator)
        if operator not in OPERATORS or not _is_subject(subject):
            raise self._error()
        if operator in ORDERED and subject not in ORDERED_SUBJECTS:
            raise self._error()
        if operator in {"exists", "!exists"}:
            wanted = operator == "exists"
            return lambda instance: bool(_values(subject, instance)) == wanted
        arguments = self._list() if operator in {"in", "!in"} else [_unquoted(self._next())]
        return self._test(subject, operator, arguments)

    def _list(self) -> list[str]:
        if self._next() != "[":
            raise self._error()
        found: list[str] = []
        while (word := self._next()) != "]":
            if word != ",":
                found.append(_unquoted(word))
        return found

    def _test(self, subject: str, operator: str, arguments: list[str]) -> Test:
        if operator in {"=~", "!~"}:
            try:
                pattern = re.compile(arguments[0])
            except re.error as error:
                raise self._error() from error
            wanted = operator == "=~"
            return lambda instance: any(pattern.fullmatch(one) for one in _values(subject, instance)) == wanted
        if operator in ORDERED:
            bound = _comparable(subject, arguments[0])
            return lambda instance: any(
                _ordered(_comparable(subject, one), operator, bound) for one in _values(subject, instance)
            )
        wanted = operator in {"==", "in"}
        if subject in {"agentConnected", "registeredAt", "agentVersion"}:
            bounds = [_comparable(subject, one) for one in arguments]
            return lambda instance: (
                any(_comparable(subject, one) in bounds for one in _values(subject, instance)) == wanted
            )
        return lambda instance: any(one in arguments for one in _values(subject, instance)) == wanted


def _any(left: Test, right: Test) -> Test:
    return lambda instance: left(instance) or right(instance)


def _all(left: Test, right: Test) -> Test:
    return lambda instance: left(instance) and right(instance)


def _negated(test: Test) -> Test:
    return lambda instance: not test(instance)


def _is_subject(word: str) -> bool:
    return (word.startswith("attribute:") and word != "attribute:") or word == "task:group" or word in SUBJECTS


def _values(subject: str, instance: ContainerInstance) -> list[str]:
    if subject.startswith("attribute:"):
        name = subject.removeprefix("attribute:")
        return [instance.attributes[name] or ""] if name in instance.attributes else []
    if subject == "task:group":
        return [task.group for task in instance.tasks.values()]
    return [SUBJECTS[subject](instance)]


def _comparable(subject: str, word: str) -> tuple[float, ...]:
    try:
        if subject == "agentVersion":
            return tuple(float(part) for part in word.split("."))
        if subject == "agentConnected":
            return (1.0 if word.lower() == "true" else 0.0,)
        if subject == "registeredAt" and not re.fullmatch(r"[0-9.e+]+", word):
            moment = datetime.fromisoformat(word)
            return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(),)
        return (float(word),)
    except ValueError as error:
        raise invalid_parameter(f"The value '{word}' cannot be compared with {subject}.") from error


def _ordered(value: tuple[float, ...], operator: str, bound: tuple[float, ...]) -> bool:
    if operator == ">":
        return value > bound
    if operator == ">=":
        return value >= bound
    return value < bound if operator == "<" else value <= bound


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word
