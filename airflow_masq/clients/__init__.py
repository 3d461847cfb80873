"""Clients of Google's APIs: credentials are passed in, values and this project's errors come out; no Airflow.

Nothing is imported here, since the API's libraries take seconds.
"""
