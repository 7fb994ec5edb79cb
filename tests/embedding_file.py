"""Files of weights as the published speech embedding has them."""

import onnx
from onnx import helper, numpy_helper


def as_onnx(net, path):
    """Writes the convolutions as the published file has them."""
    nodes, arrays = [], []
    for i, layer in enumerate(net._convolutions()):
        names = [f"{i}.{name}" for name, _ in layer.named_parameters()]
        nodes.append(helper.make_node("Conv", [f"x{i}", *names], [f"x{i + 1}"]))
        for name, values in zip(names, layer.parameters(), strict=True):
            array = values.detach().numpy()
            arrays.append(numpy_helper.from_array(array, name))
    graph = helper.make_graph(nodes, "embedding", [], [], arrays[::-1])
    onnx.save(helper.make_model(graph), path)
    return path
