"""A stand-in for GKE's network: nodes, Pods, Cloud NAT and destinations as real network namespaces with real NAT.

    sandbox     where a lab may be built; ``python -m lab.packets.sandbox -- COMMAND…``
    topology    what a lab looks like, as data
    masquerade  the agent's rules, as data
    lab         PacketLab: builds, changes and ends one
    observers   the services that say whose address they see
    prober      asks them from a Pod
    tracer      asks many at once, and sees where a packet ended that nobody answers

``python -m lab.packets`` shows it all. It needs Linux and Python's standard library: no root, no ``ip``, no ``nft``.
Nothing is exported here, so that ``python -m lab.packets.sandbox`` starts without the rest.
"""
