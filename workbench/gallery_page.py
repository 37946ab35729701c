"""The gallery as a page: every clip with its player, its picture, what was asked and the call."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import cast

from workbench.gallery_clips import Exhibit, Piece, measured
from workbench.music.clip import Clip
from workbench.music.display import player_html
from workbench.standalone import document, finder, text_of, words_of

_STYLE = """
.group { border-top: 2px solid var(--edge); margin-top: 2rem; padding-top: .8rem; }
.group[hidden] { display: none; }
.pieces { display: grid; gap: 1.6rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 33rem), 1fr)); }
article { min-width: 0; } article h3 { margin: 0 0 .2rem; }
article p { margin: .3rem 0; }
.maker { font-size: .85em; font-weight: 600; border: 1px solid var(--edge); border-radius: 1em;
  padding: .05em .7em; }
article p > code { font-size: .85em; }
.maker.people { border-style: double; border-width: 3px; }
.numbers { color: var(--quiet); font-size: .9em; }
article img { width: 100%; height: auto; border: 1px solid var(--edge); background: #fff; }
"""


def page_of(exhibits: Sequence[Exhibit], seed: int, version: str) -> str:
    """index.html of the gallery."""
    kinds = [("machine", "by a machine"), ("people", "by people or the grammar")]
    body = (
        "<a class='skip' href='#clips'>Skip to the clips</a>"
        "<header><h1>Music workbench: gallery</h1>"
        "<p>Sound of every system that the workbench ships, and of people beside it. Nothing is "
        f"picked: every clip is the first that seed {seed} gives, good or not. Under each stands "
        f"the call that makes it with workbench {html.escape(version)}, and what can be measured: "
        "level and peak in decibels of full scale, onsets a second, and the share of silence."
        f"</p></header><main id='clips'>{finder('clips', kinds)}"
        + "".join(_section(exhibit) for exhibit in exhibits)
        + "</main><footer><p>Drawn clips: MIT, as the weights. What people played or wrote is "
        "theirs, under the licence beside it. What the systems reach is measured in their model "
        "cards, workbench/checkpoints/*/README.md.</p></footer>"
    )
    return document(
        "Music workbench: gallery", body, styles=_STYLE, scripts=text_of("standalone.js")
    )


def _section(exhibit: Exhibit) -> str:
    pieces = "".join(_article(exhibit, n, piece) for n, piece in enumerate(exhibit.pieces))
    setup = html.escape("\n".join(exhibit.setup))
    missing = f"<p>{html.escape(exhibit.missing)}</p>" if exhibit.missing else ""
    return (
        f"<section class='group' aria-labelledby='{exhibit.key}'>"
        f"<h2 id='{exhibit.key}'>{html.escape(exhibit.title)}</h2>"
        f"<p>{html.escape(exhibit.text)}</p><pre tabindex='0'><code>{setup}</code></pre>{missing}"
        f"<div class='pieces'>{pieces}</div></section>"
    )


def _article(exhibit: Exhibit, number: int, piece: Piece) -> str:
    key, title = f"{exhibit.key}-{number}", html.escape(piece.title)
    kind, maker = ("people", piece.credit) if piece.credit else ("machine", "drawn by the machine")
    words = words_of(exhibit.title, piece.title, piece.note, maker, piece.call)
    call = f"<p><code>{html.escape(piece.call)}</code></p>" if piece.call else ""
    return (
        f"<article class='entry' aria-labelledby='{key}' data-key='{key}' data-kind='{kind}' "
        f'data-words="{words}"><h3 id="{key}">{title}</h3>'
        f"<p><span class='maker {kind}'>{html.escape(maker)}</span></p>"
        f"<p>{html.escape(piece.note)}</p>"
        f"{player_html(piece.clip, title=piece.title, loop=False)}{_spectrogram(piece.clip)}"
        f"{call}<p class='numbers'>{html.escape(_numbers(piece.clip))}</p></article>"
    )


def _numbers(clip: Clip) -> str:
    found = measured(clip)
    line = (
        f"{found['seconds']:.1f} s · level {found['level']:.0f} dB · peak {found['peak']:.0f} dB · "
        f"{found['onsets']:.1f} onsets a second · {found['silent']:.0%} silent"
    )
    return line.replace(" -", " −")


def _spectrogram(clip: Clip) -> str:
    """Of sound, a picture of its frequencies; scores show their notes already."""
    if clip.audio is None or clip.sample_rate is None:
        return ""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    # matplotlib: pages without sound do without it
    from workbench.plots import axes, spectrogram

    ax = spectrogram(axes(width=6.4, height=2), clip.audio.mean(axis=0), clip.sample_rate)
    figure, file = cast(Figure, ax.figure), io.BytesIO()
    figure.savefig(file, format="webp", dpi=100, pil_kwargs={"quality": 70})
    plt.close(figure)
    data = base64.b64encode(file.getvalue()).decode()
    label = f"Spectrogram, {clip.duration:.1f} seconds, up to {clip.sample_rate / 2000:g} kHz"
    return f'<img src="data:image/webp;base64,{data}" alt="{label}">'
