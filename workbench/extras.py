"""Optional packages, and what to install if one is missing.

`pip install music-workbench` installs the library. Notebooks and tools need additional packages,
the extras of pyproject.toml, which are read from the metadata of the installed package.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec

from workbench.errors import MissingPackageError

PROJECT = "music-workbench"
_PACKAGES = {  # modules that are not called as the package that brings them
    "IPython": "ipykernel",
    "PIL": "pillow",
    "jupyter_client": "ipykernel",
    "ot": "pot",
    "sklearn": "scikit-learn",
    "traitlets": "ipykernel",
    "zmq": "ipykernel",
}


def package_of(module: str) -> str:
    """Name of the package that contains a module."""
    return _PACKAGES.get(module, module.replace("_", "-").lower())


def require(*modules: str) -> None:
    """Raise MissingPackageError for the first of the modules that is not installed."""
    for module in modules:
        if find_spec(module) is None:
            raise missing(ModuleNotFoundError(name=module))


@contextmanager
def named_extras() -> Iterator[None]:
    """Within this context, a failed import of an optional package raises MissingPackageError with
    the extra that contains it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise missing(error) from error


def missing(error: ModuleNotFoundError) -> MissingPackageError:
    """The error of an import as one line: the module, and what to install."""
    module = (error.name or "").split(".")[0]
    package = package_of(module)
    try:
        lines = requires(PROJECT) or []
    except PackageNotFoundError:  # the workbench is only a folder on the path, not installed
        lines = []
    for line in lines:
        extra = re.search(r"""extra == ['"](\w+)['"]""", line)
        if re.split(r"[\s;<>=!~\[]", line, maxsplit=1)[0].lower() == package:
            wanted = f"{PROJECT}[{extra[1]}]" if extra else PROJECT
            break
    else:
        wanted = package or PROJECT
    return MissingPackageError(f'{module} is not installed; run: pip install "{wanted}"')
