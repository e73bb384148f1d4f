"""Finds the parts of a model that are cut or replaced, by what they are and what feeds what."""

from typing import Any

from ocr_worker.engines.rapidocr.networks import Tensor


def last_layer_of(model: Any) -> tuple[Any, Tensor, Tensor]:
    """Return what goes into a recognizer's last layer, its weights and its biases."""
    added = before(before(model.get_results()[0], "Softmax"), "Add")
    product = before(added, "MatMul")
    biases: Tensor = added.input_value(1).get_node().data
    return product.input_value(0), weights_of(product), biases


def characters_of(model: Any) -> tuple[str, ...]:
    """Return the alphabet that a model carries, nothing where it has none."""
    # `framework` holds the file's custom metadata; a detector has none.
    information = model.get_rt_info()
    if "framework" not in information or "character" not in information["framework"]:
        return ()
    return tuple(information["framework"]["character"].value.splitlines())


def before(node: Any, kind: str) -> Any:
    """Return the operation of a kind that feeds a node, with nothing but identities between.

    Raise `ValueError` where there is none: the model is another than this engine knows.
    """
    found = origin_of(node.input_value(0)).get_node()
    if found.get_type_name() != kind:
        raise ValueError(f"the model has {found.get_type_name()} where {kind} was expected")
    return found


def origin_of(output: Any) -> Any:
    """Return the output of an operation that an output is, with nothing but identities between."""
    while output.get_node().get_type_name() == "Identity":
        output = output.get_node().input_value(0)
    return output


def weights_of(node: Any) -> Tensor:
    """Return the weights that are known of a convolution, of what undoes one, or of a product."""
    weights: Tensor = node.input_value(1).get_node().data
    return weights
