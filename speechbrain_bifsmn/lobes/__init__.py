"""Feature and model lobes."""
