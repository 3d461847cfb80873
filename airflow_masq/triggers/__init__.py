"""What deferred tasks wait for, in the triggerer. Nothing is imported here, so that parsing a DAG stays cheap."""
