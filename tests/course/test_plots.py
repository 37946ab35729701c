"""Figures show what they are given, with units, on the axes they are given."""

import base64
import io

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pytest

from workbench.course import plots
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.midi import NOTE
from workbench.representations.drum_roll import DrumRoll


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def some_roll() -> DrumRoll:
    array = np.zeros((32, 27), np.float32)
    array[[0, 4, 8], 0] = 1
    array[[0, 4, 8], 9] = [0.2, 0.5, 1.0]
    array[4, 18] = 0.25
    return DrumRoll.from_array(array)


@pytest.mark.parametrize("meter", [(4, 4), (3, 4), (7, 8)])
def test_a_roll_has_the_bar_lines_of_its_metre(meter):
    bar = 4 * meter[0] / meter[1]
    clip = Clip.from_notes([(0, 0.1, 36, 90)], meter=meter, beats=2 * bar)
    ax = plots.roll(plots.axes(), DrumRoll.from_clip(clip))
    thick = [line.get_xdata()[0] for line in ax.lines if line.get_linewidth() > 1]
    assert thick == [0, bar, 2 * bar]
    assert len(ax.lines) == 2 * meter[0] + 1


def test_a_roll_is_drawn_where_it_sounds():
    ax = plots.axes()
    assert plots.roll(ax, some_roll(), "title") is ax
    dots = ax.collections[0]
    assert dots.get_offsets().tolist() == [[0, 0], [1.0625, 0], [2, 0]]
    sizes = dots.get_sizes()
    assert sizes[0] < sizes[1] < sizes[2]
    assert ax.get_xlabel() == "time (beats)"


def test_notes_are_drawn_from_onset_to_end():
    clip = Clip.from_notes(
        np.array([(0.5, 1.5, 60, 90, 0, False), (1, 0.25, 38, 90, 0, True)], dtype=NOTE), beats=4
    )
    ax = plots.notes(plots.axes(), clip, names={0: "piano"})
    [bar] = ax.patches
    assert (bar.get_x(), bar.get_width()) == (0.5, 1.5)
    assert bar.get_y() + bar.get_height() / 2 == pytest.approx(60)
    assert ax.collections[0].get_offsets().tolist() == [[1, 38]]
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"piano", "drums"}


def test_a_ranking_keeps_its_order_from_the_top():
    ax = plots.ranking(plots.axes(), {"first": 3, "second": 1}, xlabel="times")
    assert [bar.get_width() for bar in ax.patches] == [3, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    low, high = ax.get_ylim()
    assert low > high


def test_estimates_have_intervals_truths_and_a_line():
    ax = plots.estimates(
        plots.axes(),
        {"a": (1.0, (0.5, 1.5)), "b": (2.0, (1.0, 3.0))},
        xlabel="points",
        truth={"b": 2.5},
        line=0,
    )
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    data = [line.get_xydata().tolist() for line in ax.lines]
    assert [[0.5, 0], [1.5, 0]] in data
    assert [[2.5, 1]] in data
    assert ax.yaxis_inverted()
    assert ax.get_xlabel() == "points"


def test_a_strip_shows_first_and_last_frame():
    frames = [(1 - i / 9, some_roll()) for i in range(10)]
    titles = [ax.get_title() for ax in plots.strip(frames, most=4).axes]
    assert len(titles) == 4
    assert titles[0].startswith("frame 1 of 10, noise 100%")
    assert titles[-1].startswith("frame 10 of 10, noise 0%")


def test_a_diverging_map_is_centred():
    ax = plots.matrix(plots.axes(), np.array([[-1.0, 3.0]]), unit="cosine", diverging=True)
    assert ax.images[0].get_clim() == (-3, 3)


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        (np.array([[-128, 2]], np.int8), 128),
        (np.array([[1, 255]], np.uint8), 255),
        (np.array([[-3, np.nan]], np.float16), 3),
        (np.ma.masked_greater(np.array([[1, 9]]), 5), 1),
        (np.array([[0, 0]]), 1),
        ([[True, False]], 1),
        ([[-(2**62), 5]], 2**62),
    ],
)
def test_limits_of_a_map_in_any_type(values, limit):
    image = plots.matrix(plots.axes(), values, diverging=True).images[0]
    assert image.get_clim() == (-limit, limit)


