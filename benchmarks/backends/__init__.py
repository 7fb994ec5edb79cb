"""The backends: what runs a model, each in an environment of its own."""
