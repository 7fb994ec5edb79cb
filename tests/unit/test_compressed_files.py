"""FLAC, Ogg and MP3: decoded to the end, however long they say they are."""

import io
import struct

import numpy as np
import pytest
import soundfile
from audio_files import NOISE, TONE, bytes_of, decode, refused, told, written

from bifsmn_engine.audio import mp3
from bifsmn_engine.audio.decode import blocks
from bifsmn_engine.audio.source import open_regular

# --- FLAC ---


def told_in_flac(content, samples):
    """The file, with another number of samples in its head."""
    content = bytearray(content)
    total = content[21] >> 4 << 36 | samples
    content[21:26] = total.to_bytes(5, "big")
    return bytes(content)


def test_flac_of_unknown_length():
    content = bytes_of("flac")
    expected = decode(content)
    assert len(expected) == len(NOISE)
    piped = told_in_flac(content, 0)
    np.testing.assert_array_equal(decode(piped), expected)
    assert told(piped).samples is None
    for cut in (1, 5, 1000, 5000):  # a recorder's last frame
        found = decode(piped[:-cut])
        assert len(NOISE) - 8192 - 4096 < len(found) < len(NOISE)
        np.testing.assert_array_equal(found, expected[: len(found)])
    np.testing.assert_array_equal(decode(piped + b"more" * 50), expected)