@pytest.mark.parametrize("kind", [int, np.int8, np.uint16, np.float16, np.float64, np.array])
def test_numbers_of_any_type_are_drawn(kind):
    """As settings, as values, and as names."""
    made = plots.axes(kind(2), kind(1), width=kind(8), height=kind(3))
    assert made.shape == (2,)
    clip = Clip.from_notes(np.array([(0, 1, 60, 90, 0, False)], dtype=NOTE), beats=4)
    ruled = plots.notes(made[0], clip, grid=kind(2)).lines
    assert [line.get_xdata()[0] for line in ruled] == [i / 2 for i in range(9)]
    numbers = dict.fromkeys(("a", "b"), kind(100))
    for draw, word in ((plots.ranking, "xlabel"), (plots.bars, "ylabel")):
        boxes = draw(plots.axes(), numbers, **{word: "x"}).patches
        assert [max(box.get_width(), box.get_height()) for box in boxes] == [100, 100]
    row = plots.estimates(
        plots.axes(),
        {"a": (kind(2), (kind(1), kind(3)))},
        xlabel="x",
        truth={"a": kind(2)},
        line=kind(0),
    )
    assert row.lines[0].get_xdata().tolist() == [1, 3]
    ax = plots.intervals(plots.axes(), *[[kind(1), kind(2)]] * 4, curve=kind(2))
    assert ax.lines[0].get_color() == plots.COLOURS[2]
    counts = plots.histogram(
        plots.axes(), {"": np.array([kind(1), kind(9)])}, bins=kind(4), xlabel="x"
    )
    assert len(counts.patches[0].get_xy()) == 2 * 4 + 2
    frames = [(kind(1), some_roll()), (kind(0), some_roll())]
    assert len(plots.strip(frames, most=kind(1)).axes) == 1
    live = plots.LivePlot(every=kind(9))
    live({"step": kind(1), "loss": kind(2)})
    assert len(live.figure().axes) == 1


def test_settings_of_a_figure_that_cannot_be_are_named():
    clip = Clip.from_notes(np.array([(0, 1, 60, 90, 0, False)], dtype=NOTE), beats=4)
    for name, draw in {
        "rows": lambda: plots.axes(0),
        "grid": lambda: plots.notes(plots.axes(), clip, grid=0.5),
        "most": lambda: plots.strip([(1.0, some_roll())], most=0),
        "bins": lambda: plots.histogram(plots.axes(), {"": np.ones(3)}, bins=2.5, xlabel=""),
        "curve": lambda: plots.intervals(plots.axes(), [1], [1], [1], [1], curve=-1),
        "rate": lambda: plots.spectrogram(plots.axes(), np.zeros(4000), 0),
        "every": lambda: plots.LivePlot(every=0),
    }.items():
        with pytest.raises(PromptError, match=f"{name}="):
            draw()


@pytest.mark.parametrize("names", [[7, 30, 7], np.array([7, 30, 7]), np.array([7, 30, 7], "f2")])
def test_numbers_can_be_names(names):
    known = [str(name) for name in dict.fromkeys(names)]
    places = np.array([[0, 0], [100, 0], [0, 100]], np.int8)
    labels = [group.get_label() for group in plots.points(plots.axes(), places, names).collections]
    assert labels == known
    figure = plots.cloud(places, names, names)
    assert [trace.name for trace in figure.data] == known
    assert [list(trace.x) for trace in figure.data] == [[0, 0], [100]]
    assert list(figure.data[1].text) == known[1:]
    bars = plots.bars(plots.axes(), dict(zip(names, [1, 2, 1], strict=True)), ylabel="x")
    assert [text.get_text() for text in bars.get_xticklabels()] == known
    assert [box.get_x() + box.get_width() / 2 for box in bars.patches] == [0, 1]
    words = plots.matrix(plots.axes(), np.eye(3), rows=names, columns=names)
    assert [text.get_text() for text in words.get_yticklabels()] == list(map(str, names))


