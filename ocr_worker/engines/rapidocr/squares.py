"""The detector's last steps done for squares of four by four pixels, at a quarter of the size.

The network ends in two deconvolutions that double the size, each with a kernel of two by two and
steps of two. So no pixel sees what another is made of, and both together are a small network of its
own for each place of the quarter, with a result for each pixel of the square that the place
becomes. As convolutions of one place each they take a fiftieth of the time, which was a seventh of
the detector's.
"""

from typing import Any

import numpy as np

from ocr_worker.engines.rapidocr.model_parts import before, weights_of
from ocr_worker.engines.rapidocr.networks import Tensor

_ONES, _NONE = [1, 1], [0, 0]


def told_in_fours(openvino: Any, model: Any) -> Any:
    """Return a detection model that tells the logits of each square in sixteen channels.

    `onto_pixels` puts them where they belong. Raise `ValueError` where the model does not end as
    the one that this engine knows.
    """
    make = openvino.opset11
    second_sum = before(before(model.get_results()[0], "Sigmoid"), "Add")
    second = before(second_sum, "ConvolutionBackpropData")
    first_sum = before(before(second, "Relu"), "Add")
    first = before(first_sum, "ConvolutionBackpropData")
    for each in (first, second):
        if each.get_attributes()["strides"] != [2, 2] or weights_of(each).shape[2:] != (2, 2):
            raise ValueError("the model does not end in two steps that double the size")

    def one_by_one(given: Any, weights: Tensor, biases: Tensor) -> Any:
        kernel = make.constant(np.ascontiguousarray(weights[..., np.newaxis, np.newaxis]))
        product = make.convolution(given, kernel, _ONES, _NONE, _NONE, _ONES)
        return make.add(product, make.constant(biases.reshape(1, -1, 1, 1)))

    # Kernels have the shape (in, out, 2, 2); a place has four quarters, and each of these four.
    wide = np.concatenate([weights_of(first)[:, :, y, x].T for y, x in np.ndindex(2, 2)])
    narrow = weights_of(second)[:, 0].reshape(-1, 4).T
    hidden = one_by_one(first.input_value(0), wide, np.tile(_biases(first_sum), 4))
    logits = one_by_one(
        make.relu(hidden),
        np.kron(np.eye(4, dtype=np.float32), narrow),
        np.tile(_biases(second_sum), 16),
    )
    return openvino.Model([make.result(logits)], model.get_parameters())


def onto_pixels(logits: Tensor) -> Tensor:
    """Return what squares of pixels say, of shape (1, 16, rows, columns), for each pixel.

    The result has the shape (1, 1, 4 * rows, 4 * columns).
    """
    rows, columns = logits.shape[2:]
    # Of a pixel: which half of the square, then which half of that, down and across each.
    halves = logits.reshape(2, 2, 2, 2, rows, columns)
    return halves.transpose(4, 0, 2, 5, 1, 3).reshape(1, 1, 4 * rows, 4 * columns)


def _biases(added: Any) -> Tensor:
    biases: Tensor = added.input_value(1).get_node().data
    return biases.reshape(-1)
