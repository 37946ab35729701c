"""LDMG: its configuration, the system, its training."""

from workbench.systems.ldmg.system import LDMG, LDMGConfig

__all__ = ["LDMG", "LDMGConfig"]
