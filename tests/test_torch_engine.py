"""The torch engine against the one that can be read: the same numbers, for every pair of settings."""

from typing import Any

import numpy as np
import pytest

from feedforward.training.numpy_engine import NumpyEngine
from feedforward.training.torch_engine import TorchEngine
from test_compiled_engine import CASES, train_by


def name_of(case: dict[str, Any]) -> str:
    return "-".join(str(value) for value in case.values())


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_engines_agree(case: dict[str, Any]) -> None:
    network, optimizer, losses, scores = train_by(TorchEngine, case)
    readable, same_optimizer, same_losses, same_scores = train_by(NumpyEngine, case)
    np.testing.assert_allclose(losses, same_losses, rtol=0, atol=1e-8)
    np.testing.assert_allclose(scores, same_scores, rtol=0, atol=1e-8)
    for name, array in readable.parameters().items():
        np.testing.assert_allclose(network.parameters()[name], array, rtol=0, atol=1e-8, err_msg=name)
    assert optimizer.state.keys() == same_optimizer.state.keys()
    for name, array in same_optimizer.state.items():
        np.testing.assert_allclose(optimizer.state[name], array, rtol=1e-6, atol=1e-8, err_msg=name)
