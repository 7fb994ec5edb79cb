"""Values and gradients of the paper's released code, in its scale layout.

The vectors are in tests/data/reference; BIFSMN_REFERENCE points elsewhere.
"""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.lobes.models.input_scaling import InputScaling
from speechbrain_bifsmn.nnet.binarizer import LearningPropagationBinarizer
from speechbrain_bifsmn.nnet.binary_layers import (
    BinaryConv1d,
    BinaryConv2d,
    BinaryLinear,
)
from speechbrain_bifsmn.nnet.haar import haar_bands
from speechbrain_bifsmn.nnet.losses import (
    FrequencyIndependentDistillation,
    ThinnableObjective,
)

SHIPPED = Path(__file__).parents[1] / "data" / "reference"
REFERENCE = Path(os.environ.get("BIFSMN_REFERENCE") or SHIPPED)
MAX_THINNING = 8  # the released module's; it trains the first three


def load(name):
    path = REFERENCE / f"{name}.npz"
    assert path.is_file(), f"expected reference vectors in {path}"
    with np.load(path) as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays.files}


def assert_close(ours, theirs):
    torch.testing.assert_close(
        ours.detach().to(theirs.dtype), theirs, rtol=1e-4, atol=1e-5
    )


# The released module's names, rewritten one after the other to ours.
RENAMES = [
    (r"\.channel_threshold_1$", ".activation.threshold2"),
    (r"\.channel_threshold_2$", ".activation.shift"),
    (r"\.channel_threshold$", ".activation.threshold1"),
    (r"\.quant([12])\.", r".activation.binarizer\1."),
    (r"\.quant3\.", ".weight_binarizer."),
    (r"^fc1\.0\.", "projection."),
    (r"^fc1\.1\.", "projection_activation."),
    (r"^classifier\.1\.", "classifier."),
    (r"^backbone\.", "blocks."),
    (r"\.memory\.0\.", ".memory."),
    (r"\.memory\.1\.", ".memory_norms.1."),
    (r"\.memory\.2\.", ".memory_activation."),
    (r"\.fc_trans\.0\.", ".expand."),
    (r"\.fc_trans\.1\.", ".expand_norms.1."),
    (r"\.fc_trans\.2\.", ".expand_activation."),
    (r"\.fc_trans\.4\.", ".project."),
    (r"\.bn(\d?)\.", lambda m: f".norms.{1 << int(m[1] or 0)}."),
    (r"\.act(\d?)\.", lambda m: f".activations.{1 << int(m[1] or 0)}."),
]


def renamed(name):
    name = "." + name if name.startswith(("quant", "channel")) else name
    for pattern, replacement in RENAMES:
        name = re.sub(pattern, replacement, name)
    return name.lstrip(".")


def part(vectors, prefix):
    """Tensors under ``prefix``, by our names and in our shapes."""
    return {
        renamed(key.removeprefix(prefix)): value.flatten()
        if "channel_threshold" in key
        else value
        for key, value in vectors.items()
        if key.startswith(prefix)
    }


INNER = re.compile(r"(memory|expand)_norms\.\d+")


def released(name):
    """The released code has one normalisation of an inner layer in all."""
    return INNER.sub(r"\1_norms.1", name)


def load_state(module, state):
    """Loads all that the module has; what it lacks it must never run."""
    for name in module.state_dict():
        if released(name) in state:
            state[name] = state[released(name)]
    unknown = set(state) - set(module.state_dict())
    unused = re.compile(r"^blocks\.\d+\.(norms|activations)\.[248]\.")
    assert all(unused.match(name) for name in unknown), unknown
    missing = module.load_state_dict(state, strict=False).missing_keys
    assert not missing, missing


def assert_gradients(module, gradients):
    """Compares gradients by name, in float32.

    Batch normalisation takes the mean off its input: the gradient of what only
    shifts it is 0, and both sides hold the rounding of far larger sums.
    """
    largest = max(float(g.abs().max()) for g in gradients.values())
    ours = {}
    for name, parameter in module.named_parameters():
        if parameter.grad is not None:
            name = released(name)
            ours[name] = ours.get(name, 0) + parameter.grad
    compared = [name for name in gradients if ours.get(name) is not None]
    assert compared
    for name, gradient in gradients.items():
        if ours.get(name) is None:
            assert not gradient.any(), f"{name}: expected a gradient"
        else:
            torch.testing.assert_close(
                ours[name],
                gradient,
                rtol=1e-4,
                atol=1e-5 + 1e-4 * largest * is_cancelled(name),
                msg=lambda text, name=name: f"{name}: {text}",
            )


def is_cancelled(name):
    """Whether batch normalisation follows, and this shifts its input."""
    block = r"blocks\.\d+\.(memory|expand|project)\."
    shift = r"(bias|activation\.shift|activation\.threshold2)$"
    return bool(re.match(rf"(front_end\.[03]\.|{block}){shift}", name))


