"""The file format: what is written comes back to the last bit, and what was changed does not come back at all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedforward import InputError, ModelFileError
from feedforward.files import read_file, to_bytes, write_file

RNG = np.random.default_rng(0)
ARRAYS: dict[str, Any] = {
    "f64": RNG.normal(size=(3, 4)),
    "f32": RNG.normal(size=(5,)).astype(np.float32),
    "i64": np.array([-(2**63), 2**63 - 1]),
    "u64": np.array([2**64 - 1], np.uint64),
    "i32": np.arange(3, dtype=np.int32),
    "u8": np.arange(7, dtype=np.uint8),
    "yes": np.array([True, False, True]),
    "one": np.array(3.5),
    "none": np.zeros((0, 4)),
    "odd": np.array([np.nan, np.inf, -np.inf, -0.0]),
    "turned": np.asfortranarray(RNG.normal(size=(4, 3))),
    "strided": RNG.normal(size=(6, 6))[::2, ::3],
}
FACTS = {"kind": "test", "text": 'é\u2028"\\ \U0001f600', "n": 2**63, "x": 0.1, "no": None, "list": [1, {"a": True}]}


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return set(one) == set(other) and all(
        one[name].dtype == other[name].dtype
        and one[name].shape == other[name].shape
        and one[name].tobytes() == other[name].tobytes()
        for name in one
    )


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_file(path, FACTS, ARRAYS)
    facts, arrays = read_file(path, ["other", "test"])
    assert {name: facts[name] for name in FACTS} == FACTS
    assert alike(arrays, ARRAYS)
    for array in arrays.values():
        assert array.flags.writeable
        assert array.ctypes.data % 64 == 0 or not array.size
    assert path.read_bytes() == to_bytes(FACTS, dict(reversed(list(ARRAYS.items()))))
    write_file(path, facts, arrays)
    assert path.read_bytes() == to_bytes(FACTS, ARRAYS)


def test_a_digest_that_looks_like_another(tmp_path: Path) -> None:
    facts = {"kind": "test", "sha256_of": "0" * 64, "a": '"sha256":"' + "0" * 64, "z": {"sha256": "0" * 64}}
    write_file(tmp_path / "a", facts, {})
    assert read_file(tmp_path / "a")[0]["z"] == {"sha256": "0" * 64}


@pytest.mark.parametrize("dtype", ["float16", "complex128", "U3", "O", "datetime64[s]", "int16"])
def test_dtypes_without_a_place_are_refused(dtype: str) -> None:
    with pytest.raises(InputError, match="weight is of dtype"):
        to_bytes({"kind": "test"}, {"weight": np.zeros(2, dtype)})


def test_the_wrong_kind_is_said(tmp_path: Path) -> None:
    write_file(tmp_path / "a", FACTS, {})
    with pytest.raises(ModelFileError, match=r"a cannot be read: it is of the kind 'test', and here 'model' is needed"):
        read_file(tmp_path / "a", ["model"])
