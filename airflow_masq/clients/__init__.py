"""Clients of Google's APIs: credentials come in, values and this project's errors go out; no Airflow.

Nothing is imported here: the API's libraries cost seconds, and whoever needs one names its module.
"""
