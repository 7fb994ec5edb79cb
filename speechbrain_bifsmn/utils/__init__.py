"""Checkpoints, metrics, complexity, plots and reports."""
