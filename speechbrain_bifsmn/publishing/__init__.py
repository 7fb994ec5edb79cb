"""Finished runs as hub repositories."""
