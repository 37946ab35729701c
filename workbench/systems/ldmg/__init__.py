"""LDMG: its configuration, the system and its training."""

from workbench.systems.ldmg.config import LDMGConfig
from workbench.systems.ldmg.system import LDMG

__all__ = ["LDMG", "LDMGConfig"]
