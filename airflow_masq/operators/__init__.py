"""What DAG authors use; import each operator from its own module, so that a DAG file pays only for what it uses."""
