"""Errors that the workbench raises on purpose.

Each message is one line: the file or argument, the problem, and the remedy. Commands print this
line and exit with status 2.
"""


class WorkbenchError(ValueError):
    """Base of all errors raised on purpose."""


class BrokenFileError(WorkbenchError):
    """A file that does not have the expected content: music, a table, answers."""


class MissingDataError(WorkbenchError):
    """A data set, a SoundFont or another resource that is not on this machine."""


class CheckpointError(WorkbenchError):
    """A checkpoint that is damaged, incomplete, or belongs to another system."""


class MissingPackageError(WorkbenchError, ImportError):
    """A Python package that is not installed; an extra of the workbench contains it."""


class PromptError(WorkbenchError):
    """An invalid argument, such as a seed that is not a whole number."""


class MemoryFullError(WorkbenchError):
    """A training that does not fit into the memory of its device."""


class MusicFileWarning(UserWarning):
    """A MIDI or audio file was read or written, though something in it is wrong or missing."""


NO_TEXT = "its text cannot be had, str() fails: "


def text_of(error: BaseException) -> str:
    """An exception's message, even if its __str__ fails."""
    try:
        return str(error)
    except Exception as inner:
        return NO_TEXT + type(inner).__name__


def brief(error: BaseException) -> str:
    """Return the first line of an error's message, at most 200 characters, after the name of its
    type. A ValueError's and the workbench's own stand without a name."""
    kind, lines = type(error), text_of(error).strip().splitlines()
    if not lines:
        return kind.__name__
    named = kind is not ValueError and not isinstance(error, WorkbenchError)
    return f"{kind.__name__}: " * named + lines[0][:200]
