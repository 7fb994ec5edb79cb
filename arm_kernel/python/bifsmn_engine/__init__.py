"""BiFSMNv2 keyword spotting on devices: needs numpy, and no torch.

Where the library has not been built, ``Model``, ``Stream`` and ``Detector``
cannot be imported; all else can, and runs models of other backends.

Example
-------
>>> from bifsmn_engine import load_model
>>> model = load_model()  # that which comes with the package
>>> posteriors = model.classify([0.0] * 16000)  # one second at 16 kHz
>>> model.labels[posteriors.argmax()]
'silence'
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifsmn_engine._library import available_isas
    from bifsmn_engine.audio.files import read_audio
    from bifsmn_engine.detection import Detection
    from bifsmn_engine.detector import Detector
    from bifsmn_engine.keyword_stream import KeywordStream, detect_file
    from bifsmn_engine.loading import load_model
    from bifsmn_engine.model import Model
    from bifsmn_engine.stream import Stream

__all__ = [
    "Detection",
    "Detector",
    "KeywordStream",
    "Model",
    "Stream",
    "available_isas",
    "detect_file",
    "load_model",
    "read_audio",
]
__version__ = "0.1.0"

_MODULES = {
    "Detection": "detection",
    "Detector": "detector",
    "KeywordStream": "keyword_stream",
    "Model": "model",
    "Stream": "stream",
    "available_isas": "_library",
    "detect_file": "keyword_stream",
    "load_model": "loading",
    "read_audio": "audio.files",
}


def __getattr__(name: str) -> object:
    # Late: commands that need neither library nor audio start at once.
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
