"""BiFSMNv2 for SpeechBrain: keyword spotting in one bit.

Import it before speechbrain. It imports neither that nor torch by itself.
"""

from speechbrain_bifsmn._torchaudio import patch_torchaudio

patch_torchaudio()  # before anything here imports speechbrain

__version__ = "0.1.0"
