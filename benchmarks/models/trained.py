"""The network that the peers run, trained on real clips.

It starts from the teacher that comes with the package and learns all
thinnings in a few epochs, once with PReLU and once with ReLU. It is no model to
publish: a peer's decisions are compared with those of its source, and decisions
of random weights would say nothing of trained ones.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from benchmarks.models import network
from speechbrain_bifsmn.dataio.corpus import read_corpus
from speechbrain_bifsmn.dataio.tasks import Task
from speechbrain_bifsmn.dataio.words import task_labels
from speechbrain_bifsmn.evaluation.clips import ClipSet, split_rows
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.nnet.activations import PReLU
from speechbrain_bifsmn.runs.weights import load_weights, weights_file

LABELS = task_labels(12)
EPOCHS = 4
BATCH = 96
CALIBRATION = 200


def read(folder: Path, split: str) -> tuple[Tensor, Tensor]:
    """Returns features in decibels (N, T, F) and targets (N,) of a split."""
    corpus = read_corpus(folder, splits=[split], partial=True)
    rows = split_rows(corpus, Task(LABELS), split)
    clips = ClipSet(folder, LABELS, rows, [], "", [], (), 16000)
    features, targets, front_end = [], [], network.front_end()
    for batch in tqdm(clips.batches(), split, -(-len(rows) // 64)):
        wav = torch.stack([torch.from_numpy(clip.audio) for clip in batch])
        features.append(front_end(wav))
        targets += [LABELS.index(clip.label) for clip in batch]
    return torch.cat(features), torch.tensor(targets)


def untrained(relu: bool) -> BiDFSMN:
    """Returns the network with the weights of the shipped teacher."""
    activation = nn.ReLU if relu else PReLU
    sizes = {"classes": len(LABELS), "frames": network.FRAMES}
    net = BiDFSMN(**sizes, binary=False, activation=activation)
    if relu:
        rectify(net)
    teacher = DFSMN(**sizes)
    load_weights(teacher, weights_file("shipped", "teacher"))
    net.start_from(teacher)
    return net


def rectify(net: nn.Module) -> None:
    """Puts ReLU in the place of every PReLU that is left."""
    for name, module in net.named_children():
        if isinstance(module, PReLU):
            net.register_module(name, nn.ReLU())
        else:
            rectify(module)


def train(net: BiDFSMN, features: Tensor, targets: Tensor) -> BiDFSMN:
    """Trains all thinnings on features (N, T, F); returns the network."""
    steps = EPOCHS * -(-len(targets) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, steps)
    with tqdm(total=steps, desc="training the peers' network") as bar:
        for _ in range(EPOCHS):
            for at in torch.randperm(len(targets)).split(BATCH):
                outputs = net.train()(features[at], thinnings=net.thinnings)
                loss = sum(
                    F.cross_entropy(o.logits, targets[at]) for o in outputs
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.update()
    return net.eval()


@torch.no_grad()
def accuracy(
    net: BiDFSMN, features: Tensor, targets: Tensor
) -> dict[str, float]:
    """Returns the percentage of right decisions by thinning.

    Arguments
    ---------
    net : BiDFSMN
        Trained.
    features, targets : torch.Tensor
        (N, T, F) in decibels, and (N,).

    Returns
    -------
    dict
    """
    found = {}
    for thinning in net.thinnings:
        net.thinning = thinning
        right = net(features).argmax(1) == targets
        found[str(thinning)] = round(100 * right.double().mean().item(), 2)
    return found


def write(folder: Path, data: Path) -> dict[str, dict[str, float]]:
    """Writes what ``network.write`` writes, of trained networks.

    Arguments
    ---------
    folder : Path
        To write to.
    data : Path
        Speech Commands.

    Returns
    -------
    dict
        Accuracy by activation and thinning.
    """
    torch.manual_seed(0)
    features, targets = read(data, "train")
    tests = read(data, "test")
    found = {}
    for name, relu in (("prelu", False), ("relu", True)):
        net = train(untrained(relu), features, targets)
        found[name] = accuracy(net, *tests)
        network.write_network(folder, name, net, tests[0])
    calibration = features[torch.randperm(len(features))[:CALIBRATION]]
    network.write_inputs(folder, net, calibration, tests[0])
    return found
