"""Errors that the workbench raises on purpose.

Each message is one line: the file or argument, what was wrong, and the way out. Commands print
that line and exit with status 2; notebooks show it without a wall of library frames.
"""


class WorkbenchError(ValueError):
    """Base of all errors raised on purpose."""


class BrokenFileError(WorkbenchError):
    """A file that cannot be read as what it should be: music, a table, answers."""


class MissingDataError(WorkbenchError):
    """A data set, a SoundFont or another resource that is not on this machine."""


class CheckpointError(WorkbenchError):
    """A checkpoint that is damaged, incomplete, or belongs to another system."""


class MissingPackageError(WorkbenchError, ImportError):
    """A Python package that an extra of the workbench brings and that is not installed."""


class PromptError(WorkbenchError):
    """An argument that cannot be followed, such as a seed that is not a whole number."""


class MemoryFullError(WorkbenchError):
    """A training that does not fit into the memory of its device."""


class MusicFileWarning(UserWarning):
    """A MIDI or audio file was read or written, though something in it is wrong or missing."""


NO_TEXT = "its text cannot be had, str() fails: "


def text_of(error: BaseException) -> str:
    """An exception's text, whatever its own __str__ does."""
    try:
        return str(error)
    except Exception as inner:
        return NO_TEXT + type(inner).__name__
