"""The two labels that are no keywords."""

SILENCE, UNKNOWN = "silence", "unknown"
