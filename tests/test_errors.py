"""Errors in one line: those of other libraries, without a message, and whose str() fails."""

import pytest

from workbench.errors import BrokenFileError, brief


class Silent(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("weight"), "KeyError: 'weight'"),
        (ValueError("no header\nmore"), "no header"),
        (UnicodeError("\n  bad byte \nmore"), "UnicodeError: bad byte "),
        (BrokenFileError("a.zip: is damaged"), "a.zip: is damaged"),
        (ValueError(), "ValueError"),
        (EOFError("\n"), "EOFError"),
        (OSError("x" * 1000), "OSError: " + "x" * 200),
    ],
)
def test_an_error_in_brief(error, text):
    assert brief(error) == text


def test_an_error_without_text_is_named():
    assert brief(Silent()).startswith("Silent: ")
    assert "RuntimeError" in brief(Silent())
