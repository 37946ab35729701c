"""The built-in grammar's probabilities: they sum to one, match sampling, and give the entropy."""

import itertools

import numpy as np
import pytest

from workbench.datasets.builtin import entropy, load_builtin, log_prob, sample, style_posterior
from workbench.datasets.grammar import STYLES, Feel, Style
from workbench.datasets.grammar import entropy as exact
from workbench.datasets.grammar import model as grammar
from workbench.datasets.grammar.cells import (
    CELLS,
    GHOST,
    LANE,
    LANES,
    NORMAL,
    OPEN,
    PITCH,
    REACH,
    STATES,
    VELOCITY,
    entropy_of,
    timing_pmf,
    velocity_pmf,
)
from workbench.datasets.grammar.entropy import beat_entropy
from workbench.datasets.grammar.fills import MOVES, VOICES, expected_fill, log_prob_fill
from workbench.errors import PromptError
from workbench.music.clip import NOTE, Clip

EVERY_STYLE = pytest.mark.parametrize("style", list(STYLES.values()), ids=lambda s: s.name)


def tiny(**options):
    """A style with one certain and one uncertain bass drum cell."""
    feel = Feel("", {"BD": "h............... ", "HH": "....X.......X..."})
    return Style("tiny", (100, 100), (feel,), **{"repeat": 0.7, "spread": 5.0, **options})


# ------------------------------------------------------------ sums to one


def test_every_table_is_a_distribution():
    assert all(abs(sum(letter) - 1) < 1e-12 for letter in CELLS.values())
    np.testing.assert_allclose(MOVES.sum(1), 1)
    for lane in LANES:
        for state in range(1, STATES):
            pmf = velocity_pmf(lane, state)
            low, high, _, _ = VELOCITY[state]
            assert pmf.sum() == pytest.approx(1)
            assert pmf[low] > 0 < pmf[high]
            assert pmf[:low].sum() == pmf[high + 1 :].sum() == 0
    assert timing_pmf(3.0, 7.0).sum() == pytest.approx(1)
    assert sum(grammar.FORMS.values()) == pytest.approx(1)
    assert sum(grammar.ENDINGS.values()) == pytest.approx(1)


def test_cells_of_three_bars_sum_to_one():
    """All 5³ histories of a cell that repeats the bar before."""
    style = tiny()
    total = 0.0
    for history in itertools.product(range(STATES), repeat=3):
        states = np.zeros((3, 16, len(LANES)), dtype=int)
        states[:, 4, LANE["HH"]] = states[:, 12, LANE["HH"]] = NORMAL
        states[:, 0, LANE["BD"]] = history
        log_p = grammar._log_cells(style, style.feels[0], states)[:, 0].sum()
        total += np.exp(log_p)
    assert total == pytest.approx(1)


def test_two_beats_of_a_fill_sum_to_one():
    """Every possible last two triplet cells of a fill: voices × levels × bass drum."""
    style = STYLES["funk"]
    cell = [None, *itertools.product(VOICES, (1, 2, 3))]
    total = 0.0
    for first, second in itertools.product(cell, repeat=2):
        for kicks in itertools.product((0, 2, 3), repeat=2):
            bar = np.zeros((12, len(LANES)), dtype=int)
            for place, hit, kick in zip((10, 11), (first, second), kicks, strict=True):
                bar[place, LANE["BD"]] = kick
                if hit:
                    bar[place, LANE[hit[0]]] = hit[1]
            total += np.exp(log_prob_fill(style, bar, 10))
    assert total == pytest.approx(1)


def clip_of(rows, style="tiny"):
    notes = np.array([(t, 0.1, p, v, 0, True) for t, p, v in rows], dtype=NOTE)
    return np.sort(notes, order=["time", "pitch"])


def test_all_one_bar_beats_of_a_tiny_style_sum_to_one():
    """With crash or without, with the bass drum at any velocity, or without it."""
    style = tiny()
    hat = [(1.0, PITCH["HH"], 70), (3.0, PITCH["HH"], 70)]
    known = np.log(timing_pmf(0.0, 5.0)[REACH])  # each hit is on the grid
    crash = (0.0, PITCH["CR"], 100)
    total = 0.0
    for crashes, velocity in itertools.product((0, 1), range(128)):
        kick = [(0.0, PITCH["BD"], velocity)] if velocity else []
        notes = clip_of([*hat, *kick, *([crash] * crashes)])
        log_p = grammar.log_prob_notes(style, 100, 4, notes)
        log_p -= known * len(notes)
        if crashes:
            log_p -= np.log(velocity_pmf("CR", 3)[100])
        total += np.exp(log_p)
    hats = (0.3 * velocity_pmf("HH", NORMAL)[70]) ** 2
    assert total == pytest.approx(grammar.FORMS["beat", 1] * hats)


