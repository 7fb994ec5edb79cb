"""The run that the engine's model comes from, as on the hub."""

from pathlib import Path

FOLDER = Path(__file__).parent / "v1_12"
