"""The packet lab's exceptions.

    LabError
    ├── SandboxError      this process is not in a sandbox, or no sandbox can be made
    ├── NamespaceError    a network namespace is not one that this lab made
    └── NetlinkError      the kernel refused a request

They are separate from airflow-masq's: the packet lab needs nothing but the standard library.
"""

from __future__ import annotations

import os


class LabError(Exception):
    """The base of all errors that the packet lab raises itself."""


class SandboxError(LabError):
    """This process is not in a sandbox, or none can be made; the message says what is missing and what to do."""


class NamespaceError(LabError):
    """A network namespace is unknown to the lab, or is not the one that the lab made under that name."""


class NetlinkError(LabError):
    """The kernel refused a request.

    :param purpose: what the request was for, in words.
    :param code: the error number, positive.
    :param explanation: the kernel's own text; empty if it sent none.
    """

    def __init__(self, *, purpose: str, code: int, explanation: str = "") -> None:
        detail = f" ({explanation})" if explanation else ""
        super().__init__(f"{purpose}: {os.strerror(code)}{detail}")
        self.code = code
