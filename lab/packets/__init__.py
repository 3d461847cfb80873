"""A stand-in for GKE's network: nodes, Pods, Cloud NAT and destinations as network namespaces with real NAT.

    sandbox     where a lab may be built; ``python -m lab.packets.sandbox -- COMMAND…``
    topology    what a lab consists of, as data
    masquerade  the agent's rules, as data
    lab         PacketLab: builds, changes and removes a lab
    observers   services that answer with the source address that they see
    prober      asks the observers from a Pod
    tracer      asks many observers at once, and tells where an unanswered packet was last seen

``python -m lab.packets`` shows a lab. It needs Linux and Python's standard library: no root, no ``ip``, no ``nft``.
Nothing is exported here, so that ``python -m lab.packets.sandbox`` starts without the other modules.
"""
