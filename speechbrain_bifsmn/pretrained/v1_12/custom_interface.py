"""For SpeechBrain's ``foreign_class``: the class that loads this folder."""

from speechbrain_bifsmn.inference.keyword import KeywordSpotter

__all__ = ["KeywordSpotter"]
