"""What the tests of recipes share: data, and one short training."""

import pytest
from runs import SHORT, make_tones, run_recipe

from speechbrain_bifsmn.dataio.tasks import Task
from speechbrain_bifsmn.dataio.words import task_labels


@pytest.fixture
def twelve():
    """The task of ten commands, unknown words and silence."""
    return Task(task_labels(12))


@pytest.fixture(scope="session")
def tones(tmp_path_factory):
    """The folder of the corpus."""
    folder = tmp_path_factory.mktemp("tones")
    make_tones(folder)
    return folder


@pytest.fixture(scope="session")
def trained(tones, tmp_path_factory):
    """The output folder of a short run of the default recipe."""
    folder = tmp_path_factory.mktemp("trained") / "output"
    done = run_recipe(
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        f"--output_folder={folder}",
        *SHORT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (folder / "screen.txt").write_text(done.stdout)
    return folder