def names(prefix):
    return sorted(path.stem for path in REFERENCE.glob(f"{prefix}*.npz"))


@pytest.mark.parametrize("name", names("lpb_"))
def test_binarizer(name):
    v = load(name)
    x = v["x"].requires_grad_()
    binarizer = LearningPropagationBinarizer(alpha=float(v["alpha"]))
    y = binarizer(x, scale=v["scale"])
    assert_close(y, v["y"])
    (y * v["upstream"]).sum().backward()
    assert_close(x.grad, v["grad_x"])
    assert_close(binarizer.alpha.grad, v["grad_alpha"])


def layer_like(name, weight):
    outputs, inputs = weight.shape[:2]
    kind = {"scale_layout": "as_released"}
    if name == "binary_linear":
        return BinaryLinear(inputs, outputs, **kind)
    if name == "binary_conv2d":
        return BinaryConv2d(inputs, outputs, weight.shape[2], 2, 2, **kind)
    groups = outputs if name == "binary_conv1d_depthwise" else 1
    return BinaryConv1d(
        inputs * groups, outputs, weight.shape[2], groups=groups, **kind
    )


@pytest.mark.parametrize("name", names("binary_"))
def test_binary_layer(name):
    v = load(name)
    layer = layer_like(name, v["state.weight"])
    load_state(layer, part(v, "state."))
    x = v["x"].requires_grad_()
    y = layer(x)
    assert_close(y, v["y"])
    (y * v["upstream"]).sum().backward()
    assert_close(x.grad, v["grad_x"])
    assert_gradients(layer, part(v, "grad."))


def network(cls, state, **options):
    """A network with the sizes of a released state."""
    blocks = {int(n.split(".")[1]) for n in state if n.startswith("blocks.")}
    channels = len(state["projection.bias"])
    made = cls(
        classes=len(state["classifier.bias"]),
        layers=len(blocks),
        front_channels=len(state["front_end.0.bias"]),
        channels=channels,
        hidden=len(state["blocks.0.expand.bias"]),
        frames=state["classifier.weight"].shape[1] // channels * 4,
        pooling=False,
        **options,
    )
    made.scaling = InputScaling(False, 0.0, 1.0, -torch.inf, torch.inf)
    return made


def our_layout(x):
    """(B, 1, mel, time) to (B, time, mel)."""
    return x[:, 0].transpose(1, 2)


@pytest.mark.parametrize("name", ["thinnable_fp32", "thinnable_lpb"])
def test_thinnable(name):
    v = load(name)
    state = part(v, "state.")
    kind = {"binary": name.endswith("lpb"), "scale_layout": "as_released"}
    student = network(BiDFSMN, state, max_thinning=MAX_THINNING, **kind)
    load_state(student, state)
    student.eval()
    for k, thinning in enumerate(student.thinnings):
        student.thinning = thinning
        assert_close(student(our_layout(v["x"])), v[f"logits_{k}"])


def test_teacher():
    v = load("teacher_fp32")
    state = part(v, "state.")
    teacher = network(DFSMN, state)
    load_state(teacher, state)
    assert_close(teacher.eval()(our_layout(v["x"])), v["logits"])


@pytest.mark.parametrize("name", names("fid_"))
def test_distillation(name):
    v = load(name)
    student = v["student"].requires_grad_()
    high, low = haar_bands(v["teacher"])
    assert_close(high, v["high"])
    assert_close(low, v["low"])
    losses = {}
    for band in ("high", "low"):
        distance = FrequencyIndependentDistillation([band])
        losses[band] = distance([student], [v["teacher"]])
        assert_close(losses[band], v[f"loss_{band}"])
    both = FrequencyIndependentDistillation(released=True)
    total = both([student], [v["teacher"]])
    assert_close(total, sum(losses.values()))
    total.backward()
    assert_close(student.grad, v["grad_student"])


def test_objective():
    v = load("objective")
    state, teacher_state = part(v, "state."), part(v, "teacher.")
    student = network(
        BiDFSMN, state, max_thinning=MAX_THINNING, scale_layout="as_released"
    )
    teacher = network(DFSMN, teacher_state)
    load_state(student, state)
    load_state(teacher, teacher_state)
    x = our_layout(v["x"])
    thinnings = student.thinnings[: len(v["parts"])]
    distillation = FrequencyIndependentDistillation(released=True)
    total, parts = ThinnableObjective(distillation)(
        student.train()(x, thinnings=thinnings),
        v["labels"],
        teacher.eval()(x, thinnings=[1])[0],
    )
    assert_close(torch.stack([torch.stack(p[:3]) for p in parts]), v["parts"])
    assert_close(total, v["total"])
    total.backward()
    assert_gradients(student, part(v, "grad."))


def test_features():
    v = load("features")
    ours = LogMel()(v["wav"]).transpose(1, 2)
    torch.testing.assert_close(ours, v["logmel_db"], rtol=1e-4, atol=1e-4)
