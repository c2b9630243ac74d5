"""Labels to codes and back, and the weights of rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.class_weight import compute_sample_weight

from feedforward.errors import InputError
from feedforward.targets import encode_labels, row_weights

LABELS = st.one_of(
    st.lists(st.integers(-5, 5), min_size=1),
    st.lists(st.text(max_size=3), min_size=1),
    st.lists(st.booleans(), min_size=1),
)


@given(LABELS)
def test_codes_are_places_among_the_sorted_labels(y: list[object]) -> None:
    classes, codes = encode_labels(np.array(y, dtype=object) if isinstance(y[0], str) else y)
    assert_array_equal(classes[codes], np.array(y, dtype=classes.dtype))
    assert classes.tolist() == sorted(set(y))  # type: ignore[type-var]


@pytest.mark.parametrize("labels", [[True, False], [3, 7], ["no", "yes"]])
@pytest.mark.parametrize("dtype", ["nullable", "pyarrow", "category"])
def test_labels_of_pandas_stay_what_they_are(labels: list[object], dtype: str) -> None:
    y = pd.Series(labels * 3)
    typed = (
        y.astype("category")
        if dtype == "category"
        else y.convert_dtypes(dtype_backend="pyarrow" if dtype == "pyarrow" else "numpy_nullable")
    )
    for given_labels in (typed, typed.array, typed.set_axis(range(10, 16))):
        classes, codes = encode_labels(given_labels)
        assert classes.tolist() == sorted(labels)  # type: ignore[type-var]
        assert [type(label) for label in classes.tolist()] == [type(labels[0])] * 2
        assert_array_equal(classes[codes], np.array(labels * 3, dtype=classes.dtype))


@pytest.mark.parametrize("k", [2, 3, 4, 5, 40])
@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.int8])
def test_many_rows_of_few_labels(k: int, dtype: type) -> None:
    y: np.ndarray = np.random.RandomState(0).randint(0, k, 20_000).astype(dtype)
    y[:5000] = 0  # the head of the rows does not have them all
    classes, codes = encode_labels(y)
    assert_array_equal(classes, np.arange(k))
    assert_array_equal(codes, y)


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0.1, 10)), min_size=3))
def test_balanced_weights_give_every_class_the_same_total(rows: list[tuple[int, float]]) -> None:
    y = np.array([label for label, _ in rows], dtype=np.int64)
    given_weights = np.array([weight for _, weight in rows])
    classes, codes = encode_labels(y)
    weights = row_weights(given_weights, "balanced", classes, codes)
    totals = np.bincount(codes, weights)
    assert_allclose(totals, weights.sum() / len(classes))
    assert_allclose(weights.sum(), given_weights.sum())
    assert_allclose(row_weights(None, "balanced", classes, codes), compute_sample_weight("balanced", y))


def test_one_number_weighs_every_row() -> None:
    assert_array_equal(row_weights(2.0, None, np.array([0, 1]), np.array([0, 1, 1])), [2, 2, 2])


def test_a_class_the_dict_leaves_out_weighs_one() -> None:
    assert_array_equal(row_weights(None, {"a": 5}, np.array(["a", "b"]), np.array([0, 1])), [5, 1])


def test_known_classes_are_kept_whatever_y_has() -> None:
    classes, codes = encode_labels(["b"], classes=["c", "b", "a"])
    assert classes.tolist() == ["a", "b", "c"]
    assert codes.tolist() == [1]


@pytest.mark.parametrize("missing", [None, float("nan"), np.datetime64("NaT")])
def test_a_missing_label_is_found_by_its_row(missing: object) -> None:
    with pytest.raises(InputError, match="row 1"):
        encode_labels(np.array(["a", missing, "b"], dtype=object))


def test_classes_are_a_list() -> None:
    with pytest.raises(InputError, match="classes must be a list of labels; got 3. Name every class"):
        encode_labels([3, 3], 3)
