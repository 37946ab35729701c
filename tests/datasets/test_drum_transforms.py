"""The known effect of each transformation, measured on its result over many real loops."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets.drum_transforms import TRANSFORMS, Pool, augmented, transformed
from workbench.datasets.drum_transforms.feel import triplet_share
from workbench.datasets.drum_transforms.hits import (
    BD,
    CH,
    CR,
    GHOST,
    HATS,
    OH,
    PEDAL,
    RD,
    SD,
    TOMS,
    Table,
)
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.representations.drum_chart import DrumChart
from workbench.representations.drum_roll import DrumRoll

LOOPS = 60


@pytest.fixture(scope="module")
def loops(groove_loops):
    return groove_loops[:: len(groove_loops) // LOOPS]


@pytest.fixture(scope="module")
def pool(groove_loops):
    return Pool.of(groove_loops[::3])


@pytest.fixture(scope="module")
def pairs(loops, pool):
    """(before, after) of a transformation over the loops, as tables and clips."""

    def made(name, **dials):
        found = []
        for seed, clip in enumerate(loops):
            after = transformed(clip, name, seed, pool=pool, **dials)
            if after is not None:
                found.append((clip, after, Table.of(clip), Table.of(after)))
        assert len(found) >= 3, f"{name} applied {len(found)} times"
        return found

    return made


def position(table, drum=None):
    """Sixteenths from the start of the loop, of all hits or of one drum, in their order."""
    hits = table.hits if drum is None else table.hits[table.hits["drum"] == drum]
    return np.sort(hits["bar"] * table.cells + hits["cell"] + hits["offset"])


def moves(before, after, drum=None):
    """By how many sixteenths each hit of a loop is later, where none overtakes another."""
    length = before.bars * before.cells
    old, new = (np.sort(position(table, drum) % length) for table in (before, after))
    turns = [(new - np.roll(old, i) + length / 2) % length - length / 2 for i in (-2, -1, 0, 1, 2)]
    return min(turns, key=lambda turn: np.abs(turn).max(initial=0))


def accents(table, cells):
    """Share of these cells of all bars that have a snare accent."""
    return (table.dense[1][:, cells, SD] >= GHOST).mean()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(4, 4), (3, 4), (7, 8), (6, 8)]))
def test_a_table_gives_its_clip_again(seed, meter):
    rng = np.random.default_rng(seed)
    beats = 16 * meter[0] / meter[1]
    ticks = np.sort(rng.choice(int(beats * 480), 60, replace=False))
    rows = [(t / 480, 0.1, rng.choice([36, 38, 42, 44, 49]), rng.integers(1, 128)) for t in ticks]
    clip = Clip.from_notes(rows, meter=meter, beats=beats)
    table = Table.of(clip)
    again = table.clip(clip, "none", ("nothing",))
    assert table.bars == 4
    assert table.cells == 16 * meter[0] / meter[1]
    for name in ("time", "pitch", "velocity"):
        np.testing.assert_allclose(again.notes[name], clip.notes[name], atol=1e-6)
    assert len(table.main) == len(np.unique(table.hits[["bar", "cell", "drum"]]))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transformation_is_seeded_and_keeps_length_metre_and_performance(name, pairs):
    for seed, (before, after, _, table) in enumerate(pairs(name)[:10]):
        assert (after.beats, after.meter) == (before.beats, before.meter)
        assert after.labels["performance"] == before.labels["performance"]
        assert after.labels["transform"]
        assert after.caption.endswith(after.labels["effect"][0][0])
        assert len(table.hits)
        assert after.notes["time"].max() < after.beats
        assert "transform" not in before.labels
        one, two = (transformed(before, name, seed) for _ in range(2))
        assert (one is None) == (two is None)
        assert one is None or np.array_equal(one.notes, two.notes)


@pytest.mark.parametrize(
    ("group", "drums"), [("snare", [SD]), ("kick", [BD]), ("hats", HATS), ("toms", TOMS)]
)
def test_left_out_takes_one_group_away_and_nothing_else(group, drums, pairs):
    for before, after, _, table in pairs("left out", group=group):
        assert not np.isin(table.hits["drum"], drums).any()
        kept = ~np.isin(Table.of(before).hits["drum"], drums)
        assert len(after.notes) == kept.sum()
        assert f"no {group}" in " ".join(after.labels["effect"][0]) or group == "hats"


def test_left_out_may_be_the_ghost_notes(pairs):
    for _, _, before, after in pairs("left out", group="ghost notes"):
        snare = after.hits["velocity"][after.hits["drum"] == SD]
        assert (snare >= GHOST).all()
        assert len(after.hits) < len(before.hits)


def test_alone_leaves_only_what_it_says(pairs):
    for _, _, _, after in pairs("alone", groups=("kick",)):
        assert set(after.hits["drum"]) == {BD}
    for _, after, _, table in pairs("alone", groups=("kick", "snare")):
        assert set(table.hits["drum"]) == {BD, SD}
        assert "only kick and snare" in after.labels["effect"][0]


def test_hats_and_ride_are_exchanged(pairs):
    for _, after, before, table in pairs("on the ride"):
        stick = (table.hits["pitch"] != PEDAL) & np.isin(table.hits["drum"], HATS)
        assert not stick.any()
        assert (table.hits["drum"] == RD).sum() >= 2 * table.bars
        if "no hi-hat" in after.labels["effect"][0]:
            assert not np.isin(table.hits["drum"], HATS).any()
        others = ~np.isin(before.hits["drum"], (*HATS, RD))
        assert others.sum() == (~np.isin(table.hits["drum"], (*HATS, RD))).sum()
    for _, _, _, table in pairs("on the hats"):
        assert RD not in table.hits["drum"]
        assert CH in table.hits["drum"]


def test_open_hats_off_the_beat(pairs):
    for _, _, before, after in pairs("open hats", off_beat=True):
        opened = after.main[after.main["drum"] == OH]
        assert set(opened["cell"] % 4) == {2}
        assert len(opened) >= 2.5 * after.bars
        assert len(after.hits) == len(before.hits)


def test_four_on_the_floor(pairs):
    for clip, after, before, table in pairs("four on the floor"):
        kick = table.dense[0][:, :, BD]
        assert kick[:, ::4].all()
        assert not np.delete(kick, np.s_[::4], axis=1).any()
        assert "four on the floor" in after.caption
        assert (table.hits["drum"] != BD).sum() == (before.hits["drum"] != BD).sum()
        assert after.tempo == clip.tempo


def test_one_drop_has_kick_and_snare_on_three_only(pairs):
    for _, _, _, table in pairs("one drop"):
        kick = table.dense[0][:, :, BD]
        assert kick[:, 8].all()
        assert kick.sum() == table.bars
        assert (table.dense[0][:, 8, SD]).all()
        assert accents(table, [0, 4, 12]) == 0


@pytest.mark.parametrize(("every", "count"), [(8, 1), (4, 2)])
def test_a_crash_on_the_one_is_the_only_crash(every, count, pairs):
    for _, _, _, table in pairs("crash", every=every):
        crashes = table.main[table.main["drum"] == CR]
        assert crashes["bar"].tolist() == [every * i for i in range(count)]
        assert set(crashes["cell"]) == {0}
        assert crashes["velocity"].min() > 0


def test_half_time_puts_the_backbeat_on_three(pairs):
    for notation in (False, True):
        made = pairs("half-time", notation=notation)
        assert np.mean([accents(after, [8]) for *_, after in made]) > 0.8
        assert np.mean([accents(after, [4, 12]) for *_, after in made]) < 0.15
        for clip, after, _, _ in made:
            assert after.tempo == clip.tempo * (2 if notation else 1)


def test_half_time_keeps_the_rate_of_the_cymbals(pairs):
    rates = [
        [np.isin(t.main["drum"], (CH, OH, RD)).sum() for t in pair[2:]]
        for pair in pairs("half-time", notation=False)
    ]
    before, after = np.array(rates).sum(0)
    assert after == pytest.approx(before, rel=0.1)


def test_double_time_puts_the_backbeat_on_the_ands(pairs):
    made = pairs("double-time")
    assert np.mean([accents(after, [2, 6, 10, 14]) for *_, after in made]) > 0.7
    for _, _, before, after in made:
        hats = [np.isin(t.hits["drum"], (CH, OH, RD)).sum() for t in (before, after)]
        assert hats[0] == hats[1]


def test_shuffle_and_straight_move_the_off_beats(pairs):
    for _, after, before, table in pairs("shuffle", amount=1.0):
        if "shuffle" in after.labels["effect"][0]:  # eighths
            assert triplet_share(table) > 0.6 > triplet_share(before)
        else:  # sixteenths: each off one is a third of a sixteenth later
            odd = before.hits["cell"] % 2 == 1
            late = moves(before, table)
            assert late.sum() == pytest.approx(odd.sum() / 3, rel=0.05)
    for _, after, before, table in pairs("straight"):
        assert triplet_share(table) < 0.35 < triplet_share(before)
        assert len(table.hits) >= 0.95 * len(before.hits)
        assert after.labels["substyle"] == ""


@pytest.mark.parametrize(("late", "sign"), [(True, 1), (False, -1)])
def test_only_the_snare_is_laid_back_or_pushed(late, sign, pairs):
    for clip, _, before, after in pairs("snare place", late=late):
        step = moves(before, after, SD) * sign * 15 / clip.tempo  # seconds
        assert 0.014 < step.min() <= step.max() < 0.036
        for drum in (BD, CH, RD, OH):
            assert np.abs(moves(before, after, drum)).max(initial=0) < 1e-6


def test_tighter_and_looser_scale_what_is_off_the_mean(pairs):
    def spread(table):
        part = table.main["cell"] % 4
        return np.sqrt(
            np.mean([table.main["offset"][part == p].var() for p in range(4) if (part == p).any()])
        )

    for factor, low, high in ((0.2, 0.15, 0.3), (1.8, 1.4, 1.85)):
        for *_, before, after in pairs("tightness", factor=factor):
            if np.abs(before.main["offset"]).max() < 0.25:  # otherwise some change their cells
                assert low < spread(after) / spread(before) < high
            assert np.abs(moves(before, after)).max() < 1


def test_steady_repeats_the_share_of_bars_that_it_is_told(pairs):
    for share in (0.5, 1.0):
        for _, _, _before, after in pairs("steady", share=share, span=1):
            same = [np.isclose(after.likeness[i], 1).sum() for i in range(after.bars)]
            assert max(same) >= share * after.bars
            if share == 1:
                assert after.likeness.min() == 1


def test_repetitions_are_no_clones(pairs):
    """Bars with the same notes differ in timing and velocity about as a person's bars do."""
    made = pairs("steady", share=1.0, span=1)
    spreads = []
    for *_, before, after in made:
        for table in (before, after):
            struck, velocity, offset = table.dense
            values = np.array(
                [
                    [np.std(a[:, c, d][struck[:, c, d]]) for a in (offset, velocity)]
                    for c, d in np.argwhere(struck.sum(0) >= 3)
                ]
            ).reshape(-1, 2)
            alike = values[
                values[:, 1] < 15
            ]  # cells where accents and ghost notes do not alternate
            spreads.append(alike.mean(0))
    before, after = np.array(spreads[::2]), np.array(spreads[1::2])
    ratio = np.nanmean(after, 0) / np.nanmean(before, 0)
    assert (ratio > 0.7).all()
    assert (ratio < 1.2).all()


