"""The command line ``airflow-masq``. It works without Airflow, so that it starts quickly."""

from airflow_masq.cli.command_line import main

__all__ = ["main"]
