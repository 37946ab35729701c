"""Waiting in a browser, also in pages whose policy forbids the evaluation of strings."""

from typing import Any


def until(page: Any, expression: str, seconds: float = 30.0) -> None:
    """Wait until a JavaScript expression is true. `wait_for_function` would have the page evaluate
    it, which the policy of pages without a server forbids."""
    for _ in range(round(20 * seconds)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not within {seconds:g} s: {expression}")
