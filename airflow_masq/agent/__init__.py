"""The IP masquerade agent: its config as the agent reads it; pure, no input or output."""
