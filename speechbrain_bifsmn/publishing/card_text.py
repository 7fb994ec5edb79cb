"""The texts that all model cards have in common."""

FRONT_MATTER = """
---
language: en
library_name: speechbrain
license: apache-2.0
pipeline_tag: audio-classification
{datasets}metrics:
- accuracy
tags:
- speechbrain
- keyword-spotting
- wake-word
- binary-neural-network
- bifsmnv2
---
"""

INTRODUCTION = """
# BiFSMNv2: {task}

A keyword spotter whose weights and activations are one bit, and whose thinning
is chosen at run time: 1 runs all blocks, 2 half of them, 4 a quarter. It
classifies a second of audio at 16 kHz as one of: {labels}.

Network and training are those of [BiFSMNv2](https://arxiv.org/abs/2211.06987)
(Qin et al., TNNLS 2023), with real one-bit weights: accuracies are of the
deployed file, `model.bifsmn`, in percent with 95 % intervals.
"""

USE = """
## Use

With `pip install speechbrain-bifsmn`:

```python
from speechbrain_bifsmn.inference.keyword import KeywordSpotter

spotter = KeywordSpotter.from_hparams(source="FOLDER_OR_HUB_ID", thinning=1)
posteriors, score, index, labels = spotter.classify_file("clip.wav")
for detection in spotter.detect_file_streaming("an_hour.flac"):
    print(detection.keyword, detection.score, detection.start)
```

SpeechBrain's own `EncoderClassifier` loads the folder as well. From a shell:

```sh
bifsmn spot --model model.bifsmn clip.wav
```

On a device without torch (C++17, ARMv8 or x86-64), with `bifsmn-engine`:

```python
from bifsmn_engine import Model

model = Model.load("model.bifsmn")
print(model.labels[model.classify(audio).argmax()])  # 1 s at 16 kHz
```
"""

ROBUSTNESS = """
Test clips but for silence, distorted before they are classified. Noise: of the
data set's background recordings, from stretches that training has not used; the
SNR is the ratio of the powers over the whole second. Reverberation: synthetic
RIRs, whose echoes fall by 60 dB in 0.1 to 0.6 s. Speed changes the pitch too.
Gain is followed by 16-bit rounding, which clips. Shifts are filled with zeros.
"""

SPEED = """
A second of audio, one decision: time and instructions do not depend on the
audio. Instructions stand for energy; they are counted under emulation, and no
board has been measured.
"""

LIMITS = """
## Limits

- One second at a time, one language, and the accents and microphones of the
  recordings that it has learned from.
- "unknown" was learned from few words; other words and other sounds may be
  taken for keywords. Choose the threshold with recordings of the place of use
  (`bifsmn tune`).
- The intervals are those of the test set's size, for one training; another seed
  gives other figures.
- Not for anything where a missed or a wrong word does harm.
"""

LICENCE = """
Trained, at least in part, on recordings of Speech Commands by Pete Warden,
Google, and its volunteers, which are licensed under
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/): P. Warden, "Speech
Commands: A Dataset for Limited-Vocabulary Speech Recognition", 2018,
[arXiv:1804.03209](https://arxiv.org/abs/1804.03209). The recordings are not
part of this folder.
"""
