"""Wake words for Home Assistant's voice satellites, by the Wyoming protocol.

Needs the package wyoming, an extra of this one (``serve``); the command
``bifsmn serve`` is its use. Audio is neither kept nor sent on.
"""
