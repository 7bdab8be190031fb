"""Forms of commands that people type, as those that are parsed."""

from __future__ import annotations

COMMAND_WORD = "--command-word"
"""Option of `run` that takes one word of the command behind `--`."""
_IN_GROUPS = {"releases": frozenset({"list", "show", "diff", "prune"}), "instances": frozenset({"list", "update"})}
"""Commands of the groups that list when none is named."""
_WITH_VALUE = frozenset(
    {
        *("--file", "-f", "--profile", "--region", "--task", "-t", "--cluster", "--service", "-s"),
        *("--ami", "--message", "-m", "--keep"),
    }
)
"""Options of `tasks` and of such groups that are followed by their value."""


def parsed_form(words: list[str]) -> list[str]:
    """Give the words that are parsed for what people type.

    That is `engine`, `releases [STAGE]`, `instances [STAGE]`, `tasks show [STAGE] ID`, and what is behind `--`.

    Args:
        words: as they were typed, without the program's name.
    """
    asks_for_help = bool({"-h", "--help"} & set(words))
    if words[:1] == ["engine"] and not asks_for_help and all(word.startswith("-") for word in words[1:]):
        return ["engine", "show", *words[1:]]
    if words and words[0] in _IN_GROUPS and not asks_for_help:
        plain, options = _taken_apart(words[1:])
        named = [] if plain[:1] and plain[0] in _IN_GROUPS[words[0]] else ["list"]
        return [words[0], *named, *plain, *options]
    if words[:1] == ["tasks"]:
        plain, options = _taken_apart(words[1:])
        if plain[:1] == ["show"] and len(plain) > 1:
            *stage, task = plain[1:]
            return ["tasks", *stage, "--task", task, *options]
    if words[:1] == ["run"] and "--" in words:
        end = words.index("--")
        return [*words[:end], *(f"{COMMAND_WORD}={word}" for word in words[end + 1 :])]
    return words


def _taken_apart(words: list[str]) -> tuple[list[str], list[str]]:
    """Give the words that are no options, and the options with their values."""
    plain: list[str] = []
    options: list[str] = []
    value_follows = False
    for word in words:
        (options if value_follows or word.startswith("-") else plain).append(word)
        value_follows = not value_follows and word in _WITH_VALUE
    return plain, options
