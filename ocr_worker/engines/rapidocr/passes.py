"""Spares the detector passes over its maps that only move or add up what is there already.

The runtime reads and writes a whole map for each, and those near the pixels are large: it is a
tenth of the network's time. Results are the same but for the order in which sums are rounded. The
recognizer, whose maps are small, gains nothing.
"""

from typing import Any

import numpy as np

from ocr_worker.engines.rapidocr.model_parts import origin_of, weights_of


def spare_passes(openvino: Any, model: Any) -> Any:
    """Do without what can be spared in a model; return it. `openvino` is the module.

    Raise `ValueError` where there is nothing of the kind: it is another model than this engine
    knows.
    """
    make = openvino.opset11
    n_apart = n_at_once = 0
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Convolution":
            n_apart += _convolve_apart(make, node)
        elif node.get_type_name() == "Add":
            n_at_once += _weigh_at_once(make, node)
    if not n_apart or not n_at_once:
        raise ValueError(f"the model has no passes to spare: {n_apart}, {n_at_once}")
    model.validate_nodes_and_infer_types()
    return model


def _convolve_apart(make: Any, convolution: Any) -> bool:
    """Convolve two maps each by itself and add that up, rather than put them into one before.

    Adding is done as the second convolution writes. Return whether the convolution has such maps.
    """
    joined = origin_of(convolution.input_value(0)).get_node()
    if joined.get_type_name() != "Concat" or len(joined.inputs()) != 2:
        return False
    weights, how = weights_of(convolution), convolution.get_attributes()
    first, second = map(origin_of, joined.input_values())
    n_first = first.get_partial_shape()[1].get_length()
    parts = [
        make.convolution(
            part,
            make.constant(np.ascontiguousarray(kernel)),
            how["strides"],
            how["pads_begin"],
            how["pads_end"],
            how["dilations"],
        )
        for part, kernel in ((first, weights[:, :n_first]), (second, weights[:, n_first:]))
    ]
    convolution.output(0).replace(make.add(*parts).output(0))
    return True


def _weigh_at_once(make: Any, added: Any) -> bool:
    """Multiply a map by weights of its channels and one, rather than add it to what they make.

    Return whether that is what was added.
    """
    terms = [origin_of(term) for term in added.input_values()]
    for plain, weighed in (terms, terms[::-1]):
        if weighed.get_node().get_type_name() != "Multiply":
            continue
        factors = [origin_of(factor) for factor in weighed.get_node().input_values()]
        for same, weights in (factors, factors[::-1]):
            if same == plain and weights.get_node().get_type_name() == "HardSigmoid":
                more = make.add(weights, make.constant(np.float32(1)))
                added.output(0).replace(make.multiply(plain, more).output(0))
                return True
    return False
