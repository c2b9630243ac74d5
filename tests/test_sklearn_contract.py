"""Every check of scikit-learn's estimator suite, strict: what is expected to fail stands in expected_failures.py."""

import warnings
from typing import Any

import pytest
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from expected_failures import EXPECTED_FAILURES, SKIPPED_BY_SCIKIT_LEARN
from feedforward import (
    Adaline,
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)

ESTIMATORS = [
    Perceptron(),
    Adaline(),
    Adaline(batch_size=32),
    Adaline(batch_size=1),
    TableEncoder(),
    MLPClassifier(),
    MLPClassifier(engine="numpy"),
    MLPClassifier(loss="squared_error", optimizer="nesterov", learning_rate=0.1, activation="tanh"),
    MLPClassifier((20, 10), validation_fraction=0.2, patience=20, dropout=0.1, learning_rate=0.01),
    MLPClassifier((8,), batch_size=None, dtype="float64", learning_rate=0.02),
    MLPRegressor(),
    MLPRegressor(engine="numpy"),
    MLPRegressor((20, 10), validation_fraction=0.2, patience=20, loss="huber", learning_rate=0.01),
    MLPRegressor((8,), batch_size=None, dtype="float64", learning_rate=0.02),
    TabularClassifier(preset="fast"),
    TabularRegressor(preset="fast"),
]


def expected_failures(estimator: Any) -> dict[str, str]:
    return EXPECTED_FAILURES.get(" ".join(repr(estimator).split()), {})


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_contract(estimator: Any, check: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataConversionWarning)
        try:
            check(estimator)
        except pytest.skip.Exception:
            assert check.func.__name__ in SKIPPED_BY_SCIKIT_LEARN
            raise


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_no_tag_switches_assertions_off(estimator: Any) -> None:
    tags = get_tags(estimator)
    assert not tags.non_deterministic
    assert not tags.no_validation
    assert not tags._skip_test
    if tags.classifier_tags is not None:
        assert not tags.classifier_tags.poor_score


def test_the_suite_is_the_whole_suite() -> None:
    names = [check.func.__name__ for _, check in estimator_checks_generator(Perceptron(), legacy=True)]
    assert len(names) >= 60
    assert "check_fit_score_takes_y" in names
