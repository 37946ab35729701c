"""Beats of the drum methods: what makes each of them, and that people play them."""

from collections import defaultdict

import numpy as np
import pytest

from workbench.datasets.drum_transforms.feel import triplet_share
from workbench.datasets.drum_transforms.hits import BD, CH, GHOST, OH, SD, Table
from workbench.datasets.grammar.beats import BEATS
from workbench.datasets.grammar.cells import CELLS, LANES
from workbench.datasets.styled import BARS, band_of, styled_loops
from workbench.datasets.touch import Players
from workbench.errors import PromptError
from workbench.music.clip import Clip


@pytest.fixture(scope="module")
def band(groove_loops):
    return band_of(groove_loops[::4])


@pytest.fixture(scope="module")
def loops(band):
    made = defaultdict(list)
    for clip in styled_loops(4 * len(BEATS), seed=7, band=band):
        made[clip.labels["beat"]].append(clip)
    return made


def groove(clip):
    """Hits and velocities of the bars without fills: (bars, cells, 9) each."""
    struck, velocity, _ = Table.of(clip).dense
    bars = [b for b in range(BARS) if b + 1 not in clip.labels["fills"]]
    return struck[bars], velocity[bars]


@pytest.mark.parametrize("name", BEATS)
def test_rows_are_letters_of_known_lanes_on_even_grids(name):
    beat = BEATS[name]
    sixteenths = 16 * beat.meter[0] // beat.meter[1]
    for pattern in beat.patterns:
        for lane, row in pattern.rows.items():
            assert lane in LANES
            for number in range(row.count("|") + 1):
                letters = pattern.bar(lane, number)
                assert set(letters) <= set(CELLS)
                # thirty-seconds, their triplets, sixteenths, triplets and eighths
                assert len(letters) * 4 / sixteenths in (8, 6, 4, 3, 2)


@pytest.mark.parametrize("name", BEATS)
def test_loops_have_the_facts_of_their_beat(name, loops):
    beat = BEATS[name]
    assert len(loops[name]) == 4
    for clip in loops[name]:
        assert clip.meter == beat.meter
        assert clip.bars == BARS
        assert beat.tempo[0] <= clip.tempo <= beat.tempo[1]
        assert clip.labels["style"] == beat.style
        assert clip.labels["effect"][0] == beat.names
        assert name in clip.caption
        assert len(clip.labels["form"]) == BARS
        assert clip.notes["time"].max() < clip.beats
        assert clip.is_drums


def accents(velocity, cells):
    return (velocity[:, cells, SD] >= GHOST).mean()


@pytest.mark.parametrize("name", ["disco", "house", "steppers", "techno"])
def test_four_on_the_floor(name, loops):
    kick = np.mean([groove(clip)[0][:, ::4, BD].mean() for clip in loops[name]])
    assert kick > 0.97


def test_one_drop_has_nothing_on_the_one(loops):
    for clip in loops["one drop"]:
        struck, _ = groove(clip)
        assert struck[:, 8, BD].mean() > 0.95
        assert struck[:, 0, BD].mean() < 0.1


def test_motown_has_a_snare_on_every_beat(loops):
    assert np.mean([accents(groove(c)[1], [0, 4, 8, 12]) for c in loops["Motown"]]) > 0.85


def test_a_half_time_shuffle_has_triplets_and_a_backbeat_on_three(loops):
    for clip in loops["half-time shuffle"]:
        _, velocity = groove(clip)
        assert accents(velocity, [8]) > 0.8
        assert accents(velocity, [4, 12]) < 0.3
        assert triplet_share(Table.of(clip)) > 0.5


def test_blast_beats_double_kicks_trains_and_trap_hats_are_as_dense_as_their_names(loops):
    beats = 4
    for clip in loops["blast beat"]:
        assert groove(clip)[0][..., SD].sum(1).mean() / beats >= 1.9
    for clip in loops["double kick"]:
        assert groove(clip)[0][..., BD].sum(1).mean() / beats >= 2.4
    for clip in loops["train beat"]:
        assert groove(clip)[0][..., SD].sum(1).mean() / beats >= 2.7
    for clip in loops["trap"]:
        assert groove(clip)[0][..., [CH, OH]].any(-1).sum(1).mean() / beats >= 3


