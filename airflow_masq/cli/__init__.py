"""The command line ``airflow-masq``: for people at a terminal; it must work, and start at once, without Airflow."""

from airflow_masq.cli.command_line import main

__all__ = ["main"]
