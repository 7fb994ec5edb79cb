"""The deployed network: folded, written for the engine, and run in torch."""
