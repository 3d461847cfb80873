"""From Airflow connections to clients and probes. Nothing is imported here, so that parsing a DAG stays cheap."""
