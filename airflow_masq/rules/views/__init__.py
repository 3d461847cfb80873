"""Views of a plan that several rules share: its ranges, policy, targets and the tools that create its environment."""