def test_small_floats_are_binned_as_the_numbers_that_they_are():
    values = np.linspace(1000, 1030, 31).astype(np.float16)
    ax = plots.histogram(plots.axes(), {"": values}, bins=60, xlabel="x")
    assert np.diff(np.unique(ax.patches[0].get_xy()[:, 0])) == pytest.approx(np.full(60, 0.5))


def test_bars_say_their_values_and_floor():
    ax = plots.bars(plots.axes(), {"a": 0.5, "b": 0.25}, ylabel="share", floor=0.1)
    said = [text.get_text().strip() for text in ax.texts]
    assert said == ["0.50", "0.25", "floor"]


def test_lines_and_histograms_have_units_and_names():
    ax = plots.lines(plots.axes(), [1, 2], {"a": [1, 2], "b": [2, 1]}, xlabel="x", ylabel="y")
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]
    groups = {"a": np.arange(9.0), "b": np.ones(4)}
    ax = plots.histogram(plots.axes(), groups, bins=3, xlabel="tempo (BPM)")
    assert ax.get_xlabel() == "tempo (BPM)"


def test_points_of_a_name_share_colour_and_marker():
    places = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    ax = plots.points(plots.axes(), places, ["a", "b", "a"], "map")
    assert [part.get_label() for part in ax.collections] == ["a", "b"]
    assert ax.collections[0].get_offsets().tolist() == [[0, 1], [4, 5]]
    shapes = [part.get_paths()[0].vertices.tolist() for part in ax.collections]
    assert shapes[0] != shapes[1]
    assert len(ax.get_xticks()) == 0


def test_a_spectrogram_has_a_scale_in_decibels():
    ax = plots.axes()
    plots.spectrogram(ax, np.ones(4000), 8000)
    [bar] = [other for other in ax.figure.axes if other is not ax]
    assert bar.get_ylabel() == "dB"
    assert bar.get_ylim() == (-80, 0)


