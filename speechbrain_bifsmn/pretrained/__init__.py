"""The model that comes with the package."""

from pathlib import Path

FOLDER = Path(__file__).parent / "v1_12"
MODEL = FOLDER / "model.bifsmn"
