"""The demo that ``./scripts/demo`` runs: two environments, one without the agent and one created by our operator."""
