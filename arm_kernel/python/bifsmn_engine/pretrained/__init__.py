"""The model that comes with the engine."""

from pathlib import Path

MODEL = Path(__file__).parent / "v1_12" / "model.bifsmn"
