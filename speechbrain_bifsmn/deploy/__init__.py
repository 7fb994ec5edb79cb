"""The deployed network: made, written for the engine, and run in torch."""
