"""From papers and a profile to a ranking with reasons (pure: no clock, no database, no randomness)."""
