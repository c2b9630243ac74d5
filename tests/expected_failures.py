"""Every expected failure, exemption and skip of the tests, each with its reason. There are no others."""

ORDER = "each update depends on the rows before it, so one row twice is not one row of weight 2"
ROUNDING = "float32 rounds a row of weight 2 and two rows differently; in float64 networks pass these checks"
SPLIT = "with other rows to draw from, other rows are set aside for validation"

EQUIVALENCE = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")

# Checks of scikit-learn's suite that an estimator is expected to fail; one that passes unexpectedly fails the tests.
EXPECTED_FAILURES: dict[str, dict[str, str]] = {
    "Perceptron()": dict.fromkeys(EQUIVALENCE, ORDER),
    "Adaline(batch_size=1)": dict.fromkeys(EQUIVALENCE, ORDER),
    "MLPClassifier()": dict.fromkeys(EQUIVALENCE, ROUNDING),
    "MLPClassifier(engine='numpy')": dict.fromkeys(EQUIVALENCE, ROUNDING),
    "MLPClassifier(activation='tanh', learning_rate=0.1, loss='squared_error', optimizer='nesterov')": dict.fromkeys(
        EQUIVALENCE, ROUNDING
    ),
    "MLPClassifier(dropout=0.1, hidden_sizes=(20, 10), learning_rate=0.01, patience=20, validation_fraction=0.2)": (
        dict.fromkeys(EQUIVALENCE, SPLIT)
    ),
    "MLPRegressor()": dict.fromkeys(EQUIVALENCE, ROUNDING),
    "MLPRegressor(engine='numpy')": dict.fromkeys(EQUIVALENCE, ROUNDING),
    "MLPRegressor(hidden_sizes=(20, 10), learning_rate=0.01, loss='huber', patience=20, validation_fraction=0.2)": (
        dict.fromkeys(EQUIVALENCE, SPLIT)
    ),
    "TabularClassifier(preset='fast')": {EQUIVALENCE[0]: SPLIT},
    "TabularRegressor(preset='fast')": {EQUIVALENCE[0]: SPLIT},
}

# Checks that scikit-learn itself skips, unless its environment asks for them.
SKIPPED_BY_SCIKIT_LEARN = {
    "check_array_api_input": "runs only where the environment sets SCIPY_ARRAY_API",
    "check_classifiers_multilabel_output_format_decision_function": "networks have predict_proba alone",
}

# Tests marked `gpu` (tests/test_gpu.py) are skipped where torch finds no GPU of NVIDIA, for this reason.
NO_GPU = "torch finds no GPU of NVIDIA here"

# Left out of the coverage that pyproject.toml asks for: functions marked `inner`, `inner_exact`, `woven` or `intrinsic`
# (training/compiled/) run as machine code only, which is not counted. Tests compare them with NumPy.

# Tests of pages in a browser (tests/test_report.py, tests/test_frames.py) are skipped where there is none, for this
# reason.
NO_BROWSER = "there is no Chromium or Chrome here to look at a page with"
