"""The clinic: twelve small exercises on arrays, for whoever knows the formula and not its axes."""