def test_timings_sum_to_one():
    style = tiny()
    total = 0.0
    for ticks in range(-REACH, REACH + 1):
        notes = clip_of([(1 + ticks / 480, PITCH["HH"], 70), (3.0, PITCH["HH"], 70)])
        total += np.exp(grammar.log_prob_notes(style, 100, 4, notes))
    on_grid = clip_of([(1.0, PITCH["HH"], 70), (3.0, PITCH["HH"], 70)])
    p = np.exp(grammar.log_prob_notes(style, 100, 4, on_grid))
    assert total == pytest.approx(p / timing_pmf(0.0, 5.0)[REACH])


# ------------------------------------------------------------ sampling and entropy


def test_monte_carlo_entropy_is_the_analytic_one():
    """Within 4 standard errors over all styles, and over the styles together as a chi-square."""
    surprise = {}
    for clip in sample(1500, seed=11):
        surprise.setdefault(clip.labels["style"], []).append(-log_prob(clip))
    everything = np.concatenate(list(surprise.values()))
    assert np.isfinite(everything).all()
    error = everything.std() / np.sqrt(len(everything))
    assert abs(everything.mean() - entropy()) < 4 * error
    z = [
        (np.mean(values) - entropy(style) - np.log(len(STYLES)))
        / (np.std(values) / np.sqrt(len(values)))
        for style, values in surprise.items()
    ]
    assert np.mean(np.square(z)) < 2.2  # a chi-square of 19, well below its 0.1 % point
    assert np.max(np.abs(z)) < 4.5


@EVERY_STYLE
def test_entropy_of_a_beat_within_a_form(style):
    """Given the form the spread is small, so that an error of one per cent would show."""
    rng = np.random.default_rng(5)
    feel = style.feels[-1]
    values = []
    for _ in range(150):
        ending = str(grammar._pick(rng, grammar.ENDINGS))
        states = grammar._sample_beat(style, feel, 4, ending, rng)
        velocity, offset = grammar._play(style, states, rng)
        values.append(
            -grammar._log_beat(style, feel, states)
            - grammar._log_played(style, states, velocity, offset)
        )
    exact = beat_entropy(style, feel, 4)
    assert np.mean(values) == pytest.approx(exact, abs=4 * np.std(values) / np.sqrt(150))


def test_entropy_of_a_fill_by_sampling():
    from workbench.datasets.grammar.fills import sample_fill

    style, rng = STYLES["rock"], np.random.default_rng(2)
    bars = [sample_fill(style, 16, 8, rng) for _ in range(1500)]
    surprise = [-log_prob_fill(style, bar, 8) for bar in bars]
    exact, counts = expected_fill(style, 16, 8)
    assert np.mean(surprise) == pytest.approx(exact, abs=4 * np.std(surprise) / np.sqrt(1500))
    found = np.array(
        [
            [np.mean([np.sum(b[:, lane] == s) for b in bars]) for s in range(1, STATES)]
            for lane in range(len(LANES))
        ]
    )
    np.testing.assert_allclose(found, counts[:, 1:], atol=0.12)


@EVERY_STYLE
def test_sampling_frequencies_are_the_tables(style):
    """Also in the last of four bars, which repeats earlier ones: the chain keeps the table."""
    rng = np.random.default_rng(0)
    for feel in style.feels:
        bars = np.stack([grammar._sample_beat(style, feel, 4, "none", rng) for _ in range(400)])
        last = bars[:, 3]
        expected = feel.table[3 % len(feel.table)]
        for state in range(STATES):
            found = (last == state).mean(0)
            found[0, LANE["CR"]] = expected[0, LANE["CR"], state]
            p = expected[..., state]
            bound = 5 * np.sqrt(p * (1 - p) / 400) + 1e-9
            assert np.all(np.abs(found - p) <= bound)


