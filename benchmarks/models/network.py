"""The network that the peers run: full precision, batch norms folded."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from bifsmn_engine.format.layout import ModelFile
from speechbrain_bifsmn.dataio.words import task_labels
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.nnet.activations import PositiveSlopePReLU, PReLU

FRAMES = 64  # of the recipe's networks


def front_end() -> LogMel:
    """Returns the recipe's front end, of ``FRAMES`` in a second."""
    return LogMel(n_fft=512, hop_length=252)


def random_network(
    classes: int = 12, binary: bool = True, relu: bool = False, **sizes: int
) -> BiDFSMN:
    """Returns a network whose normalisations do something."""
    torch.manual_seed(0)
    # ReLU is the slope 0, which only the former can have.
    activation = PositiveSlopePReLU if binary else PReLU
    kind = {"binary": binary, "activation": activation}
    net = BiDFSMN(classes, frames=FRAMES, **kind, **sizes)
    net.train()
    with torch.no_grad():
        for activation in net.modules():
            if relu and isinstance(activation, PReLU):
                activation.weight.zero_()
        for _ in range(5):
            net(features(64), thinnings=net.thinnings)
        for name, parameter in net.named_parameters():
            if "norm" in name:
                parameter += 0.2 * torch.randn_like(parameter)
    return net.eval()


def features(count: int) -> Tensor:
    """Returns features (B, T, F) in decibels, spread as those of speech are."""
    generator = torch.Generator().manual_seed(count)
    noise = 0.05 * torch.randn(count, 16000, generator=generator)
    x = front_end()(noise)
    shapes = 20 * torch.randn(count, 1, 8, 8, generator=generator)
    return x + F.interpolate(shapes, x.shape[1:], mode="bicubic")[:, 0]


def random_model(**sizes: int) -> ModelFile:
    """Returns a random network, folded; its speed is that of a trained one.

    Slopes of PReLU are of either sign, as training leaves them, where they may
    be (``PositiveSlopePReLU``).
    """
    net = random_network(**sizes)
    for module in net.modules():
        if isinstance(module, PReLU):
            nn.init.uniform_(module.weight, -0.4, 0.9)
    return fold(
        net,
        task_labels(12),
        front_end(),
        name="random",
        licence="CC-BY-4.0",
        provenance="random weights",
    )


def folded(net: BiDFSMN, thinning: int) -> dict[str, NDArray]:
    """Returns arrays by name, in TensorFlow's order, of a thinning.

    Axes of a convolution: time, mel band, inputs, outputs. Features of a frame:
    band by band. Blocks that do not run are left out, the rest renumbered.
    """
    conv1, norm1, slope1, conv2, norm2, slope2 = net.front_end
    arrays = {"input_shape": np.array([net.frames, net.n_mels])}
    arrays |= _layer("conv1", conv1, slope1, norm1)
    arrays |= _layer("conv2", conv2, slope2, norm2)
    linear, channels = net.projection, conv2.out_channels
    arrays |= _layer("projection", linear, net.projection_activation)
    weight = arrays["projection.weight"]
    weight = weight.reshape(channels, -1, linear.out_features).swapaxes(0, 1)
    arrays["projection.weight"] = weight.reshape(1, 1, linear.in_features, -1)
    for number, index in enumerate(net.blocks_at(thinning)):
        arrays |= _block(str(number), net.blocks[index], str(thinning))
    weight = _array(net.classifier.untied())
    weight = weight.reshape(net.classes, -1, net.frames // 4).transpose()
    arrays["classifier.weight"] = weight.reshape(-1, net.classes)
    arrays["classifier.bias"] = _array(net.classifier.bias)
    return {
        name: a if a.dtype.kind == "i" else a.astype(np.float32)
        for name, a in arrays.items()
    }


def _block(name, block, thinning):
    arrays = _layer(
        f"{name}.memory",
        block.memory,
        block.memory_activation,
        block.memory_norms[thinning],
    )
    taps = arrays[f"{name}.memory.weight"]  # (K, 1, C)
    arrays[f"{name}.memory.weight"] = taps.transpose(0, 2, 1)[:, None]
    layers = {
        "expand": (block.expand_activation, block.expand_norms),
        "project": (block.activations[thinning], block.norms),
    }
    for layer, (activation, norms) in layers.items():
        arrays |= _layer(
            f"{name}.{layer}",
            getattr(block, layer),
            activation,
            norms[thinning],
        )
        weight = arrays[f"{name}.{layer}.weight"]  # (1, inputs, outputs)
        arrays[f"{name}.{layer}.weight"] = weight[None]
    return arrays


def _layer(name, layer, activation, norm=None):
    weight, bias = _array(layer.weight), 0.0
    if layer.bias is not None:
        bias = _array(layer.bias)
    if norm is not None:
        deviation = np.sqrt(_array(norm.running_var) + norm.eps)
        gain = _array(norm.weight) / deviation
        bias = (bias - _array(norm.running_mean)) * gain + _array(norm.bias)
        weight = weight * gain.reshape(-1, *[1] * (weight.ndim - 1))
    return {
        f"{name}.weight": weight.transpose(),
        f"{name}.bias": bias,
        f"{name}.slope": _slope(activation),
    }


def _slope(activation):
    if isinstance(activation, nn.ReLU):
        return np.zeros(())
    return _array(activation.slope)[0]


def _array(tensor):
    return tensor.detach().double().numpy()


@torch.no_grad()
def write(folder: Path, tests: int = 256) -> None:
    """Writes what the makers need, of random networks, and logits to check by.

    Arguments
    ---------
    folder : Path
        To write to.
    tests : int
        Inputs that the backends are compared on.
    """
    for activation in ("prelu", "relu"):
        net = random_network(binary=False, relu=activation == "relu")
        calibration, inputs = features(200), features(tests)
        write_network(folder, activation, net, inputs, calibration)
    write_inputs(folder, net, calibration, inputs)


@torch.no_grad()
def write_network(
    folder: Path,
    activation: str,
    net: BiDFSMN,
    inputs: Tensor,
    centre: Tensor | None = None,
) -> None:
    """Writes a network's weights and logits at each thinning.

    Arguments
    ---------
    folder : Path
        To write to.
    activation : str
        By whose name the peers' forms know the network.
    net : BiDFSMN
        In full precision.
    inputs : torch.Tensor
        (N, T, F), features in decibels.
    centre : torch.Tensor, optional
        Features (N, T, F) whose logits shall have the mean 0: then the largest
        logit of a random network differs from input to input.
    """
    for thinning in net.thinnings:
        net.thinning = thinning
        if centre is not None:
            net.classifier.bias -= net(centre).mean(0)
        name = f"{activation}_{thinning}"
        np.savez(folder / f"weights_{name}.npz", **folded(net, thinning))
        np.save(folder / f"logits_{name}.npy", net(inputs).numpy())


def write_inputs(
    folder: Path, net: BiDFSMN, calibration: Tensor, inputs: Tensor
) -> None:
    """Writes the features (N, T, F) that networks get, and their scaling."""
    np.save(folder / "calibration.npy", net.scaling(calibration).numpy())
    np.save(folder / "inputs.npy", net.scaling(inputs).numpy())
    np.save(folder / "features.npy", inputs.numpy())
    np.save(folder / "scale.npy", np.float32(net.scaling))
