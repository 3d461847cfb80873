"""A local stand-in for the cloud: packets (real NAT in namespaces), cloud (emulated Google APIs) and the demo.

It is not in the wheel, and the package never imports it.
"""
