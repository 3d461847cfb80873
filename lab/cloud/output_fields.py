"""The fields that only the service fills, derived from the environment's name and a hash as the real names are.

The shapes are those of names seen in the wild (``us-central1-example-1a2b3c4d-gke``); none of them leads anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud.orchestration.airflow.service_v1.types import Environment, EnvironmentConfig

from lab.cloud.names import parse_environment_name

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


def accepted(environment: Environment, *, uuid: UUID, now: datetime) -> Environment:
    """Stamp an environment that is going to be made.

    Which fields are filled already while CREATING is not verified; here those that need no cluster.

    :param environment: as submitted; not changed. Output-only fields that the caller set are overwritten.
    :param uuid: the new environment's identity.
    :param now: when it was accepted.
    """
    name = parse_environment_name(environment.name)
    stamped = Environment(environment)
    message = Environment.pb(stamped)
    message.uuid = str(uuid)
    message.state = Environment.State.CREATING
    message.create_time.FromDatetime(now)
    message.update_time.FromDatetime(now)
    config = message.config
    config.node_config.network = config.node_config.network or f"projects/{name.parent.project}/global/networks/default"
    config.environment_size = config.environment_size or EnvironmentConfig.EnvironmentSize.ENVIRONMENT_SIZE_SMALL
    return stamped


def completed(environment: Environment) -> Environment:
    """Fill what exists once the environment's cluster and bucket do.

    :param environment: as accepted, with its UUID; not changed.
    """
    name = parse_environment_name(environment.name)
    location, mark = name.parent.location, environment.uuid[:8]
    stem = f"{location}-{name.environment_id}-{mark}"
    done = Environment(environment)
    done.config.gke_cluster = f"{name.parent}/clusters/{stem}-gke"
    done.storage_config.bucket = environment.storage_config.bucket or f"{stem}-bucket"
    done.config.dag_gcs_prefix = f"gs://{done.storage_config.bucket}/dags"
    done.config.airflow_uri = (
        f"https://{environment.uuid.replace('-', '')}-dot-{location}.composer.googleusercontent.com"
    )
    return done
