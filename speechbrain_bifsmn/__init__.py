"""BiFSMNv2 for SpeechBrain: keyword spotting in one bit."""

from speechbrain_bifsmn._torchaudio import ensure_torchaudio

ensure_torchaudio()  # before anything here imports speechbrain

__version__ = "0.1.0"
