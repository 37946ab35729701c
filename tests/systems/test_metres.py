"""No call turns another metre into 4/4 without a word: it works in it, warns of it or refuses."""

import numpy as np
import pytest
import symusic

from workbench import Clip
from workbench.course.widgets.drum_grid import DrumGrid
from workbench.datasets import cut_loops
from workbench.errors import PromptError
from workbench.evaluation import rhythm
from workbench.models.contrastive import ContrastiveConfig
from workbench.models.control import ControlConfig
from workbench.models.diffusion_lm import DiffusionLMConfig
from workbench.representations.drum_roll import DrumRoll, rolls_of
from workbench.representations.mmm import MMM
from workbench.representations.pvd import PVD
from workbench.representations.text import KeywordText
from workbench.systems.diffusion_lm import DiffusionLM, PianoConfig
from workbench.systems.drum_ldm import DrumLDM, DrumLDMConfig

OTHERS = [(3, 4), (2, 4), (5, 4), (6, 8), (7, 8), (12, 8)]
NAMES = [f"{top}/{bottom}" for top, bottom in OTHERS]


def loop(meter, bars=4) -> Clip:
    """Bass drum on every bar line, hi-hat on eighths."""
    size = 4 * meter[0] / meter[1]
    rows = [(bar * size, 0.1, 36, 100) for bar in range(bars)]
    rows += [(t, 0.1, 42, 60) for t in np.arange(0, bars * size, 0.5).tolist()]
    return Clip.from_notes(rows, meter=meter, beats=bars * size, drums=True)


def piano(meter, bars=4) -> Clip:
    size = 4 * meter[0] / meter[1]
    rows = [(t, 0.5, 60 + int(2 * t) % 12, 80) for t in np.arange(0, bars * size, 0.5).tolist()]
    return Clip.from_notes(rows, meter=meter, beats=bars * size, drums=False)


def score_of_two_metres() -> Clip:
    clip = loop((4, 4))
    score = clip.score.copy()
    score.time_signatures.append(symusic.TimeSignature(8 * score.tpq, 3, 4, ttype="tick"))
    return Clip(score)


DRAWN = {
    "vary": lambda system, clip: system.vary(clip, steps=2),
    "interpolate from": lambda system, clip: system.interpolate(clip, loop((4, 4)), 2, steps=2),
    "interpolate to": lambda system, clip: system.interpolate(loop((4, 4)), clip, 2, steps=2),
    "inpaint": lambda system, clip: system.inpaint(clip, keep_bars=[0], steps=2),
}


@pytest.fixture(scope="module")
def in_4_4() -> DrumLDM:
    """A system without charts, of random weights: it plays 4/4 alone."""
    towers = ContrastiveConfig(text_dim=KeywordText.dim)
    return DrumLDM(DrumLDMConfig(text="keywords", contrastive=towers, width=24, depth=1, heads=2))


@pytest.mark.parametrize("meter", OTHERS, ids=NAMES)
@pytest.mark.parametrize("call", DRAWN)
def test_what_draws_4_4_alone_refuses_other_metres(in_4_4, call, meter):
    with pytest.raises(PromptError, match=f"{meter[0]}/{meter[1]}"):
        DRAWN[call](in_4_4, loop(meter))


@pytest.mark.parametrize("call", DRAWN)
def test_one_bar_of_another_metre_is_refused_and_bars_of_4_4_are_not(in_4_4, system, call):
    for drums in (in_4_4, system):
        with pytest.raises(PromptError, match="3/4"):
            DRAWN[call](drums, score_of_two_metres())
        with pytest.raises(PromptError, match="3/4, 4/4"):
            DrumGrid(score_of_two_metres(), drums)
    DRAWN[call](in_4_4, loop((3, 4)).with_(meter=(4, 4), beats=16))  # the way out that it names


@pytest.mark.parametrize("meter", OTHERS, ids=NAMES)
def test_a_grid_shows_every_metre_and_says_where_the_system_does_not_play_it(in_4_4, meter):
    grid = DrumGrid(loop(meter), in_4_4)
    assert tuple(grid.clip.meter) == meter
    for empty in (grid, DrumGrid(None, in_4_4, meter=meter)):
        empty.on_fill()
        assert empty.wait(60)
        assert f"{meter[0]}/{meter[1]}" in empty.say
        assert "4/4" in empty.say
        assert (empty.error, tuple(empty.clip.meter), empty.undos) == (None, meter, 0)


