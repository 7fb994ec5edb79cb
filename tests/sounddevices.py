"""A stand-in for the package sounddevice, with its ways of naming devices."""

import types

import numpy as np


class PortAudioError(Exception):
    """As sounddevice's."""


class Microphone:
    """Says ``audio``, in chunks of 10 ms."""

    samplerate = 48000.0
    audio = np.zeros((48000, 1), np.float32)
    channels_there = 1, 2
    status = None
    opened = None  # device and channels of the last one

    def __init__(self, device, channels, dtype, callback):
        assert dtype == "float32"
        if channels not in self.channels_there:
            raise PortAudioError("Invalid number of channels [PaErrorCode]")
        type(self).opened = device, channels
        self._callback, self._channels = callback, channels

    def start(self):
        for at in range(0, len(self.audio), 480):
            chunk = np.repeat(self.audio[at : at + 480], self._channels, 1)
            self._callback(chunk, len(chunk), None, self.status)

    def close(self):
        pass


def stand_in(microphone, devices=(("Built-in", 2),)):
    """Returns a module; ``devices`` are names and numbers of inputs."""

    def query_devices(device, kind):
        assert kind == "input"
        number = 0 if device is None else device
        if isinstance(device, str):
            found = [k for k, (n, _) in enumerate(devices) if device in n]
            if not found:
                raise ValueError(f"No input device matching {device!r}")
            if len(found) > 1:
                raise ValueError(f"Multiple input devices for {device!r}:\n...")
            number = found[0]
        if number not in range(len(devices)):
            raise PortAudioError(f"Error querying device {number}")
        name, inputs = devices[number]
        if not inputs:
            raise ValueError(f"Not an input device: {device!r}")
        return {"name": name, "max_input_channels": inputs}

    return types.SimpleNamespace(
        InputStream=microphone,
        PortAudioError=PortAudioError,
        query_devices=query_devices,
    )
