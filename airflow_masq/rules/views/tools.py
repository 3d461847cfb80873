"""The kinds of rows in the tables of MASQ113 and MASQ114, which list what a tool refuses in an environment.

The tables contain only what a tool demands beyond Google's service. MASQ101, MASQ107 to MASQ112 and MASQ123 report what
the service refuses as well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from airflow_masq.environment import EnvironmentResource
from airflow_masq.environment.field_generations import lacks_field
from airflow_masq.environment.fields import BOOLEANS
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem
from airflow_masq.rules.views.fields import list_private_fields, list_unknown_words
from airflow_masq.text import escape, join_words

if TYPE_CHECKING:
    import re


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """A plan's environment as a tool receives it.

    :param environment: Google's resource.
    :param writes_false: whether false, empty and 0 reach the tool like any other value. If not, such a field does not
        satisfy another field that needs it, and false or an empty list requests nothing.
    """

    environment: EnvironmentResource
    writes_false: bool

    def get_value(self, path: str) -> object:
        """Look a field up by its dotted path."""
        return self.environment.get_value(*path.split("."))

    def has(self, path: str) -> bool:
        """Say whether a field reaches the tool."""
        value = self.get_value(path)
        return _is_set(value) and (self.writes_false or (value is not False and value not in ([], {})))

    def satisfies(self, path: str) -> bool:
        """Say whether a field satisfies another field that needs it."""
        return self.has(path) if self.writes_false else bool(self.get_value(path))


@dataclass(frozen=True, kw_only=True)
class Row(ABC):
    """One demand of a tool.

    :param paths: dotted paths of fields, from the environment on.
    :param source: the file of the tool's source code that makes the demand.
    """

    paths: tuple[str, ...]
    source: str

    @abstractmethod
    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find each field that the tool refuses: its path, what the tool does, and how to correct it."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool that creates environments.

    :param name: what messages call it.
    :param rows: what it demands.
    :param writes_false: as of ``Arguments``.
    """

    name: str
    rows: tuple[Row, ...]
    writes_false: bool

    def find_refusals(self, plan: Plan) -> Iterator[Problem]:
        """Find the fields of a plan's environment that the tool refuses, and that no rule about the service reports."""
        environment = plan.environment
        arguments = Arguments(environment=environment, writes_false=self.writes_false)
        unknown = [each.path for each in list_unknown_words(environment)]
        reported = [".".join(path) for path in (*list_private_fields(environment), *unknown)]
        for row in self.rows:
            for path, complaint in row.find(arguments):
                is_reported = any(f"{path}.".startswith(f"{place}.") for place in reported)
                if is_reported or lacks_field(environment.generation, path=tuple(path.split("."))):
                    continue
                reported.append(path)
                message = f"{self.name} {complaint}, or create the environment without {self.name}."
                yield Problem(where=f"environment.{path}", message=message)


@dataclass(frozen=True, kw_only=True)
class NotFor(Row):
    """Fields or sections that the tool refuses for one generation of Composer.

    :param composer: the generation; ``None`` if the image version does not show it. gcloud and Terraform treat such an
        image as one that is not Composer 1 and not Composer 3.
    """

    composer: int | None

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find those that are set for that generation."""
        if arguments.environment.generation != self.composer:
            return
        for path in self.paths:
            value = arguments.get_value(path)
            # A section asks for something if one of its fields is set, also to false.
            if not (any(map(_is_set, value.values())) if isinstance(value, Mapping) else value and _is_set(value)):
                continue
            complaint = f"refuses {_name(path)} for Composer {self.composer}; remove it"
            if self.composer is None:
                complaint = (
                    f"treats this image version as Composer 2 and refuses {_name(path)} for it; choose a version that "
                    "shows the generation, remove the field"
                )
            yield path, complaint


@dataclass(frozen=True, kw_only=True)
class Together(Row):
    """Fields that need other fields; fields of ``paths`` that are also in ``needs`` need one another.

    :param needs: the paths of the fields that must be set as well.
    :param composer: the only generation of Composer to which this applies, default all.
    :param unless: a field for which another rule demands the same; default none.
    """

    needs: tuple[str, ...]
    composer: int | None = None
    unless: str | None = None

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find the first one that lacks another."""
        if self.composer not in (None, arguments.environment.generation):
            return
        if self.unless and arguments.get_value(self.unless):
            return
        there = [path for path in self.paths if arguments.has(path)]
        missing = [path for path in self.needs if not arguments.satisfies(path)]
        if there and missing:
            section = there[0].rpartition(".")[0]
            names = [path.rpartition(".")[2] if path.startswith(f"{section}.") else _name(path) for path in missing]
            if not arguments.writes_false:  # false does not reach the tool, so only true is enough
                names = [f"{name}: true" if name.rpartition(".")[2] in BOOLEANS else name for name in names]
            *others, last = names
            listed, them = (f"{', '.join(others)} and {last}", "them") if others else (last, "it")
            yield there[0], f"refuses {_name(there[0])} without {listed}; set {them} too"


@dataclass(frozen=True, kw_only=True)
class Within(Row):
    """Numbers with bounds; ``most`` is ``None`` if there is no upper bound."""

    least: float
    most: float | None

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find those out of bounds."""
        for path in self.paths:
            number = cast("int | float | None", arguments.get_value(path))
            if number is not None and (number < self.least or (self.most is not None and number > self.most)):
                accepted = f"{self.least} or more" if self.most is None else f"{self.least} to {self.most}"
                yield path, f"accepts {accepted} for {_name(path)}, but the plan has {number}; change the number"


@dataclass(frozen=True, kw_only=True)
class Distinct(Row):
    """Lists whose entries must be unique."""

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find those with a duplicate entry."""
        for path in self.paths:
            texts = cast("list[str] | None", arguments.get_value(path)) or []
            if len(set(texts)) < len(texts):
                yield path, f"refuses duplicate entries in {_name(path)}; remove one of them"


@dataclass(frozen=True, kw_only=True)
class Matching(Row):
    """Texts that must match a pattern.

    :param form: the pattern, for the whole text.
    :param expected: the pattern in words.
    """

    form: re.Pattern[str]
    expected: str

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find those that do not match."""
        for path in self.paths:
            text = cast("str | None", arguments.get_value(path))
            if text is not None and not self.form.fullmatch(text):
                yield path, f"accepts only {self.expected} for {_name(path)}; change it"


@dataclass(frozen=True, kw_only=True)
class OneOf(Row):
    """Words of Google's API of which the tool knows only some.

    :param words: those that it knows.
    """

    words: tuple[str, ...]

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find those with another word."""
        for path in self.paths:
            word = arguments.get_value(path)
            if _is_set(word) and word not in self.words:
                complaint = f"accepts only {join_words(self.words)} for {_name(path)}"
                yield path, f"{complaint}, but the plan has {escape(str(word))}; change it"


def _name(path: str) -> str:
    """Name a field with its section, since names such as ``enabled`` occur in several."""
    return ".".join(path.removeprefix("config.").split(".")[-2:])


def _is_set(value: object) -> bool:
    """Say whether a value requests anything; Google's types treat the first value of an enum as unset."""
    return value is not None and not (isinstance(value, str) and value.endswith("_UNSPECIFIED"))