@pytest.mark.parametrize("meter", OTHERS, ids=NAMES)
@pytest.mark.parametrize("call", ["vary", "inpaint"])
def test_systems_that_follow_charts_edit_loops_in_their_own_metre(system, call, meter):
    (made,) = DRAWN[call](system, loop(meter))
    assert (tuple(made.meter), made.bars, made.beats) == (meter, 4, loop(meter).beats)
    for a, b in ((loop(meter), loop((4, 4))), (loop((4, 4)), loop(meter))):
        with pytest.raises(PromptError, match=f"{meter[0]}/{meter[1]}"):
            system.interpolate(a, b, 2, steps=2)
    assert tuple(system.interpolate(loop(meter), loop(meter), 2, steps=2)[0].meter) == meter


@pytest.mark.parametrize("meter", OTHERS, ids=NAMES)
def test_stacks_of_rolls_and_what_reads_them_name_the_metre(system, meter):
    name = f"{meter[0]}/{meter[1]}"
    for call in (rolls_of, system.embed_clips):
        with pytest.warns(UserWarning, match=name):
            call([loop(meter)])
    with pytest.warns(UserWarning, match=name):
        assert cut_loops([loop(meter)], bars=2) == []
    with pytest.warns(UserWarning, match=name):
        assert cut_loops([loop((4, 4))], bars=2, meter=meter) == []
    for cut in cut_loops([loop(meter), loop((4, 4))], bars=2, meter=meter):
        assert (cut.meter, cut.bars) == (meter, 2)


@pytest.mark.parametrize("meter", OTHERS, ids=NAMES)
def test_encodings_keep_the_bars(meter):
    drums, tune, size = loop(meter), piano(meter), 4 * meter[0] / meter[1]
    back = DrumRoll.from_clip(drums).to_clip()
    assert (back.meter, back.bars) == (meter, 4)
    np.testing.assert_allclose(
        back.notes["time"][back.notes["pitch"] == 36], size * np.arange(4), atol=1e-6
    )
    for rhythmic in (True, False):
        code = PVD(rhythmic)
        words = code.decode(code.windows(tune)[0], meter=meter)
        assert words.meter == meter
    if rhythmic:
        np.testing.assert_allclose(words.notes["time"], tune.notes["time"][: len(words.notes)])
    mmm = MMM()
    np.testing.assert_allclose(mmm.decode(mmm.encode(tune)).bar_lines, tune.bar_lines)


def test_a_roll_that_is_read_at_once_has_the_metre_of_the_file(tmp_path):
    for meter in [(4, 4), (2, 2), *OTHERS]:
        loop(meter).write_midi(tmp_path / "loop.mid")
        assert DrumRoll.read(tmp_path / "loop.mid").meter == meter


@pytest.fixture(scope="module")
def writer() -> DiffusionLM:
    network = DiffusionLMConfig(PVD().size, dim=8, width=16, depth=1, heads=2)
    return DiffusionLM(PianoConfig(network, ControlConfig(width=16, depth=1, heads=2)))


@pytest.mark.parametrize("meter", OTHERS, ids=NAMES)
def test_the_piano_is_filled_in_its_own_metre_and_says_that_it_is_rare(writer, meter):
    tune = piano(meter, bars=5)
    with pytest.warns(UserWarning, match=f"{meter[0]}/{meter[1]}"):
        (filled,) = writer.fill(tune, (1, 2), steps=2)
    size = 4 * meter[0] / meter[1]
    assert filled.meter == meter
    kept = [note for note in filled.notes if not size <= note["time"] < 2 * size]
    own = [note for note in tune.notes if not size <= note["time"] < 2 * size][: len(kept)]
    assert [(n["time"], n["pitch"]) for n in kept] == [(n["time"], n["pitch"]) for n in own]


def test_a_bar_longer_than_the_words_say_is_told():
    with pytest.warns(UserWarning, match="8/4"):
        PVD().windows(piano((8, 4)))
    with pytest.raises(ValueError, match="meter"):
        PVD().decode(PVD().windows(piano((4, 4)))[0], meter=(3, 5))


@pytest.mark.parametrize("words", ["a waltz", "samba in 7/8", "slow jazz in three"])
def test_words_that_ask_for_another_metre(in_4_4, words):
    with pytest.warns(UserWarning, match="only 4/4"):
        (made,) = in_4_4.generate(words, bars=1, steps=2)
    assert made.meter == (4, 4)


@pytest.mark.parametrize(
    "measure",
    [
        rhythm.positions,
        rhythm.downbeats,
        rhythm.backbeats,
        lambda rolls: rhythm.repetition(rolls, 1),
        lambda rolls: rhythm.syncopation(rhythm.kick_and_snare(rolls)),
    ],
)
def test_measures_by_the_bar_refuse_rolls_of_no_whole_bars(measure):
    with pytest.raises(PromptError, match="rolls: 12 steps"):
        measure(np.zeros((2, 12, 27), np.float32))
