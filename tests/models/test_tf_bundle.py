"""TensorFlow's checkpoints: what a writer by the format's description writes, and broken ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tensorflow_files import bundle_of
from workbench.errors import BrokenFileError
from workbench.models.tf_bundle import read_bundle

SHAPES = st.lists(st.integers(0, 300), max_size=2)


@settings(max_examples=40, deadline=None)
@given(
    shapes=st.dictionaries(st.text("abc/_01", min_size=1, max_size=12), SHAPES, min_size=1),
    per_block=st.integers(1, 6),
)
def test_tensors_come_back(shapes, per_block):
    random = np.random.default_rng(0)
    tensors = {
        name: random.normal(size=shape).astype(np.float32)
        if len(name) % 2
        else random.integers(0, 9, shape)
        for name, shape in shapes.items()
    }
    found = read_bundle(*bundle_of(tensors, per_block))
    assert set(found) == set(tensors)
    for name, array in tensors.items():
        assert np.array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_names_can_be_left_out():
    ones = np.ones(3, np.float32)
    files = bundle_of({"a/kernel": ones, "a/kernel/Adam": ones, "step": np.array(7)})
    assert list(read_bundle(*files, skip=("Adam", "step"))) == ["a/kernel"]


def test_what_is_no_checkpoint_is_named():
    index, data = bundle_of({"a": np.ones(3, np.float32), "b": np.ones((2, 9), np.float32)})
    for wrong, reason in (
        ((b"", data), "magic"),
        ((b"an error page" * 9, data), "magic"),
        ((index, data[:-1]), "b is cut short"),
        ((index[20:], data), "not a valid TensorFlow checkpoint"),
        (bundle_of({"a": np.ones(3, np.float32)}, compression=1), "compressed"),
    ):
        with pytest.raises(BrokenFileError, match=reason):
            read_bundle(*wrong)
