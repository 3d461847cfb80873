"""The story that ``./scripts/demo`` tells: two environments, one without the agent and one through our operator."""
