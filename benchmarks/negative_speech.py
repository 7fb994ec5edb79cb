"""Speaks sentences without any command word, to count false alarms on.

    python -m benchmarks.negative_speech OUT --minutes=30

writes one flac file for each voice, of sentences in a drawn order with pauses
between them. The same arguments give the same files. eSpeak NG's voices are no
people; recordings of people tell more.
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from tqdm import tqdm

from speechbrain_bifsmn.dataio.backgrounds import coloured_noise
from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE, Espeak
from speechbrain_bifsmn.dataio.speakers import (
    Speaker,
    speakers,
    stable_random,
)

SENTENCES = """
The weather in the mountains may change within an hour.
She bought apples, bread and a little cheese at the market.
Most children would rather play than sit at a table.
My brother reads a newspaper every morning before breakfast.
We have been waiting for the last train since seven.
The library closes early in the winter months.
Please bring an umbrella, because it will rain this evening.
There is a small garden behind the yellow house.
He learned to swim when he was twelve years old.
The soup needs more salt and perhaps a pinch of pepper.
Our neighbours painted their fence green last summer.
A letter came for you while you were away.
They are planning a holiday by the sea with their cousins.
The museum shows paintings from the seventeenth century.
Could you help me carry these boxes, they are heavy.
Her grandmother tells the best stories in the village.
The river is deeper than it appears from the bridge.
I have never eaten such delicious pancakes.
The teacher explained the problem three times.
When the bell rings, everybody leaves the building.
That film was too long, although the music was lovely.
A black cat sleeps under the kitchen table.
The engineer measured the length of the tunnel twice.
Many people take the bus because parking is expensive.
You will find the keys in the drawer beside the lamp.
After the concert, we walked home through the park.
The baker opens his shop at five each morning.
This bicycle belongs to my friend from Portugal.
Every country has its own customs and its own songs.
The doctor advised him to sleep more and worry less.
Scientists have discovered a new kind of beetle.
The price of butter has risen again this month.
It takes about an hour to drive there in heavy traffic.
The farmer has seven cows, two horses and a tired donkey.
If it gets colder, the lake may freeze before Christmas.
They sold the old piano and bought a guitar instead.
""".strip().splitlines()


def speech(espeak: Espeak, speaker: Speaker, seconds: int) -> NDArray:
    """Returns audio (samples,): one voice, with pauses and a little noise."""
    random, parts, length = stable_random(speaker.name), [], 0
    while length < seconds * SAMPLE_RATE:
        sentence = SENTENCES[random.randint(len(SENTENCES))]
        rate, pitch = round(speaker.rate), round(speaker.pitch)
        wav = espeak.speak(sentence, speaker.voice, rate, pitch)
        pause = np.zeros(random.randint(SAMPLE_RATE), np.float32)
        parts += [wav, pause]
        length += len(wav) + len(pause)
    audio = np.concatenate(parts)[: seconds * SAMPLE_RATE]
    audio *= 10 ** (random.uniform(-15, -3) / 20) / np.abs(audio).max()
    noise = coloured_noise(len(audio), random, slope=1)
    return audio + noise * 10 ** (random.uniform(-60, -40) / 20)


def main() -> None:
    """Writes the files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=int, default=30)
    arguments = parser.parse_args()
    people = speakers("test", seed=1234)
    if not 0 < arguments.minutes <= len(people):
        parser.error(f"--minutes: expected 1 to {len(people)}, one a voice")
    arguments.out.mkdir(parents=True, exist_ok=True)
    espeak = Espeak()
    for speaker in tqdm(people[: arguments.minutes], "speaking"):
        audio = speech(espeak, speaker, seconds=60)
        path = arguments.out / f"{speaker.name}.flac"
        soundfile.write(path, audio.astype(np.float32), SAMPLE_RATE)


if __name__ == "__main__":
    main()
