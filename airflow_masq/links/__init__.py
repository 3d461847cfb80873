"""Buttons beside a task in Airflow. Nothing is imported here, so that parsing a DAG stays cheap."""
