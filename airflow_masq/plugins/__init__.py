"""The plugin that adds the page "Masquerade" to Airflow's interface; the page itself is in the folder ``page``."""
