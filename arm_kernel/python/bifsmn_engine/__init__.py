"""BiFSMNv2 keyword spotting on devices: needs numpy, and no torch.

Example
-------
>>> model = Model.load(path)
>>> posteriors = model.classify(audio)  # one second at 16 kHz
>>> model.labels[posteriors.argmax()] in model.labels
True
"""

from bifsmn_engine._library import available_paths
from bifsmn_engine.model import Model
from bifsmn_engine.stream import Stream

__all__ = ["Model", "Stream", "available_paths"]
__version__ = "0.1.0"
