"""How an environment comes about: request, adoption, watch, facts; no Airflow.

Nothing is imported here: Google's libraries cost seconds.
"""