def test_flac_whose_length_is_wrong():
    content = bytes_of("flac")
    for few in (1, 16000, len(NOISE) - 1):  # "1 s declared, hours decoded"
        assert len(decode(told_in_flac(content, few))) == len(NOISE)
    for many in (len(NOISE) + 1, 2**36 - 1):
        refused(told_in_flac(content, many), "found less")
    refused(content[:-100], "found less")
    refused(content[: len(content) // 2], "found less")
    assert len(decode(content + b"TAG" + bytes(125))) == len(NOISE)


@pytest.mark.parametrize("samples", [None, 0])
def test_damaged_flac(samples):
    content = bytearray(bytes_of("flac"))
    content[len(content) // 2] ^= 1
    content = bytes(content)
    if samples is not None:
        content = told_in_flac(content, samples)
    refused(content, "found less or damaged")


def test_joined_flac():
    content = bytes_of("flac")
    piped = told_in_flac(content, 0)
    tag = b"ID3\x04\0\0\0\0\x01\x00" + bytes(128)
    for joined in (
        [content] * 3,
        [piped] * 3,
        [piped, content, piped],
        [tag + content, content, content],
        [told_in_flac(content, 5), content, piped],
    ):
        assert len(decode(b"".join(joined))) == 3 * len(NOISE)
    refused(content + content[:-100], "found less")


# --- Ogg ---


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_joined_ogg(kind):
    """A chain, as web radios send it."""
    content = bytes_of(kind)
    alone = decode(content)
    found = decode(content * 3)
    np.testing.assert_array_equal(found, np.concatenate([alone] * 3))
    assert len(decode(content + b"\0" * 777 + content)) == 2 * len(alone)
    half = len(decode(content + content[: len(content) // 2]))
    assert len(alone) < half < 2 * len(alone)


def test_joined_files_of_different_rates(tmp_path):
    path = tmp_path / "a.ogg"
    other = np.stack([NOISE, NOISE], 1)
    path.write_bytes(bytes_of("ogg") + bytes_of("ogg", other, 44100))
    found = {}
    for rate, part in blocks(path):
        form = rate, part.shape[1]
        found[form] = found.get(form, 0) + len(part)
    assert found == {(16000, 1): len(NOISE), (44100, 2): len(NOISE)}


def crc(page):
    """The checksum of an Ogg page."""
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            carry = total >> 31
            total = (total << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if carry else 0)
    return total


def pages(content):
    while content:
        count = content[26]
        size = 27 + count + sum(content[27 : 27 + count])
        yield bytearray(content[:size])
        content = content[size:]


def test_a_dump_of_a_radio_begins_late():
    """Its pages tell of hours that nobody has heard."""
    late = b""
    for page in pages(bytes_of("ogg", NOISE[:16000])):
        place = struct.unpack_from("<q", page, 6)[0]
        if place > 0:
            struct.pack_into("<q", page, 6, place + 10**9)
        page[22:26] = bytes(4)
        page[22:26] = struct.pack("<I", crc(page))
        late += page
    assert len(decode(late)) == pytest.approx(16000, abs=2048)


# --- MP3 ---


def frames_of(content):
    with written(content) as path, open_regular(path) as file:
        return list(mp3.frames(file, 0))


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_mp3_is_decoded_as_libsndfile_does(rate, channels):
    """To the sample, what the encoder added cut off, though told otherwise."""
    audio = np.stack([TONE[: 2 * rate]] * channels, 1)
    content = bytes_of("mp3", audio, rate)
    found, file = decode(content), io.BytesIO(content)
    expected = soundfile.read(file, dtype="float32", always_2d=True)[0]
    assert found.shape == expected.shape == audio.shape
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert told(content) == (rate, channels, len(audio))


def test_mp3_without_a_frame_that_tells():
    content = bytes_of("mp3", TONE)
    first, second, *more = frames_of(content)
    assert first.info and not second.info
    bare = content[second.at :]
    found = decode(bare)
    assert len(found) == (1 + len(more)) * second.samples
    np.testing.assert_allclose(
        found[1105 : 1105 + len(TONE)], decode(content), atol=1e-6
    )
    for cut in (1, more[-1].size - 1):  # in the midst of a frame
        assert len(decode(bare[:-cut])) == len(more) * second.samples
    late = decode(bare[300:])  # a dump begins in the midst of one
    assert len(found) - 6 * second.samples < len(late) < len(found)


def test_mp3_whose_length_is_wrong():
    content = bytes_of("mp3", TONE)
    first, *more = frames_of(content)
    at = first.info + 8
    assert int.from_bytes(content[at : at + 4], "big") == len(more)
    for count in (0, 1, len(more) - 2):  # then nothing is cut off at the end
        altered = content[:at] + count.to_bytes(4, "big") + content[at + 4 :]
        assert len(decode(altered)) > len(TONE)
    for count in (len(more) + 2, 2**32 - 1):
        altered = content[:at] + count.to_bytes(4, "big") + content[at + 4 :]
        refused(altered, "found less")
    refused(content[: len(content) // 2], "found less")


def test_joined_mp3():
    content = bytes_of("mp3", TONE)
    second = frames_of(content)[1]
    bare = content[second.at :]
    tag = b"ID3\x04\0\0\0\0\x01\x00\xff\xfb\x90\0" + bytes(124)
    end = b"TAG" + b"title".ljust(125)
    assert len(decode(content * 3)) == 3 * len(TONE)
    assert len(decode(bare * 3)) == 3 * len(decode(bare))
    assert len(decode((tag + content + end) * 3)) == 3 * len(TONE)
    both = len(TONE) + len(decode(bare))
    # One that tells goes first: what it tells is of that part.
    assert len(decode(content + end + bare)) == both
    assert len(decode(b"junk" * 999 + content)) == len(TONE)


def test_joined_mp3_of_different_forms(tmp_path):
    path = tmp_path / "a.mp3"
    other = bytes_of("mp3", np.stack([TONE, TONE], 1), 44100)
    path.write_bytes(bytes_of("mp3", TONE) + other)
    forms = [(rate, part.shape[1]) for rate, part in blocks(path)]
    assert list(dict.fromkeys(forms)) == [(16000, 1), (44100, 2)]
    assert sum(len(part) for _, part in blocks(path)) == 2 * len(TONE)


def test_what_is_no_mp3():
    for content in (
        np.random.default_rng(0).bytes(200_000),
        b"\xff" * 100_000,
        b"\xff\xfb\x90\x64" * 10_000,
        b"\xff\xfb\x90\x64" + bytes(100_000),
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f" * 100,
        b"ID3\x04\0\0\0\0\0\0" * 1000,
        bytes(1 << 17) + bytes_of("mp3", TONE),
    ):
        refused(content, "found something else")


def test_only_a_frame_that_tells():
    content = bytes_of("mp3", TONE)
    refused(content[: frames_of(content)[1].at], "found (no samples|less|some)")
