"""How functions that somebody else wrote are run."""
