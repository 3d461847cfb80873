"""Addresses, ranges, masquerade policies and the source address that follows from them; pure, no input or output.

Nothing is imported here, so that who needs ranges only, as probes do, loads nothing else.
"""
