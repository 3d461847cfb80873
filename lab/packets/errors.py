"""The lab's own errors, in one tree.

    LabError
    ├── SandboxError      this process may not, or cannot, be where a lab is built
    ├── NamespaceError    a namespace is not one that this lab made
    └── NetlinkError      the kernel refused a request

They are not airflow-masq's: the package never imports the lab, and the lab's packets need the standard library alone.
"""

from __future__ import annotations

import os


class LabError(Exception):
    """Whatever the lab raises on purpose."""


class SandboxError(LabError):
    """This process is not in a sandbox, or none can be made; the message says what is missing and what to do."""


class NamespaceError(LabError):
    """A network namespace is unknown to the lab, or not the one that it made under that name."""


class NetlinkError(LabError):
    """The kernel refused a request.

    :param purpose: what the request was for, in words.
    :param code: the error number, positive.
    :param explanation: the kernel's own words, where it had some.
    """

    def __init__(self, *, purpose: str, code: int, explanation: str = "") -> None:
        detail = f" ({explanation})" if explanation else ""
        super().__init__(f"{purpose}: {os.strerror(code)}{detail}")
        self.purpose = purpose
        self.code = code
        self.explanation = explanation
