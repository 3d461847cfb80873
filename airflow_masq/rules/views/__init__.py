"""What several rules look at: a plan's environment, ranges, policy and targets, read once for all of them."""
