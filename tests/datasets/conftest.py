import pytest


@pytest.fixture(scope="session")
def groove_loops(groove_root):
    """Eight-bar loops of Groove's training sessions."""
    from workbench.datasets import cut_loops, load

    return cut_loops(load("groove", split="train"))