def test_sections_are_two_grooves(pairs):
    for _, after, _, table in pairs("sections"):
        first, second = table.likeness[0:4, 0:4], table.likeness[4:8, 4:8]
        across = table.likeness[0:4, 4:8]
        assert min(first[0, 2], second[0, 2]) == 1
        assert across.mean() < 0.8
        if "soft then loud" in after.labels["effect"][0]:
            late = table.hits["bar"] >= 4
            velocity = table.hits["velocity"] / 127
            assert velocity[late].mean() - velocity[~late].mean() > 0.12


@pytest.mark.parametrize(("louder", "sign"), [(True, 1), (False, -1)])
def test_halves_differ_in_loudness(louder, sign, pairs):
    for _, _, before, after in pairs("halves", louder=louder):
        late = after.hits["bar"] >= after.bars // 2
        velocity = after.hits["velocity"] / 127
        assert sign * (velocity[late].mean() - velocity[~late].mean()) > 0.15
        np.testing.assert_array_equal(after.dense[0], before.dense[0])


def test_loudness_keeps_the_order_of_velocities(pairs):
    for target in (0.3, 0.8):
        for *_, before, after in pairs("loudness", target=target):
            assert after.hits["velocity"].mean() / 127 == pytest.approx(target, abs=0.03)
            order = np.argsort(before.main["velocity"], kind="stable")
            assert (np.diff(after.main["velocity"][order]) >= 0).all()


