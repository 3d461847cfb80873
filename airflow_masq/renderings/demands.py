"""What a tool demands before it takes a field: a generation of Composer, other fields, a number within bounds.

A text that its tool refuses for such a reason is no form of a plan, so it is an error that names the field. Whether
values are sound is for rules to say. Each tool's demands are tables of their own (``gcloud_demands.py``,
``terraform_demands.py``); it must not know any tool.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_masq.environment import COMPOSER_2
from airflow_masq.environment.field_generations import FIELD_GENERATIONS, FieldGenerations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_masq.renderings.environment_fields import EnvironmentField


@dataclass(frozen=True, kw_only=True)
class Prerequisite:
    """What a tool wants beside some fields.

    :param paths: the fields, any of which brings the demand.
    :param needs: the fields that must stand there as well; those of ``paths`` among them need one another.
    :param excludes: the fields that must not, each with the value that is meant; ``None`` for any value.
    :param generation: the one generation of Composer for which it holds, default all.
    """

    paths: tuple[str, ...]
    needs: tuple[str, ...] = ()
    excludes: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    generation: int | None = None


@dataclass(frozen=True, kw_only=True)
class Demands:
    """All that one tool demands.

    :param tool: what errors call it.
    :param generations: the fields that it takes for some generations of Composer only.
    :param prerequisites: what it wants beside others.
    :param bounds: the least and the most that it takes for a number; ``None`` for no most.
    :param zero_will_do: whether a field that is needed may be 0 or false.
    """

    tool: str
    generations: tuple[FieldGenerations, ...]
    prerequisites: tuple[Prerequisite, ...]
    bounds: Mapping[str, tuple[float, float | None]] = field(hash=False)
    zero_will_do: bool

    def refuse_unmet(self, fields: Mapping[str, EnvironmentField], *, generation: int | None) -> None:
        """Refuse fields that the tool would not take.

        :param fields: what is about to be written, by path.
        :param generation: the environment's generation of Composer; ``None`` where its image does not tell, which tools
            take for Composer 2: it is neither Composer 1 nor Composer 3 to them.
        :raises InexpressibleError: when there is one.
        """
        taken_for = COMPOSER_2 if generation is None else generation
        for row in self.generations:
            self._refuse_other_generation(fields, row, generation=taken_for)
        for prerequisite in self.prerequisites:
            if prerequisite.generation in (None, taken_for):
                self._refuse_unmet(fields, prerequisite)
        for path in self.bounds.keys() & fields.keys():
            self._refuse_out_of_bounds(fields[path])

    def _refuse_other_generation(
        self, fields: Mapping[str, EnvironmentField], row: FieldGenerations, *, generation: int
    ) -> None:
        for each in () if row.has(generation) else _at(".".join(row.path), fields):
            raise each.error(
                f"{self.tool} takes it for {row}, and takes this image for Composer {generation}; leave it out, or "
                "use rest"
            )

    def _refuse_unmet(self, fields: Mapping[str, EnvironmentField], prerequisite: Prerequisite) -> None:
        subject = next((fields[path] for path in prerequisite.paths if path in fields), None)
        if subject is None:
            return
        for path in prerequisite.needs:
            if path not in fields or not (fields[path].value or self.zero_will_do):
                needed = path.removeprefix(f"{subject.path.rpartition('.')[0]}.")
                raise subject.error(f"{self.tool} takes it together with {needed} only; set that as well, or use rest")
        for path, value in prerequisite.excludes.items():
            if path in fields and value in (None, fields[path].value):
                raise subject.error(f"{self.tool} does not take it together with {path}; leave one of them out")

    def _refuse_out_of_bounds(self, subject: EnvironmentField) -> None:
        least, most = self.bounds[subject.path]
        number = subject.number()
        if number < least or (most is not None and number > most):
            expected = f"{least} or more" if most is None else f"{least} to {most}"
            raise subject.error(f"{self.tool} takes {expected} only, and the plan has {number}")


def documented(*paths: str) -> Iterator[FieldGenerations]:
    """Give the generations that Google documents for fields, where a tool goes by the same.

    :param paths: dotted paths that ``FIELD_GENERATIONS`` has.
    :return: their rows.
    """
    rows = {".".join(row.path): row for row in FIELD_GENERATIONS}
    return (rows[path] for path in paths)


def _at(path: str, fields: Mapping[str, EnvironmentField]) -> Iterable[EnvironmentField]:
    """Give the fields at or inside a path; one that is 0, false or empty is as good as not there, one inside is not."""
    return (each for each in fields.values() if (each.path == path and each.value) or each.path.startswith(f"{path}."))
