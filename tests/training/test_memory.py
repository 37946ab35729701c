"""Full memory names the profile that fits."""

import pytest

from workbench.errors import MemoryFullError
from workbench.training.memory import fitting, memory


def test_the_profile_that_fits_is_named():
    def full(profile, needs):
        with fitting(profile, needs):
            raise MemoryFullError("full")

    here = memory()
    needs = {"smoke": 0.01 * here, "laptop": 0.02 * here, "gpu": 1e6, "paper": 1e6}
    with pytest.raises(MemoryFullError, match=r"profile: 'gpu' needs about 1e\+06 GiB .*'laptop'"):
        full("gpu", needs)
    with pytest.raises(MemoryFullError, match="take 'laptop'"):
        full("paper", needs)
    with pytest.raises(MemoryFullError, match="take 'smoke'"):
        full("laptop", needs)
    with pytest.raises(MemoryFullError, match="take another device"):
        full("smoke", needs)
