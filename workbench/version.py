"""The version, in its own module, which can be imported without the package."""

__version__ = "0.1.0"
