"""Write the file for devices from a training run.

Takes the run's best checkpoint of the 1-bit network. A run that has ended has
written model.bifsmn already; this is for one that was stopped, or whose file is
to say something else of itself. Where the engine is installed, it must give the
very bits that torch gives, or no file is written.

examples:
  bifsmn export results/v1/12/1234 model.bifsmn
  bifsmn export results/own_words/robot/1234 robot.bifsmn --threshold 0.8
"""

from pathlib import Path

CLIPS = 64  # of noise, on which torch and engine are compared


def add_arguments(parser):
    """Adds the arguments of ``bifsmn export``."""
    add = parser.add_argument
    add("run_folder", type=Path, metavar="RUN", help="with hyperparams.yaml")
    add("file", type=Path, metavar="FILE", help="NAME.bifsmn, to be written")
    add("--name", help="of the model (default: as the run says)")
    add("--licence", help="what users may do with it (default: as well)")
    add("--provenance", help="where it came from (default: as well)")
    add("--threshold", type=float, metavar="P", help="(default: as well)")
    add("--smoothing", type=int, metavar="N", help="(default: as well)")


def run(arguments):
    """Writes the file."""
    import torch

    hparams, model = load_student(arguments.run_folder)
    random = torch.Generator().manual_seed(0)
    levels = torch.logspace(-5, 0, CLIPS)[:, None]
    noise = torch.randn(CLIPS, 16000, generator=random) * levels
    names = ("name", "licence", "provenance", "threshold", "smoothing")
    options = {name: getattr(arguments, name) for name in names}
    done = hparams["export"](
        model,
        arguments.file,
        hparams["labels"],
        hparams["features"](noise),
        **{n: value for n, value in options.items() if value is not None},
    )
    print(f"{arguments.file}: {done.bytes} bytes; engine: {done.engine}")


def load_student(folder):
    """Returns a run's hyperparameters and its best 1-bit network."""
    from speechbrain_bifsmn.utils.checkpoints import AtomicCheckpointer

    # isort: split
    from hyperpyyaml import load_hyperpyyaml

    path = folder / "hyperparams.yaml"
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder}: expected the folder of a training run, found no "
            "hyperparams.yaml in it; name results/<name>/<classes>/<seed>"
        )
    with open(path, encoding="utf-8") as file:
        hparams = load_hyperpyyaml(file)
    model = hparams["student_model"]
    saved = folder / "save" / "student"
    found = None
    if saved.is_dir():
        loader = AtomicCheckpointer(saved, {"model": model})
        found = loader.recover_if_possible(max_key="accuracy")
    if found is None:
        raise FileNotFoundError(
            f"{saved}: expected a checkpoint, found none; the run has not "
            "trained the 1-bit network yet: let it go on"
        )
    return hparams, model.eval()
