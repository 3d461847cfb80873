"""Who has which role, and a service account, as Resource Manager, IAM and Compute tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from airflow_masq.facts.rest import find_flag, find_items, find_text, find_texts, find_value

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, kw_only=True)
class Binding:
    """Who has a role.

    :param members: in IAM's form, ``serviceAccount:EMAIL`` for example.
    :param is_conditional: it holds only where its condition does, which is not judged here.
    """

    role: str
    members: frozenset[str]
    is_conditional: bool = False


@dataclass(frozen=True, kw_only=True)
class IamPolicy:
    """The allow policy of one resource; it does not show what is inherited from a folder or an organization."""

    bindings: tuple[Binding, ...] = ()

    @classmethod
    def read(cls, resource: Mapping[str, object]) -> Self:
        """Read a policy in REST's form [source: resource-manager-rest]."""
        return cls(
            bindings=tuple(
                Binding(
                    role=find_text(entry, "role"),
                    members=frozenset(find_texts(entry, "members")),
                    is_conditional=find_value(entry, "condition") is not None,
                )
                for entry in find_items(resource, "bindings")
            )
        )

    def grants(self, email: str, *, roles: Collection[str]) -> bool:
        """Say whether a service account has one of the roles here, without a condition."""
        return any(
            binding.role in roles and f"serviceAccount:{email}" in binding.members and not binding.is_conditional
            for binding in self.bindings
        )


@dataclass(frozen=True, kw_only=True)
class ServiceAccount:
    """A service account that exists."""

    email: str
    is_disabled: bool

    @classmethod
    def read(cls, resource: Mapping[str, object]) -> Self:
        """Read the REST resource [source: iam-rest]."""
        return cls(email=find_text(resource, "email"), is_disabled=find_flag(resource, "disabled"))
