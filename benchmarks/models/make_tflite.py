"""Makes the .tflite models that the peers run, with TensorFlow.

    python -m benchmarks.models.make_tflite NETWORKS OUT

Of each thinning that ``network.write`` left in NETWORKS it makes
NUMBERS_ACTIVATION_THINNING.tflite: in full precision ("fp32") and with weights
(one scale per output channel), activations, input and output in int8 ("int8");
of the same function ("prelu") and with ReLU in PReLU's place ("relu").

Every PReLU here has one slope, hence is a LEAKY_RELU of TensorFlow Lite: the
same function as its PRELU, but XNNPACK runs it in int8 too (29 µs instead of
213 µs for the whole network).
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf


def classify(x: Any, weights: dict[str, np.ndarray]) -> Any:
    """The network: features (B, T, F, 1) to logits (B, classes)."""

    def conv(name, x, stride=1, pad=0):
        around = [[0, 0], [pad, pad], [pad, pad], [0, 0]]
        y = tf.nn.conv2d(x, weights[f"{name}.weight"], stride, around)
        return activation(name, y)

    def activation(name, y):
        y = tf.nn.bias_add(y, weights[f"{name}.bias"])
        slope = float(weights[f"{name}.slope"])
        return tf.nn.leaky_relu(y, slope) if slope else tf.nn.relu(y)

    x = conv("conv1", x, stride=2, pad=2)
    x = conv("conv2", x, stride=2, pad=2)
    x = tf.reshape(x, [*x.shape[:2], 1, -1])  # a frame's bands and channels
    x = conv("projection", x)
    block = 0
    while f"{block}.memory.weight" in weights:
        taps = weights[f"{block}.memory.weight"]
        memory = tf.nn.depthwise_conv2d(x, taps, [1, 1, 1, 1], "SAME")
        x = activation(f"{block}.memory", memory) + x
        x = conv(f"{block}.project", conv(f"{block}.expand", x)) + x
        block += 1
    y = tf.matmul(tf.reshape(x, [x.shape[0], -1]), weights["classifier.weight"])
    return tf.nn.bias_add(y, weights["classifier.bias"])


def convert(
    weights: dict[str, np.ndarray], calibration: np.ndarray | None = None
) -> bytes:
    """Returns a model, in int8 where there is calibration (N, T, F)."""
    shape = (int(weights.get("batch", 1)), *weights["input_shape"], 1)
    function = tf.function(lambda x: classify(x, weights))
    concrete = function.get_concrete_function(tf.TensorSpec(shape))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    if calibration is not None:
        whole = len(calibration) // shape[0] * shape[0]
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [x] for x in calibration[:whole].reshape(-1, *shape)
        )
        ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.target_spec.supported_ops = ops
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return converter.convert()


def main(networks: Path, out: Path) -> None:
    """Makes a model of each network."""
    inputs = np.load(networks / "calibration.npy")
    for path in sorted(networks.glob("weights_*.npz")):
        weights, name = dict(np.load(path)), path.stem.removeprefix("weights")
        for numbers, calibration in (("fp32", None), ("int8", inputs)):
            model = convert(weights, calibration)
            (out / f"{numbers}{name}.tflite").write_bytes(model)
            print(f"{numbers}{name}: {len(model)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