def test_the_live_plot_begins_a_panel_with_each_stage():
    live = plots.LivePlot(every=100)
    for step in (10, 20):
        live({"stage": "contrastive", "step": step, "loss": 1.0, "val_loss": 2.0})
    live({"stage": "autoencoder", "step": 30, "loss": 3.0})  # the one before had a short budget
    assert [ax.get_title() for ax in live.figure().axes] == ["contrastive", "autoencoder"]
    live({"step": 10, "loss": 3.0})
    live({"step": 10, "loss": 3.0})
    assert [len(stage) for stage in live.stages] == [2, 1, 1, 1]


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (
            lambda ax: plots.roll(ax, some_roll(), "a beat"),
            ["a beat", "3 points (bass drum: 3)", "time (beats)"],
        ),
        (
            lambda ax: plots.bars(ax, {"mean": 0.25, "rule": 0.5}, ylabel="F1", title="two"),
            ["two", "2 bars (mean: 0.25, rule: 0.5)", "F1"],
        ),
        (lambda ax: plots.ranking(ax, {"one": 3, "two": 2}, xlabel="score"), ["one: 3, two: 2"]),
        (
            lambda ax: plots.lines(
                ax, [1, 2, 3], {"a": [1, 2, 3], "b": [3, 1, 2]}, xlabel="step", ylabel="loss"
            ),
            ["loss over step: 2 curves", "a from 1 to 3", "b from 3 to 2 with at least 1"],
        ),
        (
            lambda ax: plots.matrix(ax, np.eye(3), "who", unit="cosine"),
            ["who", "3 rows and 3 columns", "cosine from 0 to 1"],
        ),
        (
            lambda ax: plots.matrix(
                ax,
                np.arange(6).reshape(2, 3),
                rows=["a", "b"],
                unit="share",
                columns=["x", "y", "z"],
            ),
            ["share from 0 to 5", "largest at b, z", "rows: a, b", "columns: x, y, z"],
        ),
        (
            lambda ax: plots.intervals(ax, ["u", "v"], [1, 2], [0, 1], [2, 3], label="x"),
            ["x u: 1, v: 2"],
        ),
        (
            lambda ax: plots.points(ax, np.eye(3, 2), ["a", "b", "a"], "map"),
            ["3 points (a: 2, b: 1)"],
        ),
        (
            lambda ax: plots.estimates(
                ax, {"a": (1, (0, 2)), "b": (2, (1, 3))}, xlabel="points", truth={"b": 2.5}
            ),
            ["points: 3 marks", "estimated a: 1, b: 2", "true b: 2.5"],
        ),
        (lambda ax: plots.bars(ax, {4: 0.25, 16: 0.5}, ylabel="F1"), ["2 bars (4: 0.25, 16: 0.5)"]),
        (
            lambda ax: plots.spectrogram(ax, np.zeros(4000), 8000, "silence"),
            ["silence", "dB from -80 to -80", "kHz over seconds"],
        ),
        (
            lambda ax: [ax.vlines([1, 2, 3], 0, 1, label="known"), ax.vlines([2], 0, 1)],
            ["4 lines (known: 3)"],
        ),
        (lambda ax: ax.plot([np.nan] * 3), ["1 curve"]),
        (lambda ax: ax.imshow(np.full((2, 4), np.nan)), ["2 rows and 4 columns"]),
        (lambda ax: ax.scatter([], []), ["no data"]),
        (
            lambda ax: plots.intervals(ax, [1, 2], [1, 2], [0, 1], [2, 3], label="x"),
            ["1 row of means with intervals", "x from 1 to 2"],
        ),
        (
            lambda ax: plots.histogram(
                ax, {"a": np.arange(9), "b": np.ones(9)}, bins=3, xlabel="hits"
            ),
            ["2 distributions", "hits", "b highest at 0.833 to 1.17"],
        ),
        (
            lambda ax: plots.histogram(ax, {"": np.ones(9)}, bins=3, xlabel="hits"),
            ["1 distribution (highest at"],
        ),
    ],
)
def test_a_figure_is_described_by_what_it_shows(draw, words):
    ax = plots.axes()
    draw(ax)
    told = plots.describe(ax.figure)
    for word in words:
        assert word in told
    ax.figure.set_label("What the lesson says.")
    assert plots.describe(ax.figure) == "What the lesson says."


FIGURES = (
    "from workbench import plots\n"
    "plots.lines(plots.axes(), [1, 2], {'a \"<b>\"': [1, 2]}, xlabel='step', ylabel='loss')",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('bare')\nplt.show()",
    "live = plots.LivePlot()\nfor i in (1, 2):\n    live({'stage': 'VAE', 'step': i, 'loss': 1.0})",
    "plots.cloud(__import__('numpy').eye(2), ['a', 'b'], ['one', 'two'], 'the <map>')",
    "from workbench.course.lesson import start\nstart('01', profile='smoke', dataset='builtin')\n"
    "plots.cloud(__import__('numpy').eye(2), ['a', 'b'], ['one', 'two'], 'a <map>')"
    ".update_layout(meta={'alt': 'Two <places>.'})",
)