def test_odd_metres_repeat_bar_by_bar_rather_than_every_four_beats(loops):
    for name in ("7/8", "5/4", "waltz"):
        scores = []
        for clip in loops[name]:
            table = Table.of(clip)
            flat = table.dense[0].reshape(-1, 9).astype(float)
            wrong = 16 if table.cells != 16 else 14

            def alike(step, flat=flat):
                again = np.roll(flat, -step, axis=0)
                return (flat * again).sum() / np.maximum(flat, again).sum()

            scores.append(alike(table.cells) - alike(wrong))
        assert np.mean(scores) > 0.05, name


def test_fills_stand_where_the_labels_say(loops):
    apart, within = [], []
    for clips in loops.values():
        for clip in clips:
            table = Table.of(clip)
            for bar in range(1, BARS):
                mean = table.likeness[bar, :bar].max()
                (apart if bar + 1 in clip.labels["fills"] else within).append(mean)
            if clip.labels["fills"]:
                said = clip.labels["effect"][-1][0]
                assert str(clip.labels["fills"][-1]) in said
    assert np.mean(apart) < np.mean(within) - 0.25


def test_timing_and_loudness_are_those_of_people(loops, groove_loops):
    """Kick and snare on the beat are as loose, in ms, as real ones; and timing hangs together."""

    def measures(clips):
        rows = []
        for clip in clips:
            table = Table.of(clip)
            if clip.meter != (4, 4) or triplet_share(table) > 0.2:
                continue
            main, (struck, _, offset) = table.main, table.dense
            on_beat = main["cell"] % 4 == 0
            spreads = [
                main["offset"][on_beat & (main["drum"] == drum) & (main["velocity"] >= GHOST)]
                for drum in (BD, SD)
            ]
            both = struck[..., BD] & struck[..., CH]
            pair = offset[both][:, [BD, CH]]
            hangs = np.corrcoef(pair.T)[0, 1] if len(pair) > 8 and pair.std(0).all() else np.nan
            loose = [s.std() * 15e3 / clip.tempo if len(s) > 7 else np.nan for s in spreads]
            rows.append([*loose, hangs, main["velocity"].mean()])
        return np.nanmean(rows, axis=0)

    real = measures([c for c in groove_loops[::4] if c.labels["kind"] == "beat"])
    made = measures([clip for clips in loops.values() for clip in clips])
    assert made[:2] == pytest.approx(real[:2], rel=0.25)
    assert made[2] > 0.6 * real[2] > 0.1
    assert made[3] == pytest.approx(real[3], rel=0.2)


def test_the_seed_decides_and_more_loops_begin_with_the_same(band):
    one, two = styled_loops(3, 5, band=band), styled_loops(6, 5, band=band)
    other = styled_loops(3, 6, band=band)
    for a, b in zip(one, two, strict=False):
        assert np.array_equal(a.notes, b.notes)
        assert a.caption == b.caption
    assert not all(np.array_equal(a.notes, b.notes) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("meter", [(2, 4), (3, 4), (5, 4), (6, 8), (7, 8), (12, 8)])
def test_a_metre_can_be_asked_for(meter, band):
    clips = styled_loops(4, 1, meter=meter, band=band)
    assert [clip.meter for clip in clips] == [meter] * 4


def test_what_is_not_there_is_named(band):
    with pytest.raises(PromptError, match=r"meter=\(11, 8\)"):
        styled_loops(1, meter=(11, 8), band=band)
    with pytest.raises(PromptError, match="yodel"):
        styled_loops(1, style="yodel", band=band)
    with pytest.raises(PromptError, match="players"):
        Players([Clip.from_notes([(0.0, 0.1, 36, 90)], beats=3, meter=(3, 4))])
    assert styled_loops(0, band=band) == []
