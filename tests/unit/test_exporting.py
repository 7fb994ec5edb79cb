"""A tuned model stays while its network does."""

from random_networks import SMALL, front_end, random_network

from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.files.owned import owned_file
from speechbrain_bifsmn.operating_points.tune import store
from speechbrain_bifsmn.runs.exporting import discard_tuning, is_tuned
from speechbrain_bifsmn.runs.output import OWNER


def write(path, seed):
    net = random_network(2, seed, **SMALL)
    write_model(fold(net, ["yes", "no"], front_end(net)), path)
    return path


def test_threshold_and_smoothing_make_no_other_model(tmp_path):
    new, other = (write(tmp_path / f"{k}.bifsmn", k) for k in (1, 2))
    store({"yes": 0.875}, 16, new, tmp_path / "tuned.bifsmn")
    assert is_tuned(tmp_path / "tuned.bifsmn", new)
    assert is_tuned(new, new)
    assert not is_tuned(tmp_path / "tuned.bifsmn", other)
    assert not is_tuned(tmp_path / "none.bifsmn", new)
    (tmp_path / "tuned.bifsmn").write_bytes(new.read_bytes()[:-1])
    assert not is_tuned(tmp_path / "tuned.bifsmn", new)


def test_what_was_tuned_for_another_goes_and_nothing_else(tmp_path, capsys):
    with owned_file(tmp_path / "tune.json", OWNER) as place:
        place.write_text("{}")
    (tmp_path / "det.png").write_text("mine")
    discard_tuning(tmp_path)
    assert not (tmp_path / "tune.json").exists()
    assert (tmp_path / "det.png").read_text() == "mine"
    assert capsys.readouterr().out.startswith("tune.json was of another model")