def test_silence_empties_one_bar(pairs):
    for bar in (4, 8):
        for _, after, before, table in pairs("silence", bar=bar):
            struck = table.dense[0].any((1, 2))
            assert not struck[bar - 1]
            kept = before.hits["bar"] != bar - 1
            assert len(table.hits) == kept.sum()
            assert f"silence in bar {bar}" in after.labels["effect"][0]


def test_a_fill_stands_out_where_it_is_put(pairs):
    for bars in ((8,), (4, 8)):
        for _, after, _, table in pairs("fill", bars=bars):
            measured = DrumChart.measure(DrumRoll.from_clip(after).to_array(), after.meter)
            assert (np.flatnonzero(measured.fill) + 1).tolist() == list(bars)
            assert max(table.likeness[bar - 1, bar - 2] for bar in bars) < 0.75
            assert "fill" in after.labels["effect"][0][0]


def test_a_fill_is_from_another_performance(groove_loops, pool):
    rng = np.random.default_rng(3)
    for fill in pool.fills[::200]:
        other = pool.fill_for(fill.style, fill.tempo, fill.meter, rng, fill.performance)
        assert other.performance != fill.performance
        assert abs(np.log2(other.tempo / fill.tempo)) < 1


def test_an_augmented_set_is_mostly_real_and_balanced(groove_loops):
    real = groove_loops[::8]
    both = augmented(real, seed=4, share=0.4)
    made = both[len(real) :]
    assert all(a is b for a, b in zip(both, real, strict=False))
    assert len(made) / len(both) == pytest.approx(0.4, abs=0.02)
    counts = Counter(clip.labels["transform"].split("+")[-1] for clip in made)
    assert len(counts) >= 22
    assert max(counts.values()) < 0.14 * len(made)
    again = augmented(real, seed=4, share=0.4)[-20:]
    assert all(np.array_equal(a.notes, b.notes) for a, b in zip(both[-20:], again, strict=True))
    other = augmented(real, seed=5, share=0.4)[-20:]
    assert not all(np.array_equal(a.notes, b.notes) for a, b in zip(again, other, strict=True))


def test_nothing_to_augment_gives_nothing():
    assert augmented([], seed=1) == []
    empty = Clip.from_notes([(0.0, 0.1, 36, 90)], beats=4)
    assert augmented([empty], seed=1, share=0) == [empty]
    assert transformed(empty, "open hats") is None


def test_what_cannot_be_followed_is_named():
    clip = Clip.from_notes([(0.0, 0.1, 36, 90)], beats=4)
    with pytest.raises(PromptError, match=r"share.*0\.7"):
        augmented([clip], share=0.7)
    with pytest.raises(PromptError, match="backwards"):
        transformed(clip, "backwards")
    with pytest.raises(PromptError, match="whole bars"):
        augmented([Clip.from_notes([(0.0, 0.1, 36, 90)], beats=5)])
