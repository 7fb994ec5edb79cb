"""The speakers of Kokoro-82M: 54 people's styles, downloaded once.

They are in the package that the model's author published (Apache-2.0, 26 MB).
It is kept in the cache folder, ``$XDG_CACHE_HOME/speechbrain_bifsmn`` or
``~/.cache/speechbrain_bifsmn``.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from speechbrain_bifsmn.files.download import Archive, download

# A name begins with the language (a: American, b: British, e: Spanish,
# f: French, h: Hindi, i: Italian, j: Japanese, p: Portuguese, z: Mandarin) and
# with f or m. All of them speak English.
NAMES = (
    "af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_nova "
    "af_river af_sarah af_sky am_adam am_echo am_eric am_fenrir am_liam "
    "am_michael am_onyx am_puck am_santa bf_alice bf_emma bf_isabella bf_lily "
    "bm_daniel bm_fable bm_george bm_lewis ef_dora em_alex em_santa ff_siwis "
    "hf_alpha hf_beta hm_omega hm_psi if_sara im_nicola jf_alpha jf_gongitsune "
    "jf_nezumi jf_tebukuro jm_kumo pf_dora pm_alex pm_santa zf_xiaobei "
    "zf_xiaoni zf_xiaoxiao zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang"
).split()
PACKAGE = Archive(
    "https://files.pythonhosted.org/packages/e8/48/"
    "88b8cdf28b068d070195c2817175549dee48e7682e3ab8994bee5f69217e/"
    "kokoro-0.9.4.tar.gz",
    "fbf633262797f8cf46fdac3315cf9cade67dc8b762c0feccf334892772fb9ac4",
    26_215_928,
    0,  # it is read as it is
)
FOLDER = "kokoro-0.9.4/kokoro.js/voices"
SIZE = 256  # of a style: the timbre, then the prosody


def voices_of(split: str) -> list[str]:
    """Returns the voices of "train", "validation" or "test".

    Each voice is in one of them: in four of six cases in "train".

    Example
    -------
    >>> len(voices_of("train")), voices_of("test")[:2]
    (36, ['af_alloy', 'af_nicole'])
    """
    kinds = ("test", "train", "train", "validation", "train", "train")
    return [
        name
        for index, name in enumerate(NAMES)
        if kinds[index % len(kinds)] == split
    ]


def load_styles() -> dict[str, NDArray[np.float32]]:
    """Returns the styles of each voice, downloaded if they are not here.

    Returns
    -------
    dict
        (510, 256) of each name: a style for each number of phonemes.

    Raises
    ------
    OSError, ValueError
        The download fails, or brings another file.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(cache, "speechbrain_bifsmn", "kokoro-0.9.4.tar.gz")
    styles = {}
    with tarfile.open(download(PACKAGE, path)) as package:
        for member in package:
            folder, _, name = member.name.rpartition("/")
            if folder == FOLDER and (file := package.extractfile(member)):
                codes = np.frombuffer(file.read(), "<f4")
                styles[name.removesuffix(".bin")] = codes.reshape(-1, SIZE)
    return styles