def test_bars_repeat():
    style = STYLES["house"]
    rng = np.random.default_rng(1)
    beats = [grammar._sample_beat(style, style.feels[0], 2, "none", rng) for _ in range(300)]
    table = style.feels[0].table[0]
    same = np.mean([beat[1] == beat[0] for beat in beats], axis=0)
    chance = (table**2).sum(-1)
    expected = style.repeat + (1 - style.repeat) * chance
    expected[0, LANE["CR"]] = same[0, LANE["CR"]]
    np.testing.assert_allclose(same, expected, atol=0.1)
    assert entropy_of([0.5, 0.5]) == pytest.approx(np.log(2))


# ------------------------------------------------------------ read off from the notes


def certain_ticks(feel):
    """(lane, tick) of cells of the first bar that are never silent."""
    cells, lanes = np.nonzero(feel.table[0][..., 0] == 0)
    return {
        (int(lane), int(feel.cell_ticks[cell])) for cell, lane in zip(cells, lanes, strict=True)
    }


def possible_ticks(feel):
    cells, lanes = np.nonzero(feel.table[0][..., 0] < 1)
    return {
        (int(lane), int(feel.cell_ticks[cell])) for cell, lane in zip(cells, lanes, strict=True)
    }


def out_of_reach(lane, tick, others):
    return all(
        other_lane != lane or min(abs(other - tick), grammar.BAR - abs(other - tick)) > 2 * REACH
        for other_lane, other in others
    )


@EVERY_STYLE
def test_feels_and_fills_can_be_told_apart(style):
    """The entropy counts the choice of feel and ending as information, so notes must show it."""
    for one, two in itertools.combinations(style.feels, 2):
        assert any(out_of_reach(*cell, possible_ticks(two)) for cell in certain_ticks(one)) or any(
            out_of_reach(*cell, possible_ticks(one)) for cell in certain_ticks(two)
        ), (style.name, one.name, two.name)
    in_fills = {LANE[voice] for voice in (*VOICES, "BD")}
    for feel in style.feels:
        for bar in feel.table:
            silent = bar[..., 0]
            kept = [lane for lane in range(len(LANES)) if lane not in in_fills]
            half = feel.grid // 2
            assert (silent[:half, kept] == 0).any(), (style.name, feel.name)
            assert (silent[half:, kept] == 0).any(), (style.name, feel.name)


@EVERY_STYLE
def test_rows_fit_their_grid(style):
    for feel in style.feels:
        assert feel.grid in (12, 16)
        assert np.diff([*feel.cell_ticks, grammar.BAR]).min() > 2 * REACH
        for lane, letters in feel.rows.items():
            cells = len(letters.replace(" ", "").replace("|", ""))
            assert cells % feel.grid == 0 or feel.grid % cells == 0, (style.name, lane)
            assert lane == "HH" or not any(CELLS[c][OPEN] for c in letters if c in CELLS)


def test_log_prob_survives_a_midi_file(tmp_path):
    for clip in sample(8, seed=3):
        clip.write_midi(tmp_path / "a.mid")
        again = Clip.read_midi(
            tmp_path / "a.mid", tempo=clip.tempo, beats=clip.beats, labels=clip.labels
        )
        assert log_prob(again) == pytest.approx(log_prob(clip))


def test_impossible_clips():
    clip = next(c for c in sample(50, seed=1, style="funk") if c.labels["bars"] == 8)
    assert np.isfinite(log_prob(clip))

    def changed(**fields):
        notes = clip.notes.copy()
        for name, value in fields.items():
            notes[name][5] = value
        return Clip.from_notes(notes, tempo=clip.tempo, beats=32, labels=clip.labels)

    assert log_prob(changed()) == pytest.approx(log_prob(clip))
    assert log_prob(changed(pitch=56)) == -np.inf  # no cowbell in the grammar
    assert log_prob(changed(velocity=5)) == -np.inf  # softer than any ghost note
    assert log_prob(changed(time=0.125)) == -np.inf  # a thirty-second
    assert log_prob(clip.with_(tempo=97.5)) == -np.inf
    assert log_prob(clip.with_(tempo=250)) == -np.inf
    assert log_prob(clip.with_(labels={"style": "polka"})) == -np.inf
    assert log_prob(clip.with_(labels={"style": "house"})) == -np.inf
    assert log_prob(clip.with_(beats=20)) == -np.inf
    silent = Clip.from_notes(clip.notes[:0], tempo=100, beats=4, labels=clip.labels)
    assert log_prob(silent) == -np.inf or log_prob(silent) < -10


# ------------------------------------------------------------ as a data set


