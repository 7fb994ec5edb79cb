"""The two readers of model files, the engine's and Python's, agree on each."""

from pathlib import Path

import numpy as np
import pytest
from agreement import both_read, check_bits
from format_edges import BAD, GOOD
from model_files import SMALLEST, random_config, random_model
from mutations import (
    HEADER_AT,
    SINGLES,
    UTF8,
    WHOLE,
    Known,
    put,
    replace_text,
    seal,
)
from part_edges import ORDERS, PARTS

from bifsmn_engine.format import model_file
from bifsmn_engine.format.codec import size_of
from bifsmn_engine.format.layout import HEADER, Config

CORPUS = Path(__file__).parents[2] / "arm_kernel/fuzz/corpus/model"
FILES = sorted(path for path in CORPUS.iterdir() if path.is_file())
TWO_PLANES = SMALLEST._replace(planes=2, layers=2, thinnings=2, taps_before=1)


def known_of(config):
    """A good file, whose content never changes."""
    return Known.of(random_model(np.random.default_rng(0), config))


@pytest.fixture(scope="module", params=[SMALLEST, TWO_PLANES], ids=["1", "2"])
def known(request):
    """A small file of one plane, and one of two."""
    return known_of(request.param)


@pytest.fixture
def agree(engine):
    """Returns a check of sealed bytes: True where both readers take them."""
    return lambda content: both_read(engine, seal(content)) is not None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_corpus(engine, path):
    both = both_read(engine, path.read_bytes())
    assert both or not path.name.startswith("valid-")
    assert not (both and path.name.startswith("refused-"))
    if both:
        check_bits(*both, np.random.default_rng(0))


@pytest.mark.parametrize("fields", GOOD, ids=str)
def test_headers_within_bounds(engine, fields):
    known = known_of(SMALLEST._replace(**fields))
    both = both_read(engine, known.content)
    assert both[1].config == Config(*HEADER.unpack_from(known.content, 20))
    assert model_file.to_bytes(both[1]) == known.content
    check_bits(*both, np.random.default_rng(0))


@pytest.mark.parametrize("fields", BAD, ids=str)
def test_headers_beyond_bounds(agree, fields, monkeypatch):
    config, name = SMALLEST._replace(**fields), next(iter(fields))
    with pytest.raises(ValueError, match=f"^{name}: .* found .*byte"):
        model_file.check_config(config)
    content = put(known_of(SMALLEST).content, HEADER_AT, HEADER.pack(*config))
    assert not agree(content)
    # All else fits the header, so that only that is wrong.
    monkeypatch.setattr(model_file, "check_config", lambda config: None)
    try:
        content = known_of(config).content
    except ValueError:  # there is no such network
        return
    monkeypatch.undo()
    with pytest.raises(ValueError, match=f"^{name}: .* found .*byte"):
        model_file.from_bytes(content)
    assert not agree(content)


def test_headers_of_any_numbers(agree, known):
    taken = 0
    for index, value in enumerate(known.model.config):
        numbers = SINGLES if isinstance(value, float) else np.array(WHOLE, "u4")
        for number in numbers:
            at = HEADER_AT + 4 * index
            taken += agree(put(known.content, at, number.tobytes()))
    assert taken > 26


@pytest.mark.parametrize("sealed", [False, True])
def test_every_length(engine, known, sealed):
    content = known.content
    for size in range(len(content)):
        cut = seal(content[:size]) if sealed else content[:size]
        assert not both_read(engine, cut)
    for more in (b"\0", b"\0" * 64, content):
        longer = seal(content + more) if sealed else content + more
        assert not both_read(engine, longer)


def test_every_byte(engine, known):
    for at in range(len(known.content)):
        damaged = bytes([known.content[at] ^ 1 << at % 8])
        assert not both_read(engine, put(known.content, at, damaged))


@pytest.mark.parametrize(
    ("which", "places", "good", "bad"), PARTS, ids=[part[0] for part in PARTS]
)
def test_numbers_of_parts(agree, known, which, places, good, bad):
    """At both ends of every such part."""
    for name, kind, shape, at in known.parts:
        if kind != which and not name.endswith(which):
            continue
        for place in places:
            start = at + place + (size_of(kind, shape) if place < 0 else 0)
            for number in good:
                assert agree(put(known.content, start, number)), name
            for number in bad:
                assert not agree(put(known.content, start, number)), name


def test_every_part_has_its_edges(known):
    """Signs' are their pads; limits' are their order, too."""
    ordered = ("conv1.middle", "conv1.low", "conv1.high")
    for name, kind, _, _ in known.parts:
        edges = [w for w, *_ in PARTS if kind == w or name.endswith(w)]
        assert edges or kind in ("bits", "rows") or name in ordered


@pytest.mark.parametrize(("low", "middle", "high", "good"), ORDERS)
def test_order_of_limits(agree, low, middle, high, good):
    """Of the first output and of the last one."""
    known = known_of(TWO_PLANES)
    at = {name: place for name, _, _, place in known.parts}
    starts = [at[f"conv1.{name}"] for name in ("low", "middle", "high")]
    triples = [(starts, TWO_PLANES.front_channels, "<i2")]
    for _, kind, shape, place in known.parts:
        if kind == "limits":
            starts = [place + 1 + k * shape[1] for k in (1, 0, 2)]
            triples.append((starts, shape[1], "i1"))
    for starts, outputs, dtype in triples:
        for output in (0, outputs - 1):
            content = known.content
            for start, number in zip(starts, (low, middle, high), strict=True):
                limit = np.array(number, dtype)
                place = start + limit.itemsize * output
                content = put(content, place, limit.tobytes())
            assert agree(content) == good


def test_every_pad(agree, known):
    """What follows the last sign of a row must be zero."""
    taken = set()
    for _, kind, shape, at in known.parts:
        if kind not in ("bits", "rows") or shape[1] % 128 == 0:
            continue
        row, inputs = at + size_of(kind, shape) - 16, shape[1] % 128
        for bit in range(128):
            place = row + bit // 8
            flipped = bytes([known.content[place] ^ 1 << bit % 8])
            found = agree(put(known.content, place, flipped))
            assert found == (bit < inputs)
            taken.add(found)
    assert taken == {True, False}


def test_every_text(agree, known):
    for index in range(len(known.texts)):
        is_label = index < known.model.config.classes
        for text in UTF8:
            good = text in UTF8[:10]
            for content in (text, b"a" + text, text + b"a"):
                assert agree(replace_text(known, index, content)) == good
        assert agree(replace_text(known, index, b"")) != is_label
        assert not agree(replace_text(known, index, b"a\0b"))
        assert agree(replace_text(known, index, b"a" * 65535))
        at = known.texts[index]
        for size in (0, 1, 255, 65535):
            agree(put(known.content, at, size.to_bytes(2, "little")))
    # The next text's length would complete this one's last character.
    longer = replace_text(known, 1, b"a" * 0x80)
    assert not agree(replace_text(known._replace(content=longer), 0, b"\xc2"))


@pytest.mark.parametrize("seed", range(40))
def test_any_model(engine, seed):
    """Engine and torch compute the same bits of whatever is allowed."""
    random = np.random.default_rng(seed)
    config = random_config(random, most=1 + seed % 4)
    model = random_model(random, config, wild=[0.0, 0.3, 1.0][seed % 3])
    content = model_file.to_bytes(model)
    check_bits(*both_read(engine, content), random)
