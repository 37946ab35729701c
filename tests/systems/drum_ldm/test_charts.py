"""A system that follows charts: metres, facts that are certain, forms, and takes that do not depend
on each other; on a network of smoke size, which has learned next to nothing."""

from itertools import pairwise

import numpy as np
import pytest

from workbench.errors import PromptError
from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import METERS, bar_steps
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.drum_ldm import DrumLDM

BD, SD, CR = (DRUMS.index(code) for code in ("BD", "SD", "CR"))


@pytest.fixture(scope="module")
def system(smoke_folder) -> DrumLDM:
    return DrumLDM.from_pretrained(smoke_folder)


def hits(clip):
    return DrumRoll.from_clip(clip).hits


def test_the_smoke_system_follows_charts_and_hears_two_hits(system):
    assert system.config.chart
    assert system.slots == 2
    assert system.config.bars == 16


def test_what_is_left_out_is_left_out_for_certain(system):
    for prompt, drum in (("rock, no snare", SD), ("rock without kick drum", BD)):
        assert not any(hits(clip)[:, drum].any() for clip in system.generate(prompt, n=4, steps=3))


def test_hits_that_are_named_are_there_for_certain(system):
    for clip in system.generate("rock, crash on the one, four on the floor", n=3, steps=3):
        assert hits(clip)[0, CR]
        assert hits(clip)[::4, BD].all()


@pytest.mark.parametrize("meter", METERS)
def test_metres_are_played_and_written(system, meter, tmp_path):
    prompt = "rock" if meter == (4, 4) else f"rock, {meter[0]}/{meter[1]}"
    clip = system.generate(prompt, bars=3, steps=3)[0]
    assert tuple(clip.meter) == meter
    assert clip.bars == 3
    assert clip.beats == 3 * bar_steps(meter) / 4
    path = tmp_path / "clip.mid"
    clip.write_midi(path)
    again = type(clip).read_midi(path)
    assert tuple(again.meter) == meter
    assert again.bars == 3


def test_the_metre_that_is_given_wins_over_the_prompt(system):
    with pytest.warns(UserWarning, match="3/4: the metre is set by meter, which is 7/8"):
        clip = system.generate("a groove in 3/4", bars=2, meter=(7, 8), steps=2)[0]
    assert (clip.meter, clip.beats, clip.labels["request"]["meter"]) == ((7, 8), 7, "7/8")
    reading = system.explain_prompt("a groove in 3/4, fill in bar 12", bars=4, meter=(7, 8))
    assert "7/8" in reading.understood
    assert any("bar 12" in reason for reason in reading.refused)
    for bars, late in ((None, True), (8, True), (16, False)):  # generate makes 8 bars
        refused = system.explain_prompt("fill in bar 12", bars=bars).refused
        assert any("bar 12" in reason for reason in refused) == late
    for wrong in ((9, 8), (4, 3), "7/8"):
        with pytest.raises(PromptError, match="meter"):
            system.generate("rock", meter=wrong)


def test_a_metre_that_no_one_plays_here_is_told(system):
    with pytest.warns(UserWarning, match="11/16"):
        system.generate("groove in 11/16", bars=1, steps=2)


def test_one_to_sixteen_bars(system):
    assert system.generate("rock", bars=16, steps=2)[0].bars == 16
    with pytest.raises(PromptError, match="16"):
        system.generate("rock", bars=17)


def test_takes_of_several_metres_do_not_depend_on_each_other(system):
    prompts = ["rock", "a waltz", "7/8 groove"]
    together = system.generate(prompts, n=2, bars=3, steps=4)
    alone = [clip for prompt in prompts for clip in system.generate(prompt, n=2, bars=3, steps=4)]
    for a, b in zip(together, alone, strict=True):
        assert np.array_equal(hits(a), hits(b))
        assert a.meter == b.meter


def test_forms_and_their_dial(system):
    free = system.generate("rock", n=2, steps=3, form="AAAA", steady=0)
    tied = system.generate("rock", n=2, steps=3, form="AAAA", steady=1)
    like = [np.mean([np.mean(a == b) for a, b in _bars(clip)]) for clip in (*free, *tied)]
    assert min(like[2:]) > max(like[:2])
    for wrong in ({"form": "AXB"}, {"steady": 1.5}, {"form": ""}):
        with pytest.raises(PromptError, match=next(iter(wrong))):
            system.generate("rock", steps=2, **wrong)


def _bars(clip):
    bars = hits(clip).reshape(8, 16, len(DRUMS))
    return pairwise(bars)


def test_bars_of_a_form_that_is_asked_have_the_same_hits(system):
    for asked in ({"prompt": "rock, form AABB"}, {"prompt": "rock", "form": "AABB"}):
        for clip in system.generate(**asked, n=3, bars=4, steps=2):
            first, second, third, fourth = hits(clip).reshape(4, 16, 9)
            assert (first == second).all()
            assert (third == fourth).all()
            assert (first != third).any()