def test_the_posterior_of_the_style_is_calibrated():
    """How often the likeliest style is right is what the posterior says, within chance."""
    loops, names = sample(120, 5), list(STYLES)
    posterior = np.array([style_posterior(loop) for loop in loops])
    np.testing.assert_allclose(posterior.sum(1), 1)
    right = np.array(
        [names[p.argmax()] == c.labels["style"] for p, c in zip(posterior, loops, strict=True)]
    )
    sure = posterior.max(1)
    assert abs(right.mean() - sure.mean()) < 3 * np.sqrt((sure * (1 - sure)).sum()) / len(loops)
    fills = np.array([loop.labels["kind"] == "fill" for loop in loops])
    assert sure[~fills].mean() > 0.98  # beats show their style, fills do not
    assert sure[fills].mean() < 0.9


def test_the_posterior_ignores_the_tempo_and_follows_bayes():
    loop = sample(1, 0, "jazz")[0]
    posterior = style_posterior(loop)
    assert style_posterior(loop.with_(tempo=60.0)) == pytest.approx(posterior)
    logs = []
    for name, style in STYLES.items():
        as_style = loop.with_(tempo=float(style.tempo[0]), labels={"style": name})
        logs.append(log_prob(as_style) + np.log(style.tempi))
    weights = np.exp(np.array(logs) - max(logs))
    assert posterior == pytest.approx(weights / weights.sum())
    with pytest.raises(PromptError, match="clip: the grammar cannot generate"):
        style_posterior(loop.with_(meter=(3, 4)))


def test_the_corpus_says_that_it_is_built_in():
    data = load_builtin("validation")
    assert len(data) == 250
    assert all(clip.source.startswith("Built-in/") for clip in data)
    assert all(clip.caption.startswith("built-in ") for clip in data)
    assert {clip.labels["split"] for clip in data} == {"validation"}
    assert len({clip.labels["style"] for clip in data}) == len(STYLES) >= 12
    assert {clip.bars for clip in data} == {1, 2, 4, 8}
    assert {clip.labels["kind"] for clip in data} == {"beat", "fill"}
    assert len(load_builtin("test", limit=7)) == 7


def test_samples_depend_on_the_seed_only():
    one, two = sample(6, seed=4), sample(12, seed=4)
    for a, b in zip(one, two, strict=False):
        np.testing.assert_array_equal(a.notes, b.notes)
        assert a.source == b.source
    assert not np.array_equal(one[0].notes, sample(1, seed=5)[0].notes)
    with pytest.raises(PromptError, match="polka"):
        sample(1, seed=0, style="polka")


def test_it_plays_like_people_do():
    """Traits that define a style are heard in it, and velocities have human levels."""
    from workbench.datasets import cut_loops
    from workbench.datasets.captions import facts_of

    def share(style, trait, feel=None):
        clips = [c for c in sample(120, seed=9, style=style) if c.labels["kind"] == "beat"]
        clips = [c for c in clips if feel is None or c.labels["substyle"] == feel]
        return np.mean([trait in facts_of(c).traits for c in clips])

    assert share("house", "four on the floor") > 0.9
    assert share("jazz", "swing", "swing") > 0.7
    assert share("blues", "shuffle", "shuffle") > 0.8
    assert share("rock", "backbeat", "") > 0.7
    assert share("rock", "half-time", "half-time") > 0.8
    assert share("punk", "double-time", "double-time") > 0.8
    assert share("funk", "ghost notes", "ghost") > 0.6
    assert share("bossa nova", "cross-stick") > 0.8
    assert share("samba", "busy") > 0.4
    assert share("jazz", "four on the floor") < 0.2
    velocity = np.concatenate([clip.notes["velocity"] for clip in sample(60, seed=2)])
    ghosts = (velocity < VELOCITY[GHOST][1]).mean()
    assert 0.05 < ghosts < 0.4
    assert 50 < velocity.mean() < 90
    assert len(cut_loops(sample(20, seed=1))) == 20


@pytest.mark.parametrize("style", ["rock", "jazz", "bossa nova"])
def test_most_bits_of_a_loop_say_how_its_hits_are_played(style, monkeypatch):
    """Lesson 01 says so: without velocities and timings less than half of the entropy remains."""
    whole = entropy(style)
    monkeypatch.setattr(exact, "_played_entropy", lambda style, counts: 0.0)
    assert 0 < entropy(style) < whole / 2
