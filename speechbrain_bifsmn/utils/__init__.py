"""Checkpoints, chunks, complexity, downloads, metrics, plots, reports."""
