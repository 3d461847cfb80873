"""airflow-masq: create IP-masquerading Cloud Composer environments, and prove which source address services see.

Nothing is imported here, so that a DAG file or the command line pays only for the rooms it enters.
"""

__version__ = "0.1.0"
