"""Files are there whole, or as they were."""

import pytest

from speechbrain_bifsmn.files.atomic import atomic_write, write_text


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "deep" / "file"
    for text in ("one", "twö"):
        write_text(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_fails_leaves_things_as_they_were(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(error), atomic_write(path) as place:
        place.write_text("half of")
        raise error
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "file"):
        pass
