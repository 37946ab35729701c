"""Optional packages: what to install where one is missing.

`pip install music-workbench` brings the library. What notebooks and tools need besides are the
extras of pyproject.toml, which the installed package's own metadata names.
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
    """The package that brings a module, by the module's top-level name."""
    return _PACKAGES.get(module, module.replace("_", "-").lower())


def require(*modules: str) -> None:
    """Raise MissingPackageError for the first of the modules that is not installed."""
    for module in modules:
        if find_spec(module) is None:
            raise missing(ModuleNotFoundError(name=module))


@contextmanager
def named_extras() -> Iterator[None]:
    """Imports inside that fail because a package is not installed say which extra brings it.

    Raises MissingPackageError.
    """
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
    except PackageNotFoundError:  # the folder alone, on the path
        lines = []
    for line in lines:
        extra = re.search(r"""extra == ['"](\w+)['"]""", line)
        if re.split(r"[\s;<>=!~\[]", line, maxsplit=1)[0].lower() == package:
            wanted = f"{PROJECT}[{extra[1]}]" if extra else PROJECT
            break
    else:
        wanted = package or PROJECT
    return MissingPackageError(f'{module} is not installed; run: pip install "{wanted}"')
