"""What a machine must allow for a lab, and what to say where it does not.

Found out by trying, in a throw-away namespace, since neither version numbers nor lists of modules tell.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from lab.packets import links
from lab.packets.blueprint import Draughtsman
from lab.packets.errors import LabError, NetlinkError
from lab.packets.masquerade import MasqueradeChain, masquerade_tables
from lab.packets.namespaces import NamespaceRegistry
from lab.packets.netlink import Protocol
from lab.packets.nftables import replace_table
from lab.packets.topology import GATEWAY, ROUTER, Topology


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """A sysctl that can forbid user namespaces.

    :param name: with dots.
    :param forbids: the value that does.
    :param allows: the value that does not.
    """

    name: str
    forbids: str
    allows: str

    @property
    def path(self) -> Path:
        return Path("/proc/sys") / self.name.replace(".", "/")


#: user_namespaces(7); Debian's patch; https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces
#: (all read 2026-11-22).
_SETTINGS = (
    _Setting(name="user.max_user_namespaces", forbids="0", allows="10000"),
    _Setting(name="user.max_net_namespaces", forbids="0", allows="10000"),
    _Setting(name="kernel.unprivileged_userns_clone", forbids="0", allows="1"),
    _Setting(name="kernel.apparmor_restrict_unprivileged_userns", forbids="1", allows="0"),
)

_MODULES = "nf_tables, nft_chain_nat, nft_masq, nft_nat, nft_ct and nft_fib_ipv4"


def explain_refusal(error: OSError, *, doing: str) -> str:
    """Say why the kernel would not make the sandbox's namespaces, and what to do.

    :param error: what it answered.
    :param doing: what was tried.
    :return: one line.
    """
    by_root = "" if os.geteuid() == 0 else "run as root, or "
    culprits = [setting for setting in _SETTINGS if _value(setting) == setting.forbids]
    if not culprits:
        cause = "no sysctl forbids it, so the container's seccomp or AppArmor profile probably does"
        return f"cannot {doing}: {error.strerror}; {cause}: {by_root}start the container with --privileged"
    seen = ", ".join(f"{setting.name} is {setting.forbids}" for setting in culprits)
    remedy = " ".join(f"{setting.name}={setting.allows}" for setting in culprits)
    return f"cannot {doing}: {error.strerror}; {seen}: {by_root}have the machine's root say: sysctl -w {remedy}"


def _value(setting: _Setting) -> str | None:
    try:
        return setting.path.read_text().strip()
    except OSError:
        return None


def missing() -> tuple[str, ...]:
    """Find out what this kernel lacks; to be called inside a sandbox.

    :return: one line for each thing that is missing; nothing if a lab can be built.
    """
    registry = NamespaceRegistry()
    try:
        registry.create(ROUTER)
        registry.create(GATEWAY)
        return tuple(filter(None, (_try_link(registry), _try_rules(registry))))
    except OSError as error:
        return (explain_refusal(error, doing="make a network namespace"),)
    finally:
        registry.close()


def _try_link(registry: NamespaceRegistry) -> str | None:
    (link,) = Draughtsman().backbone(Topology(destinations=(), cloud_nat=None)).links
    try:
        netlink = registry.netlink(link.inner.namespace, protocol=Protocol.ROUTE)
        netlink.send([links.create(link, outer_namespace=registry.descriptor(link.outer.namespace))])
    except NetlinkError as error:
        return f"no veth in this kernel ({error}): have root say: modprobe veth"
    return None


def _try_rules(registry: NamespaceRegistry) -> str | None:
    (table,) = masquerade_tables((MasqueradeChain(non_masquerade=()),), ipv6=False)
    try:
        registry.netlink(ROUTER, protocol=Protocol.NETFILTER).send_at_once(replace_table(table))
    except (LabError, OSError) as error:
        return f"no nf_tables in this kernel ({error}): it needs {_MODULES}; have root load them with modprobe"
    return None


def main() -> int:
    """Say what is missing, one line each.

    :return: 0 if a lab can be built, 1 if not.
    """
    lines = missing()
    sys.stdout.write("".join(f"{line}\n" for line in lines) or "A lab can be built here.\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
