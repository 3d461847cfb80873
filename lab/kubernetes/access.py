"""Who may do what: bearer tokens, roles, and what GKE itself forbids on Autopilot.

A refusal by IAM names the permission that is missing. GKE's own refusals are those of its "Warden"
[source: gke-autopilot-managed-namespaces].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lab.kubernetes.resources import ALL_VERBS, CONFIG_MAPS, POLICIES, READ_VERBS, Resource
from lab.kubernetes.status import StatusError, make_forbidden, make_unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

MANAGED_NAMESPACE: Final = "kube-system"


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of the cluster.

    :param name: the account's address, as messages show it.
    :param verbs: what the user may do with every resource.
    """

    name: str
    verbs: tuple[str, ...] = ALL_VERBS

    @classmethod
    def make_viewer(cls, name: str) -> User:
        """Make a user who may only read (``roles/container.viewer``)."""
        return cls(name=name, verbs=READ_VERBS)


class Access:
    """Authentication and authorization.

    :param tokens: the users by their tokens; an empty one is for requests without. It may be changed at run time.
    :param fixed_names: the policies that are GKE's own.
    """

    def __init__(self, tokens: Mapping[str, User], *, autopilot: bool, fixed_names: tuple[str, ...]) -> None:
        self.tokens = dict(tokens)
        self._autopilot = autopilot
        self._fixed_names = fixed_names

    def authenticate(self, authorization: str) -> User:
        """Find the user of a request's ``Authorization`` header.

        :raises StatusError: no user has the token.
        """
        kind, _, token = authorization.partition(" ")
        if kind.lower() not in ("bearer", "") or token not in self.tokens:
            raise make_unauthorized()
        return self.tokens[token]

    def authorize(self, user: User, *, verb: str, resource: Resource, namespace: str, name: str) -> None:
        """Let a call pass.

        :raises StatusError: the user may not make it, or nobody may.
        """
        scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
        attempt = (
            f'User "{user.name}" cannot {verb} resource "{resource.plural}" in API group "{resource.group}" {scope}'
        )
        if verb not in user.verbs:
            permission = f"container.{_PERMISSIONS.get(resource.plural, resource.plural)}.{_name_permission(verb)}"
            raise make_forbidden(
                resource, name=name, text=f'{attempt}: requires one of ["{permission}"] permission(s).'
            )
        if verb in READ_VERBS:
            return
        if self._autopilot and resource == CONFIG_MAPS and namespace == MANAGED_NAMESPACE:
            text = (
                f"{attempt}: GKE Warden authz [denied by managed-namespaces-limitation]: the namespace "
                f'"{MANAGED_NAMESPACE}" is managed and the request\'s verb "{verb}" is denied'
            )
            raise make_forbidden(resource, name=name, text=text)
        if resource == POLICIES and name in self._fixed_names:
            raise self._refuse_fixed(resource, name=name)

    @staticmethod
    def _refuse_fixed(resource: Resource, *, name: str) -> StatusError:
        # The page says that it is fixed and cannot be edited [source: egress-nat-policy-objects]. Who refuses, and with
        # which words, is not verified.
        return make_forbidden(resource, name=name, text="the policy is managed by GKE and cannot be changed")


# Custom resources are "third-party objects" in IAM; the words are those of reports, the mapping is not verified.
_PERMISSIONS: Final = {"egressnatpolicies": "thirdPartyObjects", "configmaps": "configMaps"}


def _name_permission(verb: str) -> str:
    return {"patch": "update", "watch": "list"}.get(verb, verb)
