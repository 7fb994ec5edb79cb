"""Makes one-bit models for Larq Compute Engine, with Keras.

    python -m benchmarks.models.make_larq NETWORKS OUT

Of each thinning that ``network.write`` left in NETWORKS it makes
lce_binary_THINNING.tflite, a network of the same layers and sizes, and the
logits of the Keras model, logits_binary_THINNING.npy. It is another network, of
random weights; what differs makes it faster, or is what Larq does not have:

- one plane of bits per activation, without scales or thresholds of its own
  (normalisation is the threshold);
- no PReLU. Before a sign a PReLU of positive slope changes nothing; the other
  layers go without it;
- the memory is a depthwise convolution in FP32: binary ones are not to be had;
- paddings are one bit, 1, and TensorFlow's: one less before, one more after.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import larq
import larq_compute_engine
import numpy as np
import tensorflow as tf

layers = tf.keras.layers


def binary(
    outputs: int,
    kernel: int | tuple[int, int],
    stride: int = 1,
    padding: str = "valid",
) -> Any:
    """Returns a convolution of one-bit inputs and weights."""
    return larq.layers.QuantConv2D(
        outputs,
        kernel,
        stride,
        padding=padding,
        pad_values=1.0,
        input_quantizer="ste_sign",
        kernel_quantizer="ste_sign",
        use_bias=False,
    )


def norm(layer: Callable[[Any], Any], x: Any) -> Any:
    """Runs a layer and normalises what it gives."""
    spread = tf.keras.initializers.RandomNormal(stddev=0.2)
    gain = tf.keras.initializers.RandomUniform(0.5, 1.5)
    momentum = 0.0  # the statistics are those of the one batch
    return layers.BatchNormalization(
        momentum=momentum, beta_initializer=spread, gamma_initializer=gain
    )(layer(x))


def build(weights: dict[str, np.ndarray]) -> Any:
    """Returns the Keras model whose sizes are those of ``network.folded``."""

    def outputs(name):
        return weights[f"{name}.weight"].shape[-1]

    x = first = layers.Input((*weights["input_shape"], 1))
    real = layers.Conv2D(outputs("conv1"), 5, 2, padding="same", use_bias=False)
    x = norm(real, x)
    x = norm(binary(outputs("conv2"), 5, 2, padding="same"), x)
    # Over all bands of a frame: what ours does after a reshape.
    x = norm(binary(outputs("projection"), (1, x.shape[2])), x)
    block = 0
    while f"{block}.memory.weight" in weights:
        taps = len(weights[f"{block}.memory.weight"])
        memory = layers.DepthwiseConv2D(
            (taps, 1), padding="same", use_bias=False
        )
        x = norm(memory, x) + x
        y = norm(binary(outputs(f"{block}.expand"), 1), x)
        x = norm(binary(outputs(f"{block}.project"), 1), y) + x
        block += 1
    logits = layers.Dense(outputs("classifier"))(layers.Flatten()(x))
    return tf.keras.Model(first, logits)


def main(networks: Path, out: Path) -> None:
    """Makes a model of each thinning."""
    calibration, inputs = (
        np.load(networks / f"{name}.npy")[..., None]
        for name in ("calibration", "inputs")
    )
    for path in sorted(networks.glob("weights_relu_*.npz")):
        thinning = re.search(r"_(\d+)$", path.stem)[1]
        tf.keras.utils.set_random_seed(int(thinning).bit_length() - 1)
        model = build(dict(np.load(path)))
        centre = model(calibration, training=True)  # sets the statistics
        model.layers[-1].bias.assign(-tf.reduce_mean(centre, 0))
        logits = model.predict(inputs, verbose=0)
        np.save(out / f"logits_binary_{thinning}.npy", logits)
        converted = larq_compute_engine.convert_keras_model(model)
        (out / f"lce_binary_{thinning}.tflite").write_bytes(converted)
        print(f"lce_binary_{thinning}: {len(converted)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
