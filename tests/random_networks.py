"""Networks as training might leave them, without training."""

import torch

from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN

SMALL = {
    "n_mels": 20,
    "frames": 12,
    "layers": 4,
    "front_channels": 8,
    "channels": 48,
    "hidden": 80,
    "taps": (1, 3),
}


def random_network(classes=12, seed=0, **options):
    """A BiDFSMN in evaluation, none of whose parameters is as it was made."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = BiDFSMN(classes, **options).train()
        x = decibels(16, net.frames, net.n_mels)
        with torch.no_grad():
            for _ in range(5):
                net(x, thinnings=net.thinnings)
            for name, parameter in net.named_parameters():
                if "threshold" in name:
                    parameter.normal_(0, 0.1)
                elif "norm" in name or "activation" in name:
                    parameter.add_(0.2 * torch.randn_like(parameter))
    return net.eval()


def decibels(batch, frames=32, mels=32):
    """Features of about the range of speech."""
    return torch.randn(batch, frames, mels) * 12 - 30


def front_end(net):
    """Features of as many frames as a network takes of a second."""
    return LogMel(n_mels=net.n_mels, hop_length=16000 // (net.frames - 1))
