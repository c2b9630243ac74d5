"""Every expected failure, exemption and skip of the tests, each with its reason. There are no others."""

ORDER = "each update depends on the rows before it, so one row twice is not one row of weight 2"

# Checks of scikit-learn's suite that an estimator is expected to fail; one that passes unexpectedly fails the tests.
EXPECTED_FAILURES: dict[str, dict[str, str]] = {
    "Perceptron": {
        "check_sample_weight_equivalence_on_dense_data": ORDER,
        "check_sample_weight_equivalence_on_sparse_data": ORDER,
    },
    "Adaline(batch_size=1)": {
        "check_sample_weight_equivalence_on_dense_data": ORDER,
        "check_sample_weight_equivalence_on_sparse_data": ORDER,
    },
}

# Checks that scikit-learn itself skips, unless its environment asks for them.
SKIPPED_BY_SCIKIT_LEARN = {"check_array_api_input": "runs only where the environment sets SCIPY_ARRAY_API"}
