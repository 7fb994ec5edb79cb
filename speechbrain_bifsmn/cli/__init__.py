"""Commands that this package adds to ``bifsmn``; the engine's has the rest."""

COMMANDS = {
    "train": "train a model: runs the recipe",
    "synth": "speak words into a folder, to train on or to test",
    "export": "write the file for devices from a training run",
    "evaluate": "measure a model on a test set",
    "publish": "write a finished run as a hub repository",
    "tune": "choose thresholds and smoothing for a rate of false alarms",
}