def test_every_figure_of_a_notebook_has_an_alternative_text(tmp_path):
    import nbformat
    from bs4 import BeautifulSoup
    from PIL import Image

    from workbench.tools.pages import export
    from workbench.tools.report.excerpts import pictures
    from workbench.tools.report.runner import run_notebook

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in FIGURES])
    nbformat.write(notebook, tmp_path / "source.ipynb")
    run_notebook(tmp_path / "source.ipynb", tmp_path / "figures.ipynb", {}, timeout=120, threads=1)
    notebook = nbformat.read(tmp_path / "figures.ipynb", as_version=4)
    export(tmp_path / "figures.ipynb", tmp_path / "figures.html")
    page = BeautifulSoup((tmp_path / "figures.html").read_text("utf-8"), "html.parser")
    images = page.find_all("img")
    assert [image.get("alt") for image in images] == [
        'loss over step: 1 curve (a "<b>" from 1 to 2).',
        "bare: 1 curve (from 1 to 3).",
        "VAE: 1 curve (training from 1 to 1), loss over step.",
    ]
    assert all(image.get("src").startswith("data:image/webp;base64,UklGR") for image in images)
    for image in images:  # on a dark page they are dark
        assert image["class"] == ["wb-figure"]
        assert "prefers-color-scheme:dark){.wb-figure{filter" in image.find_previous("style").text
    for cell in notebook.cells[:3]:  # the PNG's pixels, smaller
        data = cell.outputs[-1]["data"]
        own = BeautifulSoup(data["text/html"], "html.parser").img["src"].split(",")[1]
        assert len(own) < 0.6 * len(data["image/png"])
        shown, stored = (
            np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA"))
            for text in (own, data["image/png"])
        )
        assert np.array_equal(shown, stored)
    maps = page.select("div.plotly-figure")
    labels = ["the <map>. a, 1 points; b, 1 points.", "Two <places>."]
    assert [map_.get("aria-label") for map_ in maps] == labels
    # JupyterLab's drawing has no name: the words follow it there, and are not said twice here
    words = notebook.cells[-1].outputs[-1]["data"]
    assert BeautifulSoup(words["text/html"], "html.parser").p.text == "Two <places>."
    assert "plot-in-words" not in str(page)
    assert 'alt="bare: 1 curve (from 1 to 3)."' in pictures(tmp_path / "figures.ipynb")[1].page


def test_intervals_on_bars_do_not_hide_the_bars_from_the_description():
    ax = plots.bars(plots.axes(), {"one": 0.25, "two": 0.75}, ylabel="recall")
    ax.errorbar([0, 1], [0.25, 0.75], 0.1, fmt="none")
    assert plots.describe(ax.figure) == "recall: 2 bars (one: 0.25, two: 0.75)."


TABLES = {
    "metre": {"ours": {"4/4": 0.9, "3/4": 0.1}, "theirs": {"6/8": 1.0}},
    "mean": {"theirs": {"1": 3.0, "2": 2.0}},
}


def test_groups_of_bars_share_their_names():
    ax = plots.groups(plots.axes(), TABLES["metre"], xlabel="metre", title="Songs")
    names = [text.get_text() for text in ax.get_xticklabels()]
    assert sorted(names) == ["3/4", "4/4", "6/8"]
    ours, theirs = ax.containers
    assert dict(zip(names, ours.datavalues, strict=True)) == {"4/4": 0.9, "3/4": 0.1, "6/8": 0}
    assert theirs.datavalues[names.index("4/4")] == 0
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["ours", "theirs"]
    assert ours.patches[0].get_hatch() != theirs.patches[0].get_hatch(), "not by colour alone"
    assert ours.patches[0].get_x() < theirs.patches[0].get_x()
    assert plots.describe(ax.figure) == (
        "Songs. metre (share): ours 4/4 0.9, 3/4 0.1; theirs 6/8 1."
    )


def test_ranges_of_several_collections_stay_in_order():
    both = {"b": {"20 to 30": 1.0, "30 to 40": 1.0}, "a": {"10 to 20": 1.0, "20 to 30": 1.0}}
    ax = plots.groups(plots.axes(), both, xlabel="x")
    names = [text.get_text() for text in ax.get_xticklabels()]
    assert names == ["10 to 20", "20 to 30", "30 to 40"]
