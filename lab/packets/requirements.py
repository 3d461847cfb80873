"""What a machine must allow for a lab, and what to do if it does not.

It is found by trying in a temporary namespace, since neither version numbers nor lists of modules are reliable.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from lab.packets import links
from lab.packets.blueprint import Designer
from lab.packets.errors import LabError, NetlinkError
from lab.packets.masquerade import MasqueradeChain, make_masquerade_tables
from lab.packets.namespaces import NamespaceRegistry
from lab.packets.netlink import Protocol
from lab.packets.nftables import replace_table
from lab.packets.topology import GATEWAY, ROUTER, Topology


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """A sysctl that can forbid user namespaces, and the values that do and do not."""

    name: str
    forbids: str
    allows: str

    @property
    def is_forbidding(self) -> bool:
        try:
            return (Path("/proc/sys") / self.name.replace(".", "/")).read_text().strip() == self.forbids
        except OSError:
            return False


#: The third one is Debian's own [source: linux-user-namespaces, ubuntu-user-namespaces].
_SETTINGS = (
    _Setting(name="user.max_user_namespaces", forbids="0", allows="10000"),
    _Setting(name="user.max_net_namespaces", forbids="0", allows="10000"),
    _Setting(name="kernel.unprivileged_userns_clone", forbids="0", allows="1"),
    _Setting(name="kernel.apparmor_restrict_unprivileged_userns", forbids="1", allows="0"),
)

_MODULES = "nf_tables, nft_chain_nat, nft_masq, nft_nat, nft_ct and nft_fib_ipv4"


def explain_refusal(error: OSError, *, action: str) -> str:
    """Explain in one line why the kernel did not make the sandbox's namespaces, and what to do."""
    by_root = "" if os.geteuid() == 0 else "run as root, or "
    culprits = [setting for setting in _SETTINGS if setting.is_forbidding]
    if not culprits:
        cause = "no sysctl forbids it, so the container's seccomp or AppArmor profile probably does"
        return f"cannot {action}: {error.strerror}; {cause}: {by_root}start the container with --privileged"
    values = ", ".join(f"{setting.name} is {setting.forbids}" for setting in culprits)
    remedy = " ".join(f"{setting.name}={setting.allows}" for setting in culprits)
    return f"cannot {action}: {error.strerror}; {values}: {by_root}run this on the machine as root: sysctl -w {remedy}"


def find_missing() -> tuple[str, ...]:
    """Find what this kernel lacks; call it in a sandbox.

    :return: one line for each missing requirement; empty if a lab can be built.
    """
    registry = NamespaceRegistry()
    missing = []
    try:
        registry.create(ROUTER)
        registry.create(GATEWAY)
        (link,) = Designer().design_backbone(Topology(destinations=(), cloud_nat=None)).links
        try:
            netlink = registry.open_netlink(link.inner.namespace, protocol=Protocol.ROUTE)
            outer = registry.get_descriptor(link.outer.namespace)
            netlink.send([links.create_link(link, outer_namespace=outer)])
        except NetlinkError as error:
            missing.append(f"no veth in this kernel ({error}): run as root: modprobe veth")
        (table,) = make_masquerade_tables((MasqueradeChain(non_masquerade=()),), ipv6=False)
        try:
            registry.open_netlink(ROUTER, protocol=Protocol.NETFILTER).send_at_once(replace_table(table))
        except (LabError, OSError) as error:
            missing.append(f"no nf_tables in this kernel ({error}): load {_MODULES} as root, with modprobe")
    except OSError as error:
        return (explain_refusal(error, action="make a network namespace"),)
    finally:
        registry.close()
    return tuple(missing)


def main() -> int:
    """Print what is missing, one line each; return 0 if a lab can be built, 1 if not."""
    lines = find_missing()
    sys.stdout.write("".join(f"{line}\n" for line in lines) or "A lab can be built here.\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
