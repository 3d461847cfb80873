"""Addresses, ranges, masquerade policies and the source address that follows from them; pure, no input or output.

Nothing is imported here, so that probes, which need only ranges, load nothing else.
"""
