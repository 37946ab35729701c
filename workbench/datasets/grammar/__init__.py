"""The grammar of the built-in corpus: styles as tables, sampling of loops, and exact
probabilities."""

from workbench.datasets.grammar import groove, rock, world
from workbench.datasets.grammar.style import Feel, Style

STYLES: dict[str, Style] = {
    style.name: style for style in (*rock.STYLES, *groove.STYLES, *world.STYLES)
}

__all__ = ["STYLES", "Feel", "Style"]
