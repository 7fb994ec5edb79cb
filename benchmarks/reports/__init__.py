"""The tables and plots of README and docs, made from results files."""
