"""What a tool refuses in a plan's environment: the kinds of rows that MASQ113 and MASQ114 make their tables of.

The tables hold only what a tool demands beyond Google's service. MASQ101 and MASQ107 to MASQ112 report what is wrong
for the service as well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from airflow_masq.environment import EnvironmentResource
from airflow_masq.environment.field_generations import FIELD_GENERATIONS
from airflow_masq.environment.fields import BOOLEANS
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem

if TYPE_CHECKING:
    import re


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """A plan's environment as a tool gets it.

    :param environment: Google's resource.
    :param writes_false: whether the tool gets what is false, empty or 0 like any other value. If not, such a field is
        not enough where another one needs it, and false or an empty list asks for nothing.
    """

    environment: EnvironmentResource
    writes_false: bool

    def list_misplaced(self) -> list[str]:
        """List the fields that belong to another generation of Composer, which MASQ108 reports."""
        composer = self.environment.generation
        return [".".join(row.path) for row in FIELD_GENERATIONS if composer is not None and not row.has(composer)]

    def value(self, path: str) -> object:
        """Look a field up by its dotted path."""
        return self.environment.value(*path.split("."))

    def has(self, path: str) -> bool:
        """Say whether the tool gets a field at all."""
        value = self.value(path)
        return _is_set(value) and (self.writes_false or (value is not False and value not in ([], {})))

    def satisfies(self, path: str) -> bool:
        """Say whether a field is there for another one that needs it."""
        return self.has(path) if self.writes_false else bool(self.value(path))


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
        """Give the path of each field that the tool refuses, with what the tool does and how to mend it."""


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
        """Find the fields of a plan's environment that the tool refuses."""
        arguments = Arguments(environment=plan.environment, writes_false=self.writes_false)
        reported = arguments.list_misplaced()
        for row in self.rows:
            for path, complaint in row.find(arguments):
                if any(f"{path}.".startswith(f"{place}.") for place in reported):
                    continue
                reported.append(path)
                message = f"{self.name} {complaint}, or create the environment without {self.name}."
                yield Problem(where=f"environment.{path}", message=message)


@dataclass(frozen=True, kw_only=True)
class NotFor(Row):
    """Fields or sections that the tool refuses for one generation of Composer.

    :param composer: the generation; ``None`` where the image version does not tell it. gcloud and Terraform treat such
        an image as neither Composer 1 nor Composer 3.
    """

    composer: int | None

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find those that are set for that generation."""
        if arguments.environment.generation != self.composer:
            return
        for path in self.paths:
            if not _holds_something(arguments.value(path)):
                continue
            complaint = f"refuses {_name(path)} for Composer {self.composer}; remove it"
            if self.composer is None:
                complaint = (
                    f"treats this image version as Composer 2 and refuses {_name(path)} for it; name a version that "
                    "tells the generation, remove the field"
                )
            yield path, complaint


@dataclass(frozen=True, kw_only=True)
class Together(Row):
    """Fields that need others beside them; those of ``paths`` need one another where ``needs`` holds them too.

    :param needs: the paths of the fields that must be set as well.
    :param composer: the only generation of Composer for which this holds, default all.
    :param unless: a field because of which another rule asks for the same; default none.
    """

    needs: tuple[str, ...]
    composer: int | None = None
    unless: str | None = None

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find the first one that lacks another."""
        if self.composer not in (None, arguments.environment.generation):
            return
        if self.unless and arguments.value(self.unless):
            return
        there = [path for path in self.paths if arguments.has(path)]
        missing = [path for path in self.needs if not arguments.satisfies(path)]
        if there and missing:
            section = there[0].rpartition(".")[0]
            names = [path.rpartition(".")[2] if path.startswith(f"{section}.") else _name(path) for path in missing]
            if not arguments.writes_false:  # the tool does not get what is false, so that is not enough
                names = [f"{name}: true" if name.rpartition(".")[2] in BOOLEANS else name for name in names]
            *others, last = names
            listed, them = (f"{', '.join(others)} and {last}", "them") if others else (last, "it")
            yield there[0], f"refuses {_name(there[0])} without {listed}; set {them} too"


@dataclass(frozen=True, kw_only=True)
class Within(Row):
    """Numbers with bounds; ``most`` is ``None`` where there is no upper one."""

    least: float
    most: float | None

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find those out of bounds."""
        for path in self.paths:
            number = cast("int | float | None", arguments.value(path))
            if number is not None and (number < self.least or (self.most is not None and number > self.most)):
                accepted = f"{self.least} or more" if self.most is None else f"{self.least} to {self.most}"
                yield path, f"accepts {accepted} for {_name(path)}, and the plan has {number}; change the number"


@dataclass(frozen=True, kw_only=True)
class Distinct(Row):
    """Lists whose texts must differ from one another."""

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find those that hold a text twice."""
        for path in self.paths:
            texts = cast("list[str] | None", arguments.value(path)) or []
            if len(set(texts)) < len(texts):
                yield path, f"refuses {_name(path)} with the same entry twice; remove one of the two"


@dataclass(frozen=True, kw_only=True)
class Matching(Row):
    """Texts of one form.

    :param form: the form.
    :param expected: the form in words.
    """

    form: re.Pattern[str]
    expected: str

    def find(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Find those of another form."""
        for path in self.paths:
            text = cast("str | None", arguments.value(path))
            if text is not None and not self.form.fullmatch(text):
                yield path, f"accepts only {self.expected} for {_name(path)}; change it"


def _name(path: str) -> str:
    """Name a field with its section, since names such as ``enabled`` occur in several."""
    return ".".join(path.removeprefix("config.").split(".")[-2:])


def _is_set(value: object) -> bool:
    """Say whether a value asks for anything; to Google's types, the first word of an enum is the same as none."""
    return value is not None and not (isinstance(value, str) and value.endswith("_UNSPECIFIED"))


def _holds_something(value: object) -> bool:
    """Say whether a field or a section asks for anything; false asks for something only inside a section."""
    if isinstance(value, Mapping):
        return any(map(_is_set, value.values()))
    return _is_set(value) and bool(value)
