"""The table of the demonstration: real, small, and shipped with scikit-learn."""

from pathlib import Path

from feedforward.errors import FileError


def write_breast_cancer(folder: str | Path) -> Path:
    """Write scikit-learn's breast cancer table as a CSV file into `folder`, which is made if need be.

    It has 569 rows, 30 measurements of cell nuclei and the column ``diagnosis``, "malignant" or "benign".

    Returns
    -------
    Path
        Of the file, ``breast-cancer.csv``.

    Raises
    ------
    FileError
        If it cannot be written there.

    References
    ----------
    Wolberg, Mangasarian, Street & Street (1993), Breast Cancer Wisconsin (Diagnostic), UCI Machine Learning Repository.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(write_breast_cancer(folder).read_text()[:28])
    "mean radius","mean texture"
    """
    import pyarrow as pa
    from pyarrow import csv
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    columns = dict(zip(map(str, data.feature_names), data.data.T, strict=True))
    path = Path(folder) / "breast-cancer.csv"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        csv.write_csv(pa.table({**columns, "diagnosis": data.target_names[data.target]}), path)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror}. Name another folder with --out.") from error
    return path