def test_cross_sticks_are_written_as_such(system):
    clip = system.generate("rock, cross-stick on 2 and 4 in bars 1 and 2", bars=4, steps=2)[0]
    snares = clip.notes[np.isin(clip.notes["pitch"], (37, 38))]
    early = (snares["time"] + 0.125) % 16 < 8
    assert set(snares["pitch"][early]) == {37}
    assert set(snares["pitch"][~early]) <= {38}
    assert not (system.generate("rock", bars=4, steps=2)[0].notes["pitch"] == 37).any()


def test_single_drums_are_played_louder_and_softer(system):
    prompts = ("four on the floor, loud kick, soft hats", "four on the floor, soft kick, loud hats")
    for prompt, louder in zip(prompts, (36, 42), strict=True):
        notes = system.generate(prompt, bars=4, steps=2)[0].notes
        kick, hats = (notes["velocity"][notes["pitch"] == pitch].mean() for pitch in (36, 42))
        assert (kick > hats) == (louder == 36)
        assert abs(kick - hats) > 15


def test_a_loop_that_is_one_fill_has_no_form_of_a_groove(system):
    fills = system.charts_for(["rock fill"] * 60, 4, range(60))
    forms = ["".join("AB"[int(x)] for x in chart.letter) for chart in fills]
    assert set(forms) == {"AAAA", "ABAB"}
    assert 2 <= forms.count("ABAB") <= 18  # 14 % are expected
    assert all(np.isnan(chart.likeness).all() for chart in fills)
    groove, wanted, varied = (
        system.charts_for([prompt], 4, [0], form)[0].letter
        for prompt, form in (
            ("rock", None),
            ("rock fill", "AB"),
            ("the whole loop is a fill, no toms in bar 1", None),
        )
    )
    assert not np.isnan(groove).any()
    assert wanted.tolist() == [0, 1, 0, 1]
    assert np.isnan(varied).all()


def test_a_fill_that_is_a_loop_repeats(system):
    for clip in system.generate("rock fill", n=4, bars=4, steps=2):
        first, second, *others = hits(clip).reshape(4, 16, 9)
        assert (first == others[0]).all()
        assert (second == others[1]).all()
    free = system.generate("drum solo", n=4, bars=4, steps=2)
    assert any((hits(clip)[:32] != hits(clip)[32:]).any() for clip in free)


def test_shipped_systems_without_a_form_say_so():
    shipped = DrumLDM.from_pretrained("drums-groove-keywords")
    if shipped.config.chart:
        pytest.skip("the shipped system follows charts")
    for more in ({"form": "AAAB"}, {"steady": 0.5}, {"meter": (3, 4)}):
        with pytest.raises(PromptError, match=next(iter(more))):
            shipped.generate("rock", **more)


def test_edits_keep_the_metre(system):
    clip = system.generate("a waltz", bars=4, steps=4, seed=3)[0]
    for made in (system.vary(clip, steps=3)[0], system.inpaint(clip, _bar(1), steps=3)[0]):
        assert made.meter == (3, 4)
        assert made.bars == 4
    kept = np.ones(48, dtype=bool)
    kept[12:24] = False
    assert np.array_equal(hits(made)[kept], hits(clip)[kept])


def _bar(number):
    from workbench.systems.region import Region

    return Region(bars=(number, number + 1))


def test_a_reading_is_of_the_loop_that_generate_makes(system):
    assert "fill in bar 8" in system.explain_prompt("rock with a fill in the last bar").understood


@pytest.mark.parametrize(
    "wrong", [{"bars": 0}, {"bars": 17}, {"meter": (9, 8)}, {"meter": "7/8"}], ids=str
)
def test_a_reading_refuses_what_generate_refuses(system, wrong):
    name = next(iter(wrong))
    for call in (system.explain_prompt, system.generate):
        with pytest.raises(PromptError, match=name):
            call("rock", **wrong)


def test_a_metre_may_be_a_list(system):
    assert "6/8" in system.explain_prompt("a groove", meter=[6, 8]).understood


def test_only_a_loop_that_is_one_fill_is_guided_to_the_end(system):
    rows = []
    hook = system.denoiser.register_forward_pre_hook(lambda _, args: rows.append(len(args[0])))
    try:
        alone = system.generate("a rock fill", steps=2, candidates=1, seed=3)[0]
        system.generate(["rock", "a rock fill"], steps=2, candidates=1, seed=3)
        mixed = system.generate(["rock", "a rock fill"], steps=2, candidates=1, seed=3)[1]
    finally:
        hook.remove()
    assert rows == [2, 2, *[4, 3] * 2]  # with guidance each loop twice; in the second step one
    assert np.array_equal(alone.notes["time"], mixed.notes["time"])
