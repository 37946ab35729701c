"""What is timed runs as often as asked, and the first run counts only where it should.

By a clock that goes on as the runs say, so that a busy machine changes nothing.
"""

import time

import pytest

from workbench.evaluation.timing import in_turn, timed


class Work:
    """Runs that take the given seconds, one after the other, and what they did in order."""

    def __init__(self) -> None:
        self.now, self.order = 0.0, []

    def takes(self, name, *seconds):
        left = iter(seconds)

        def run():
            self.order.append(name)
            self.now += next(left)

        return run

    def clock(self):
        return self.now


@pytest.fixture
def work():
    return Work()


def test_a_median_of_runs(work):
    assert timed(work.takes("a", 1, 7, 2), 3, clock=work.clock) == 2
    assert timed(work.takes("b", 4), clock=work.clock) == 4
    assert work.order == ["a", "a", "a", "b"]


def test_what_is_warmed_up_is_not_counted(work):
    assert timed(work.takes("a", 9, 1, 3, 2), 3, warm=True, clock=work.clock) == 2


def test_two_take_turns_after_a_run_of_each(work):
    one, two = work.takes("a", 50, 1, 2, 6), work.takes("b", 60, 3, 4, 5)
    assert in_turn(one, two, 3, work.clock) == (2, 4)
    assert work.order == ["a", "b"] * 4


def test_seconds_are_seconds():
    assert timed(lambda: time.sleep(0.02)) >= 0.02
