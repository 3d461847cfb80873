"""What Airflow's interface shows as a task's documentation, where the author of a DAG gives none."""

from __future__ import annotations

import inspect


def describe_task(operator: type) -> str | None:
    """Give an operator's docstring without its parameters, as Markdown for ``doc_md``.

    Operators do so for themselves. A mapped task is given it in ``partial``, since Airflow makes no operator of it when
    it stores the DAG.

    :return: the text; ``None`` where Python was told to keep no docstrings.
    """
    text = inspect.getdoc(operator)
    return None if text is None else text.partition("\n:param")[0].strip()
