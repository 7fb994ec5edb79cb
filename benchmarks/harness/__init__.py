"""The harness: makes environments, runs and times backends, writes results."""
