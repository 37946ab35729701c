"""What prompts ask of a drum loop: words in five languages, and the chart that they become."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import PromptError
from workbench.models.contrastive import ContrastiveConfig
from workbench.models.mrlstm import AutoencoderConfig
from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import METERS, DrumChart, bar_steps
from workbench.systems.drum_ldm import DrumLDM, DrumLDMConfig
from workbench.systems.drum_ldm.lexicon import Lexicon, lexicon
from workbench.systems.drum_ldm.request import read_request

D = {code: i for i, code in enumerate(DRUMS)}
TOMS = ["LT", "MT", "HT"]


def struck(request, drum, bar=0):
    """Sixteenths of a bar on which a drum is asked to be struck."""
    size = bar_steps(request.meter)
    column = request.chart.hits[bar * size : (bar + 1) * size, D[drum]]
    return np.flatnonzero(column == 1).tolist()


def silent(request, drum, bar=0):
    """Sixteenths of a bar on which a drum is asked not to be struck."""
    size = bar_steps(request.meter)
    column = request.chart.hits[bar * size : (bar + 1) * size, D[drum]]
    return np.flatnonzero(column == 0).tolist()


def absent(request, bar=0):
    return {code for code in DRUMS if request.chart.drums[bar, D[code]] == 0}


def fills(request):
    return (np.flatnonzero(request.chart.fill == 1) + 1).tolist()


# --- what is understood ---------------------------------------------------------------------------

STATEMENTS = [
    # absence and exclusiveness
    ("no snare", ["no snare"]),
    ("rock without crash or ride", ["style: rock", "no crash or ride"]),
    ("no snare, toms or crash", ["no snare, toms or crash"]),
    ("no kick, no snare", ["no kick", "no snare"]),
    ("don't use toms", ["no toms"]),
    ("everything but the snare", ["no snare"]),
    ("everything except cymbals", ["no cymbals"]),
    ("no snare in bar 4", ["no snare in bar 4"]),
    ("no snare until bar 5", ["no snare in bars 1 to 4"]),
    ("no kick on beat 1", ["no kick on beat 1"]),
    ("funk, no ghost notes", ["style: funk", "no ghost notes"]),
    ("funk, no fills", ["style: funk", "no fills"]),
    ("kick drum only", ["only kick"]),
    ("nothing but kick and hats", ["only kick and hi-hats"]),
    ("just toms", ["only toms"]),
    ("snare solo", ["only snare"]),
    ("only kick in the last bar", ["only kick in the last bar"]),
    ("begin with only hats", ["only hi-hats in bars 1 to 4"]),
    ("rock ohne Becken", ["style: rock", "no cymbals"]),
    ("nur Kick und Snare", ["only kick and snare"]),
    ("rock sin caja", ["style: rock", "no snare"]),
    ("solo bombo y caja", ["only kick and snare"]),
    ("funk sans charleston", ["style: funk", "no hi-hats"]),
    ("pas de cymbales", ["no cymbals"]),
    ("seulement la grosse caisse", ["only kick"]),
    ("rock sem pratos", ["style: rock", "no cymbals"]),
    ("só bumbo e caixa", ["only kick and snare"]),
    # quantity
    ("busy kick, sparse snare", ["many hits of kick", "few hits of snare"]),
    ("lots of toms in the last bar", ["many hits of toms in the last bar"]),
    ("occasional open hats", ["few hits of open hi-hat"]),
    ("viel Hi-Hat, wenig Kick", ["many hits of hi-hats", "few hits of kick"]),
    ("funk with lots of ghost notes", ["style: funk", "many ghost notes"]),
    # places in the bar
    ("crash on the one", ["crash on beat 1 of bar 1"]),
    ("start with a crash on the one", ["crash on beat 1 of bar 1"]),
    ("snare on 2 and 4", ["snare on beats 2 and 4"]),
    ("kick on 1, 2& and 3", ["kick on beats 1 and 3 and the & of 2"]),
    ("an open hat on the and of 4", ["open hi-hat on the & of 4"]),
    ("kick on the a of 2", ["kick on the a of 2"]),
    ("hats off the beat", ["hi-hats on the off-beats"]),
    ("snare only on 2 and 4", ["snare on beats 2 and 4 only"]),
    ("16th note hats", ["hi-hats on sixteenths"]),
    ("Snare auf 2 und 4", ["snare on beats 2 and 4"]),
    ("caja en 2 y 4", ["snare on beats 2 and 4"]),
    ("caixa no 2 e no 4", ["snare on beats 2 and 4"]),
    ("caisse claire sur le 2 et le 4", ["snare on beats 2 and 4"]),
    ("Hi-Hat auf dem Offbeat", ["hi-hats on the off-beats"]),
    # places in the loop
    ("fill in bar 4", ["fill in bar 4"]),
    ("fill in bars 4 and 8", ["fill in bars 4 and 8"]),
    ("a fill in the fourth bar", ["fill in bar 4"]),
    ("fill every 4 bars", ["fill in bars 4 and 8"]),
    ("fill at the end of every 4 bars", ["fill in bars 4 and 8"]),
    (
        "rock with fills",
        ["style: rock", "fill in bars 4 and 8, in half of the takes only in bar 8"],
    ),
    ("rock with a fill", ["style: rock", "fill in bar 8"]),
    ("in bar 4 a fill and in bar 8 a crash", ["fill in bar 4", "crash on beat 1 of bar 8"]),
    ("a crash every 4 bars", ["crash on beat 1 of bars 1 and 5"]),
    ("toms in bars 3-4", ["toms in bars 3 and 4"]),
    ("hats come in at bar 5", ["hi-hats from bar 5"]),
    ("the kick drops out in bar 5", ["kick until bar 4"]),
    ("silence in bar 8", ["silence in bar 8"]),
    ("break in bar 5", ["break after the first beat in bar 5"]),
    ("Fill im letzten Takt", ["fill in bar 8"]),
    ("jeden vierten Takt ein Fill", ["fill in bars 4 and 8"]),
    ("un remate en el compás 4", ["fill in bar 4"]),
    ("un fill à la dernière mesure", ["fill in bar 8"]),
    ("virada no compasso 8", ["fill in bar 8"]),
    # sections
    ("verse then fill", ["verse in bars 1 to 7", "fill in bar 8"]),
    ("groove, then fill, then groove", ["fill in bar 4"]),
    ("first half quiet, second half loud", ["soft in the first half", "loud in the second half"]),
    ("starts quiet and ends loud", ["soft in bars 1 to 4", "loud in bars 5 to 8"]),
    ("3 bars of groove and 1 bar of fill", ["fill in bar 4", "fill in bar 8"]),
    ("build up", ["build up"]),
    ("erste Hälfte leise", ["soft in the first half"]),
    ("plus fort dans la deuxième moitié", ["loud in the second half"]),
    ("primero suave, luego fuerte", ["soft in bars 1 to 4", "loud in bars 5 to 8"]),
    ("Strophe dann Refrain", ["verse in bars 1 to 4", "chorus in bars 5 to 8"]),
    # feel, form, loudness
    ("laid back hip hop", ["style: hip hop", "laid back"]),
    ("hip hop, behind the beat", ["style: hip hop", "laid back"]),
    ("never changes", ["the same in every bar"]),
    ("immer gleich", ["the same in every bar"]),
    ("AABA", ["form AABA"]),
    ("form: A A A B", ["form AAAB"]),
    ("not too loud", ["not loud"]),
    ("drunk feel", ["drunk"]),
    ("J Dilla", ["style: hip hop", "dilla"]),
    ("kick, snare and hats only", ["only kick, snare and hi-hats"]),
    ("hi-hats, cymbals left out", ["hi-hats", "no cymbals"]),
    ("8th note hats and a few kicks", ["hi-hats on eighths", "few hits of kick"]),
    ("ride and 16th note hats", ["ride", "hi-hats on sixteenths"]),
    ("AB form", ["form AB"]),
    ("kick on 3 not on 1", ["kick on beat 3", "no kick on beat 1"]),
    ("a fill before bar 5", ["fill in bar 4"]),
    ("no snare before bar 5", ["no snare in bars 1 to 4"]),
    ("nem pratos nem toms", ["no cymbals or toms"]),
    ("fill in bar 4, four on the floor", ["fill in bar 4", "four on the floor"]),
    ("a rock beat, four on the floor", ["style: rock four on the floor", "four on the floor"]),
    ("snare on the backbeat", ["snare on beats 2 and 4"]),
    ("straight, no swing", ["straight", "no swing"]),
    ("samba suave con escobillas", ["soft", "brushes"]),
    ("leiser Jazz mit Besen", ["style: jazz brushes", "soft", "brushes"]),
    # tempo and metre
    ("rock, 7/8, 130 bpm", ["style: rock", "tempo 130 BPM", "7/8"]),
    ("one hundred and twenty bpm", ["tempo 120 BPM"]),
    ("schneller Punk", ["style: punk", "fast"]),
    ("Vals lento", ["style: waltz", "3/4", "slow"]),
    ("batería de rock lenta con ride", ["style: rock", "slow", "ride"]),
    ("valse jazz", ["style: jazz waltz", "3/4"]),
    # spelling
    ("fnuk with gohst notes", ["style: funk", "ghost notes", "read “fnuk” as “funk”"]),
    ("ROCK!!! 🤘 ｎｏ ｓｎａｒｅ", ["style: rock", "no snare"]),
]


@pytest.mark.parametrize(("prompt", "statements"), STATEMENTS)
def test_statements(prompt, statements):
    request = read_request(prompt, 8)
    assert set(statements) <= set(request.understood), request.understood
    extra = [s for s in request.understood if s not in statements]
    assert not any(s.startswith(("no ", "only ", "fill ")) for s in extra), extra
    assert request.unknown == ()
    assert request.refused == ()


@pytest.mark.parametrize(
    ("prompt", "word"),
    [
        ("banana rock", "banana"),
        ("медленный фанк", "медленный"),
        ("rock with heartbeat", "heartbeat"),
    ],
)
def test_unknown_words_are_named(prompt, word):
    assert word in read_request(prompt, 8).unknown


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("11/16 groove", "11/16"),
        ("rock with guitar", "guitar: only drums"),
        ("more cowbell", "cowbell: the kit"),
        ("hip hop with vinyl crackle", "sound"),
        ("fill in bar 12", "bar 12: this loop has 8 bars"),
        ("a 16 bar loop of rock", "16 bars"),
        ("rock, speeding up", "one tempo"),
        ("rock at 900 bpm", "30 to 300"),
        ("3/4 and then 7/8", "one metre"),
        ("rock without double kick", "double kick"),
        ("snare on 2 and 4, no snare", "snare: asked for and excluded"),
        ("Schlagzeug mit Gitarre", "gitarre: only drums"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(prompt, reason):
    refused = read_request(prompt, 8).refused
    assert any(reason in text for text in refused), refused


# --- the chart ------------------------------------------------------------------------------------


def test_a_prompt_about_nothing_asks_for_nothing():
    for prompt in ("", "a nice drum loop please", "🥁🔥", "...", "no", "only", "then", "bar 4"):
        request = read_request(prompt, 4)
        assert not request.chart.asks(), prompt
        assert request.style == ""
        assert request.tempo is None


def test_absent_drums_have_no_hits():
    request = read_request("rock, no snare", 4)
    assert absent(request, 3) == {"SD"}
    assert struck(request, "SD") == []
    assert request.chart.absent()[:, D["SD"]].all()
    assert struck(request, "BD") == [0]


def test_only_excludes_all_others():
    request = read_request("kick and snare only", 2)
    assert absent(request) == set(DRUMS) - {"BD", "SD"}
    request = read_request("only hats in bar 2", 4)
    assert absent(request, 0) == set()
    assert absent(request, 1) == set(DRUMS) - {"CH", "OH"}


def test_counts_follow_the_metre():
    assert struck(read_request("snare on 2 and 4", 1), "SD") == [4, 12]
    assert struck(read_request("snare on 4, in 6/8", 1), "SD") == [6]
    assert struck(read_request("snare on 3 and 5, 7/8", 1), "SD") == [4, 8]
    assert struck(read_request("kick on the & of 2", 1), "BD") == [6]
    assert struck(read_request("kick on the a", 1), "BD") == [3, 7, 11, 15]
    assert struck(read_request("kick on every beat, 5/4", 1), "BD") == [0, 4, 8, 12, 16]
    assert struck(read_request("four on the floor in 12/8", 1), "BD") == [0, 6, 12, 18]
    assert struck(read_request("hats off the beat", 1), "CH") == [2, 6, 10, 14]
    # the second of two swung eighths falls into the cell before the next beat
    assert struck(read_request("swung, hats off the beat", 1), "CH") == [3, 7, 11, 15]


def test_exclusive_places():
    request = read_request("snare only on 2 and 4", 2)
    assert struck(request, "SD", 1) == [4, 12]
    assert len(silent(request, "SD", 1)) == 14


@pytest.mark.parametrize(
    ("prompt", "drum", "places"),
    [
        ("rock", "SD", [4, 12]),
        ("four on the floor", "BD", [0, 4, 8, 12]),
        ("disco", "BD", [0, 4, 8, 12]),
        ("disco octave hats", "OH", [2, 6, 10, 14]),
        ("Motown, four snares", "SD", [0, 4, 8, 12]),
        ("money beat", "BD", [0, 8]),
        ("boom bap", "SD", [4, 12]),
        ("reggae one drop", "BD", [8]),
        ("steppers", "BD", [0, 4, 8, 12]),
        ("train beat", "SD", list(range(16))),
        ("trap hats", "CH", list(range(16))),
        ("double kick metal", "BD", list(range(16))),
        ("half-time rock", "SD", [8]),
        ("rock, half-time", "SD", [8]),
        ("halftime shuffle", "SD", [8]),
        ("we will rock you", "BD", [0, 2, 8, 10]),
        ("samba", "BD", [0, 3, 4, 7, 8, 11, 12, 15]),
        ("waltz", "BD", [0]),
        ("bossa nova", "BD", [0, 6, 8, 14]),
        ("drum and bass", "SD", [4, 12]),
    ],
)
def test_slang_has_its_anchors(prompt, drum, places):
    assert struck(read_request(prompt, 2), drum, 1) == places


def test_what_defines_a_style_may_be_what_it_leaves_out():
    assert 0 in silent(read_request("one drop", 2), "BD", 1)
    request = read_request("half-time rock", 2)
    assert silent(request, "SD") == [4, 12]
    assert read_request("half-time shuffle", 2).chart.swing[0] > 0.6


def test_a_bell_goes_on_over_two_bars():
    request = read_request("6/8 afro bell", 4)
    assert request.meter == (6, 8)
    assert [struck(request, "RD", bar) for bar in (0, 1, 2)] == [
        [0, 4, 8, 10],
        [2, 6, 10],
        [0, 4, 8, 10],
    ]


def test_what_is_asked_outranks_the_style():
    request = read_request("one drop with the kick on 1", 2)
    assert 0 in struck(request, "BD")
    request = read_request("rock, snare on 3", 2)
    assert 8 in struck(request, "SD")


def test_fills_leave_the_pattern_open():
    request = read_request("rock with a fill in bar 2", 4)
    assert fills(request) == [2]
    assert request.chart.fill.tolist() == [0, 1, 0, 0]
    assert struck(request, "SD", 1) == []
    assert struck(request, "SD", 2) == [4, 12]
    whole = read_request("a funk fill", 2)
    assert fills(whole) == [1, 2]
    assert whole.style == "funk fill"


def test_breaks_and_silence():
    request = read_request("rock, silence in bar 2", 4)
    assert absent(request, 1) == set(DRUMS)
    assert request.chart.density[1] == 0
    request = read_request("rock, break in bar 2", 4)
    assert request.chart.absent()[20:32].all()
    assert not request.chart.absent()[16:20].any()


def test_sections_share_the_bars():
    chart = read_request("quiet verse then loud chorus", 8).chart
    assert chart.loudness[4:].min() - chart.loudness[:4].max() > 0.3
    chart = read_request("a quiet verse and a loud chorus", 8).chart
    assert chart.loudness[4:].min() - chart.loudness[:4].max() > 0.3
    request = read_request("half-time for 4 bars, then double-time", 8)
    assert struck(request, "SD", 3) == [8]
    assert struck(request, "SD", 4) == [2, 6, 10, 14]
    assert fills(read_request("verse for 6 bars then a two bar fill", 8)) == [7, 8]
    assert read_request("verse, chorus, bridge, outro", 2).refused


def test_a_build_up_rises():
    chart = read_request("build up", 8).chart
    assert (np.diff(chart.loudness) > 0).all()
    assert (np.diff(chart.density) > 0).all()
    assert (np.diff(read_request("fade out", 8).chart.loudness) < 0).all()


def test_a_loud_part_is_louder_than_the_rest():
    for prompt in ("loud in the second half", "starts quiet", "first half soft"):
        chart = read_request(prompt, 8).chart
        assert chart.loudness[4:].min() > chart.loudness[:4].max() + 0.1, prompt


def test_feel():
    assert read_request("laid back", 2).chart.lay[0] > 0
    assert read_request("pushed", 2).chart.lay[0] < 0
    assert read_request("tight", 2).chart.loose[0] < read_request("loose", 2).chart.loose[0]
    assert read_request("Dilla", 2).chart.loose[0] > 0.15
    assert (
        read_request("very soft", 2).chart.loudness[0] < read_request("soft", 2).chart.loudness[0]
    )
    assert read_request("no ghost notes", 2).chart.ghosts[0] == 0
    ghosts = [read_request(f"{w}ghost notes", 2).chart.ghosts[0] for w in ("few ", "", "lots of ")]
    assert ghosts == sorted(ghosts)
    busy, sparse = (read_request(word, 2).chart.density[0] for word in ("busy", "sparse"))
    assert busy > 4 > sparse


def test_fills_without_a_place_are_fewer_in_some_takes():
    for prompt, bars, usual, fewer in (
        ("rock with fills", 8, [4, 8], [8]),
        ("rock with fills", 16, [4, 8, 12, 16], [8, 16]),
        ("rock with fills", 4, [4], [4]),
        ("fill every 4 bars", 8, [4, 8], [4, 8]),
        ("rock with a fill", 8, [8], [8]),
    ):
        for played_so, places in ((False, usual), (True, fewer)):
            chart = read_request(prompt, bars, fewer_fills=played_so).chart
            assert (np.flatnonzero(chart.fill == 1) + 1).tolist() == places


def test_a_busy_kick_makes_no_more_fills():
    request = read_request("rock 120 bpm toms busy kick fills", 8)
    assert (np.flatnonzero(request.chart.fill == 1) + 1).tolist() == [4, 8]
    assert "many hits of kick" in request.understood
    both = read_request("lots of kick and fills", 8).chart
    assert (np.flatnonzero(both.fill == 1) + 1).tolist() == [2, 4, 6, 8]


def test_steady_and_form():
    chart = read_request("never changes, fill in bar 4", 8).chart
    assert chart.likeness[1] == 1
    assert np.isnan(chart.likeness[[3, 4]]).all()
    assert chart.letter[0] == 0
    steady = read_request("a steady groove", 8).chart  # people's steady grooves are not the same
    assert steady.likeness.tolist() == pytest.approx([0.86] * 8)
    assert np.isnan(steady.letter).all()
    assert read_request("AAAB", 8).chart.letter.tolist() == [0, 0, 0, 1, 0, 0, 0, 1]
    assert read_request("A-B-A-C", 4).chart.letter.tolist() == [0, 1, 0, 2]


# --- tempo, metre, style --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "tempo"),
    [
        ("140bpm", 140),
        ("140 BPM", 140),
        ("rock at 140", 140),
        ("rock 140", 140),
        ("tempo: 140", 140),
        ("♩=140", 140),
        ("quarter = 140 rock", 140),
        ("140 beats per minute", 140),
        ("92,5 bpm", 92.5),
        ("120-130 bpm", 125),
        ("ninety bpm", 90),
        ("one forty bpm", 140),
        ("90s hip hop", None),
        ("1970s funk", None),
        ("16 bars", None),
        ("808", None),
        ("rock a 92 pulsaciones por minuto", 92),
        ("120 Schläge pro Minute", 120),
        ("fill in bar 8", None),
        ("7/8", None),
    ],
)
def test_tempo_figures(prompt, tempo):
    assert read_request(prompt, 8).tempo == tempo


@pytest.mark.parametrize(
    ("prompt", "usual", "low", "high"),
    [
        ("doom metal, slow as hell", 114, 30, 75),
        ("batería de rock lenta", 138, 40, 95),
        ("langsamer Jazz", 200, 40, 95),
        ("schneller Punk", 120, 140, 260),
        ("salsa rápida", 100, 130, 260),
        ("andante", 140, 76, 104),
        ("rock", 120, 100, 136),
        ("slow drum and bass at 170", 120, 170, 170),
        ("valse lente", 150, 40, 95),
        ("samba bem rápida", 100, 130, 260),
        ("mid-tempo funk", 160, 90, 125),
        ("not too fast punk", 190, 110, 185),
    ],
)
def test_tempo_words(prompt, usual, low, high):
    assert low <= read_request(prompt, 8).tempo_near(usual) <= high


@pytest.mark.parametrize(
    ("prompt", "meter"),
    [
        ("7/8 groove", (7, 8)),
        ("prog in seven", (7, 8)),
        ("waltz", (3, 4)),
        ("Walzer", (3, 4)),
        ("in 3", (3, 4)),
        ("5/4", (5, 4)),
        ("take five", (5, 4)),
        ("im 6/8 Takt", (6, 8)),
        ("slow blues in 12/8", (12, 8)),
        ("polka", (2, 4)),
        ("dreivierteltakt", (3, 4)),
        ("compás de 5/4", (5, 4)),
        ("fills in bars 3-4", (4, 4)),
        ("snare on 3 4", (4, 4)),
        ("rock", (4, 4)),
    ],
)
def test_metres(prompt, meter):
    request = read_request(prompt, 4)
    assert request.meter == request.chart.meter == meter
    assert request.chart.steps == 4 * bar_steps(meter)


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("batería de rock lenta", "rock"),
        ("gimme something latin-ish", "latin"),
        ("a latin groove, 100 bpm", "latin"),
        ("dnb", "drum and bass"),
        ("drum'n'bass", "drum and bass"),
        ("rock'n'roll", "rock"),
        ("New Orleans second line", "New Orleans second line"),
        ("bosanova", "latin Brazilian bossa nova"),
        ("like Fela Kuti", "Afrobeat"),
        ("r&b", "R&B"),
        ("no snare", ""),
    ],
)
def test_style_is_in_the_words_of_captions(prompt, style):
    assert read_request(prompt, 4).style == style


# --- what the user is told ------------------------------------------------------------------------


def test_the_reading_says_what_is_understood_unknown_and_refused():
    reading = read_request("rock, no snare, spooky guitar, 96 bpm", 8).reading()
    assert reading.tempo == 96
    assert reading.keywords == ("rock", "snare")
    assert reading.understood == ("style: rock", "tempo 96 BPM", "no snare")
    assert reading.unknown == ("spooky",)
    understood, unknown, refused = reading.messages
    assert "no snare" in understood
    assert "without effect: spooky" in unknown
    assert "guitar: only drums" in refused
    assert "No words" in read_request("", 8).reading().messages[0]
    assert "no music" in read_request("a nice loop", 8).reading().messages[0]


def test_only_a_system_with_a_chart_claims_to_follow_facts():
    small = {
        "text": "keywords",
        "width": 16,
        "depth": 1,
        "autoencoder": AutoencoderConfig(hidden=8, width=8),
        "contrastive": ContrastiveConfig(text_dim=58, width=16, depth=1),
    }
    plain, charted = (DrumLDM(DrumLDMConfig(chart=chart, **small)) for chart in (False, True))
    prompt = "no snare, doom metal, slow as hell"
    assert plain.explain_prompt(prompt).understood == ()
    assert any("cannot exclude" in text for text in plain.explain_prompt(prompt).messages)
    assert "no snare" in charted.explain_prompt(prompt).understood
    assert not any("cannot exclude" in text for text in charted.explain_prompt(prompt).messages)
    assert charted.tempo_of(prompt) <= 75
    for bars in (2, 4):
        reading = charted.explain_prompt("fill at the end", bars=bars)
        assert reading.understood == (f"fill in bar {bars}",)
    assert charted.tempo_of("rock, 140 bpm") == plain.tempo_of("rock, 140 bpm") == 140


# --- counts, metres and tempi as people write them ------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "drum", "places"),
    [
        ("kick on 2&", "BD", [6]),
        ("kick on 2+", "BD", [6]),
        ("kick on 1& and 3&", "BD", [2, 10]),
        ("kick on 1 and 2&.", "BD", [0, 6]),
        ("12/8 kick on 12&", "BD", [23]),
        ("hats on the &", "CH", [2, 6, 10, 14]),
        ("grosse caisse sur le 1 et le 3", "BD", [0, 8]),
        ("grosse caisse sur le 1 et le 2", "BD", [0, 4]),
        ("caisse claire sur le et de 2", "SD", [6]),
        ("Snare auf der 1 und der 3", "SD", [0, 8]),
        ("Snare auf der Und der 2", "SD", [6]),
        ("caixa no e do 2", "SD", [6]),
        ("snare on the e of 2", "SD", [5]),
        ("kick on the third beat", "BD", [8]),
        ("snare on the second and fourth beats", "SD", [4, 12]),
        ("snare on the last beat", "SD", [12]),
        ("Snare auf dem dritten Schlag", "SD", [8]),
        ("caja en el tercer tiempo", "SD", [8]),
        ("caisse claire sur le troisième temps", "SD", [8]),
        ("caixa no terceiro tempo", "SD", [8]),
        ("bd on 1 2 3 4", "BD", [0, 4, 8, 12]),
        ("kick on 1 and 3 in 2 bars", "BD", [0, 8]),
    ],
)
def test_counts_as_they_are_written(prompt, drum, places):
    request = read_request(prompt, 2)
    assert struck(request, drum, 1) == places
    assert request.refused == request.unknown == ()


@pytest.mark.parametrize(
    "prompt", ["snare on 5", "snare on 4 in 3/4", "hats on the e of 5", "snare on 0"]
)
def test_counts_that_the_metre_does_not_have_are_refused(prompt):
    request = read_request(prompt, 2)
    assert any("has none" in text for text in request.refused)
    assert not request.chart.asks()
    assert not any("snare" in text or "hi-hat" in text for text in request.understood)


def test_takt_is_a_bar():
    assert absent(read_request("keine Snare in Takt 4", 4), 3) == {"SD"}
    assert absent(read_request("keine Snare in Takt 4", 4), 2) == set()
    request = read_request("Crash in Takt 3", 4)
    assert [struck(request, "CR", bar) for bar in range(4)] == [[], [], [0], []]
    request = read_request("Rock ohne Snare in Takt 2 und 3", 4)
    assert ["SD" in absent(request, bar) for bar in range(4)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("prompt", "meter"),
    [
        ("compás 7/8, bombo en 1", (7, 8)),
        ("mesure 6/8, pas de crash", (6, 8)),
        ("compasso 6/8", (6, 8)),
        ("im Takt 6/8", (6, 8)),
        ("bar 3/4", (3, 4)),
        ("fills in bars 3/4", (4, 4)),
        ("no 7/8", (4, 4)),
        ("instead of 4/4, 3/4", (3, 4)),
        ("nicht im 4/4 Takt, sondern 3/4", (3, 4)),
    ],
)
def test_metres_in_context(prompt, meter):
    request = read_request(prompt, 8)
    assert request.meter == meter
    assert request.refused == ()


@pytest.mark.parametrize(
    ("prompt", "meter"),
    [
        ("jazz two-beat 120 bpm beat 4-4", (4, 4)),
        ("blues slow twelve-eight 125 bpm beat 4-4", (4, 4)),
        ("waltz time, but in 4/4", (4, 4)),
        ("twelve-eight feel, 6/8", (6, 8)),
    ],
)
def test_a_metre_in_figures_wins_over_one_in_words(prompt, meter):
    request = read_request(prompt, 8)
    assert request.meter == request.chart.meter == meter
    assert any(f"{meter[0]}/{meter[1]} is used" in reason for reason in request.refused)


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("not in 4/4", "not 4/4: name the metre"),
        ("not 120 bpm", "not 120 BPM: name the tempo"),
        ("not medium tempo", "name the tempo"),
        ("fill in bars 9 to 999", "bars 9 to 999"),
    ],
)
def test_an_exclusion_without_an_alternative_is_refused(prompt, reason):
    request = read_request(prompt, 8)
    assert any(reason in text for text in request.refused), request.refused
    assert request.tempo is None


@pytest.mark.parametrize(
    ("prompt", "low", "high"),
    [
        ("not fast", 60, 119),
        ("not slow", 121, 200),
        ("moins vite", 60, 119),
        ("weniger langsam", 121, 200),
        ("slower than 100 bpm", 60, 99),
        ("schneller als 140 bpm", 141, 200),
        ("más rápido que 140 bpm", 141, 200),
        ("not faster than 90 bpm", 60, 90),
        ("rock, not 120 bpm but 90 bpm", 90, 90),
    ],
)
def test_limits_of_the_tempo(prompt, low, high):
    assert low <= read_request(prompt, 4).tempo_near(120) <= high


def test_less():
    for prompt in ("less loud", "moins fort", "weniger laut", "menos fuerte"):
        assert read_request(prompt, 1).chart.loudness[0] < 0.5, prompt
    assert 0.55 < read_request("etwas lauter", 1).chart.loudness[0] < 0.8
    for prompt in ("menos bombo", "less kick", "weniger Kick", "moins de grosse caisse"):
        assert 0 < read_request(prompt, 1).chart.drums[0, D["BD"]] < 1, prompt
    assert 0 < read_request("no more than two crashes", 1).chart.drums[0, D["CR"]] < 0.5


def test_words_that_are_no_mistakes():
    request = read_request("Becken erst ab Takt 3", 4)
    assert request.chart.drums[:, D["CR"]].tolist()[2:] == [0.25, 0.25]
    assert not any("read" in text for text in request.understood)
    assert read_request("Ride statt Hi-Hat", 4).understood == ("ride", "no hi-hats")
    assert "rider" in read_request("rider on the storm", 4).unknown


@pytest.mark.parametrize(
    ("prompt", "bars"),
    [
        ("kick on ٣ and १&", 2),
        ("fill in bars 4, 8th", 8),
        ("fill in bars 1, 4a", 4),
        ("A in the second half das", 3),
    ],
)
def test_figures_with_letters_are_read(prompt, bars):
    assert read_request(prompt, bars).chart.bars == bars


# --- robustness -----------------------------------------------------------------------------------

WORDS = sorted(lexicon().words)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from(
                [*WORDS, "4", "8", "8th", "4a", "2&", ",", "7/8", "bar", "bars 1,", "no"]
            ),
            max_size=25,
        ).map(" ".join),
    ),
    st.integers(1, 16),
)
def test_any_text_can_be_read(prompt, bars):
    request = read_request(prompt, bars)
    chart = request.chart
    assert chart.bars == bars
    assert request.meter in METERS
    fields = (chart.loudness, chart.fill, chart.likeness, chart.swing)
    for values in (*fields, chart.hits, chart.drums, chart.density, chart.ghosts, chart.loose):
        assert np.nanmin(values, initial=0) >= 0
    for values in (*fields, chart.hits):
        assert np.nanmax(values, initial=0) <= 1
    bar = np.arange(chart.steps) // bar_steps(chart.meter)
    assert not ((chart.hits == 1) & (chart.drums[bar] == 0)).any()
    again = read_request(prompt, bars)
    assert again.understood == request.understood
    np.testing.assert_array_equal(again.chart.to_array(), chart.to_array())


@pytest.mark.parametrize(
    "text", ["bar {}", "{} bars", "in bar {} and 2", "every {} bars", "the {}&"]
)
def test_digits_that_are_not_figures_are_read_as_words(text):
    ethiopic = "፩"  # a digit for Python, but not one of a decimal number
    request = read_request(f"rock, {text.format(ethiopic)}", 8)
    assert request.style == "rock"
    assert read_request(f"fill in bar {'٣'}", 8).understood == ("fill in bar 3",)


def test_odd_arguments():
    assert read_request(None, 4).prompt == ""
    for prompt in (5, b"rock", ["rock"]):
        with pytest.raises(PromptError, match="prompt"):
            read_request(prompt, 4)
    for bars in (0, 65, 2.5):
        with pytest.raises(PromptError, match="bars"):
            read_request("rock", bars)


def test_reading_is_quick():
    """A hundred prompts take less than half a second of the processor's time."""
    prompts = [prompt for prompt, _ in STATEMENTS]
    for prompt in prompts:
        read_request(prompt, 8)
    begin = time.process_time()
    for prompt in prompts:
        read_request(prompt, 8)
    assert (time.process_time() - begin) / len(prompts) < 0.005


def test_a_phrase_stands_in_one_row():
    with pytest.raises(ValueError, match="slow"):
        Lexicon(["pace 0.7 50-90 | en: slow", "style ballad | fr: slow"])


def test_effects_of_the_lexicon_are_valid():
    fields = {"density", "loudness", "likeness", "swing", "lay", "loose", "ghosts"}
    kinds = {
        "style", "word", "bpm", "pace", "meter", "hit", "rest", "rate", "set", "drum", "fill",
        "stop", "silence", "build", "fade", "again", "section", "place", "part", "role",
        "refuse", "skip", "at",
    }  # fmt: skip
    for entry in set(lexicon().entries.values()):
        assert {effect[0] for effect in entry.effects} <= kinds, entry
        for codes in (*entry.of("drum"), *((code,) for code, *_ in entry.of("hit"))):
            assert set(codes) <= set(DRUMS), entry
        assert {field for field, _ in entry.of("set")} <= fields, entry
    for name in fields:
        assert isinstance(getattr(DrumChart.empty(1), name), np.ndarray)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("snaer", "snare"),
        ("rokc", "rock"),
        ("shufle", "shuffle"),
        ("reggea", "reggae"),
        ("bosanova", "bosanova"),
        ("langsahm", "langsam"),
        ("horse", "horse"),
        ("crush", "crush"),
        ("pink", "pink"),
        ("pack", "pack"),
        ("side", "side"),
    ],
)
def test_spelling_mistakes_are_read_and_other_words_are_not(written, meant):
    assert lexicon().corrected(written) == meant


def test_a_number_of_bars_is_no_metre():
    assert read_request("rock in 3 bars", 3).meter == (4, 4)


@pytest.mark.parametrize(
    ("prompt", "understood"),
    [
        ("rock beat 4-4 backbeat 8ths ride crash", ("backbeat", "ride on eighths")),
        ("16ths hats open hats", ("hi-hats on sixteenths", "open hi-hat")),
        ("ride 8ths hats on 2 and 4", ("ride on eighths", "hi-hats on beats 2 and 4")),
        ("4 on teh floor", ("four on the floor",)),
        ("no snair", ("no snare",)),
    ],
)
def test_note_values_belong_to_the_cymbal_after_them(prompt, understood):
    request = read_request(prompt, 2)
    assert {*understood} <= {*request.understood}
    assert request.meter == (4, 4)
    assert request.unknown == request.refused == ()


# --- how people put it ----------------------------------------------------------------------------

PUT = [
    # metres and tempi in words
    ("a march in two four", ["style: march", "2/4", "march"]),
    ("in seven eight, slow", ["7/8", "slow"]),
    ("kick in 2 4", ["kick on beats 2 and 4"]),
    ("zwischen 100 und 110", ["tempo 105 BPM"]),
    ("rock, between 90 and 100 bpm", ["style: rock", "tempo 95 BPM"]),
    ("115ish disco", ["style: dance disco", "tempo 115 BPM", "disco"]),
    ("soul 88 bmp", ["style: soul", "tempo 88 BPM"]),
    ("slow waltz", ["style: waltz", "3/4", "slow", "waltz"]),
    ("as loud as possible", ["very loud"]),
    ("an upbeat pop groove", ["style: pop", "lively"]),
    ("open hats on the upbeat", ["open hi-hat on the off-beats"]),
    # lengths at an edge of the loop, and places before a bar
    ("3 bars of silence at the end", ["silence in bars 6 to 8"]),
    ("end with 2 bars of toms", ["toms in bars 7 and 8"]),
    ("two bar fill at the end", ["fill in bars 7 and 8"]),
    ("8 bar funk loop with a fill at the end", ["style: funk", "fill in bar 8"]),
    ("snare roll leading into bar 7", ["style: snare rolls", "snare rolls in bar 6"]),
    ("crash on every downbeat", ["crash on beat 1 every bar"]),
    ("stop on beat 2 of the last bar", ["break after beat 2 in bar 8"]),
    # how long something lasts
    ("snare drops out for bar 5", ["no snare in bar 5"]),
    ("hats drop out in bars 3 and 4", ["no hi-hats in bars 3 and 4"]),
    ("hats drop out in bar 4", ["hi-hats until bar 3"]),
    ("toms come in for bar 2", ["toms only in bar 2"]),
    # what a fill is like is not what the loop is like
    ("loud tom fill in bar 4", ["fill in bar 4", "loud in bar 4", "toms in bar 4"]),
    ("fast fill at the end", ["fill in bar 8", "busy in bar 8"]),
    ("rock with fast hats", ["style: rock", "many hits of hi-hats"]),
    ("no loud cymbals", ["not loud", "few hits of cymbals"]),
    ("ride and a crash on the one", ["ride", "crash on beat 1 of bar 1"]),
    ("no kick for 4 bars", ["no kick in bars 1 to 4"]),
    ("no crash until the end", ["no crash in bars 1 to 7"]),
    ("toms from the middle on", ["toms in bars 5 to 8"]),
    ("ride after six bars", ["ride in bars 7 and 8"]),
    ("bring the ride in at bar 5", ["ride from bar 5"]),
    ("swap the hats for the ride in bar 5", ["no hi-hats in bar 5", "ride in bar 5"]),
    ("kick pattern: 1, 2&, 3", ["kick on beats 1 and 3 and the & of 2"]),
    (
        "funk with 16th hats, open on the and of 4",
        ["style: funk", "hi-hats on sixteenths", "open hi-hat on the & of 4"],
    ),
    ("not slow, not fast", ["not slow", "not fast"]),
    ("leave bar 4 empty", ["silence in bar 4"]),
    ("busy, then it thins out", ["busy in bars 1 to 4", "sparse in bars 5 to 8"]),
    (
        "2 bars of toms, 2 bars of rest",
        [
            *("toms in bars 1 and 2", "toms in bars 5 and 6"),
            *("silence in bars 3 and 4", "silence in bars 7 and 8"),
        ],
    ),
    ("snare on every second beat", ["snare on beats 2 and 4"]),
    ("a fill over the last two beats", ["fill in bar 8"]),
    ("half as many hats", ["few hits of hi-hats"]),
    ("rock, nothing on the toms", ["style: rock", "no toms"]),
    ("kick and snare, nothing besides", ["kick and snare", "no other drums"]),
    ("rock, nothing too busy", ["style: rock", "not busy"]),
    ("closed hats, nothing fancy", ["closed hi-hat", "sparse"]),
    ("everybody stops in bar 2 except the ride", ["only ride in bar 2"]),
    ("hats 16s, snr on 3", ["hi-hats on sixteenths", "snare on beat 3"]),
    (
        "quiet verse, loud chorus with crash and ride",
        [
            *("soft in bars 1 to 4", "verse in bars 1 to 4", "loud in bars 5 to 8"),
            *("chorus in bars 5 to 8", "crash and ride in bars 5 to 8"),
        ],
    ),
    # growing
    ("begins quiet and becomes loud", ["soft in bars 1 to 4", "loud in bars 5 to 8"]),
    ("starts simple, gets dense", ["sparse in bars 1 to 4", "busy in bars 5 to 8"]),
    ("empieza suave y se pone fuerte", ["soft in bars 1 to 4", "loud in bars 5 to 8"]),
    ("goes from quiet to loud", ["soft in bars 1 to 4", "loud in bars 5 to 8"]),
    ("builds from sparse to busy", ["build up"]),
    ("gets more and more aggressive", ["build up"]),
    ("leiser werdend", ["fade out"]),
    ("fica mais forte", ["build up"]),
    ("devient plus fort", ["build up"]),
    # phrases that overlap, and words that look like others
    ("funk con muchas notas fantasma", ["style: funk", "many ghost notes"]),
    ("samba for a party", ["style: latin Brazilian samba", "samba", "exciting"]),
    ("rock with no snar", ["style: rock", "no snare", "read “snar” as “snare”"]),
    (
        "breakdown with only kick, then full beat",
        ["breakdown in bars 1 to 4", "only kick in bars 1 to 4", "all drums in bars 5 to 8"],
    ),
    (
        "4 bars of hats, then 4 bars where it moves to the ride",
        ["hi-hats in bars 1 to 4", "ride in bars 5 to 8"],
    ),
]


@pytest.mark.parametrize(("prompt", "understood"), PUT)
def test_what_people_say_is_understood(prompt, understood):
    request = read_request(prompt, 8)
    assert list(request.understood) == understood
    assert not request.refused


@pytest.mark.parametrize(
    "prompt",
    [
        "rock without any cymbals",
        "a groove with no cymbals whatsoever",
        "sin ningún platillo",
        "sans aucune cymbale",
        "sem nenhum prato",
        "just the drums, no cymbals",
        "no cymbals, only drums",
        "sin platos, solo los tambores",
    ],
)
def test_no_cymbals_of_any_kind_leaves_out_the_hi_hats(prompt):
    request = read_request(prompt, 8)
    assert not request.refused
    assert {"CH", "OH", "RD", "CR"} <= absent(request, 0)
    assert not {"BD", "SD", "LT"} & absent(request, 0)


@pytest.mark.parametrize(
    "prompt", ["hats in 8ths, without any cymbals", "no cymbals at all, busy hi-hats"]
)
def test_hi_hats_that_are_asked_for_are_no_cymbals(prompt):
    request = read_request(prompt, 8)
    assert absent(request, 0) == {"RD", "CR"}
    assert not request.refused


def test_no_cymbals_alone_keeps_the_hi_hats():
    assert absent(read_request("rock drums, no cymbals", 8), 0) == {"RD", "CR"}


@pytest.mark.parametrize(
    "word", ["mental", "ring", "tough", "alternating", "sing", "price", "tree"]
)
def test_ordinary_words_are_no_styles(word):
    """A word that resembles one of the lexicon is said to be unknown."""
    request = read_request(word, 8)
    assert request.unknown == (word,)
    assert not request.style
    assert not request.understood


def test_drums_that_are_added_are_absent_before():
    request = read_request("start with only the kick, add hats, then snare", 8)
    assert "only kick in bars 1 and 2" in request.understood
    assert {"CH", "OH", "SD"} <= absent(request, 0)
    assert "BD" not in absent(request, 0)
    assert "SD" in absent(request, 3)
    assert "CH" not in absent(request, 3)
    assert not absent(request, 7)
    assert request.chart.drums[7, D["SD"]] > 0
    assert request.chart.drums[7, D["CH"]] > 0


def test_build_up_before_a_colon_is_that_of_the_loop():
    request = read_request("build up: start with only the kick, add hats, then snare", 8)
    assert (np.diff(request.chart.loudness) > 0).all()


def test_hats_on_the_off_beats_are_nowhere_else():
    request = read_request("hats on the off-beats, kick on 1", 8)
    assert struck(request, "CH") == [2, 6, 10, 14]
    assert silent(request, "CH") == [s for s in range(16) if s % 4 != 2]
    assert silent(request, "BD") == []  # a kick on 1 may have others
    both = read_request("hats on the off-beats, hats on 1", 8)
    assert struck(both, "CH") == [0, 2, 6, 10, 14]


def test_only_a_stroke_excludes_other_drums():
    request = read_request("only cross-stick and ride", 8)
    assert absent(request) == {*DRUMS} - {"SD", "RD"}
    assert absent(read_request("only ghost notes", 8)) == {*DRUMS} - {"SD"}


def test_break_after_a_beat():
    request = read_request("stop on beat 3 of the last bar", 8)
    for drum in ("BD", "SD", "CH"):
        assert silent(request, drum, 7) == list(range(9, 16))


def test_opposite_tempo_words_are_said():
    request = read_request("slow fast rock", 8)
    assert any(text.startswith("slow: fast") for text in request.refused)
    assert not read_request("fast, very fast punk", 8).refused


def test_between_beats_is_no_place():
    request = read_request("ghost notes between the backbeats", 8)
    assert struck(request, "SD") == []
    assert any(text.startswith("between the backbeats") for text in request.refused)


@pytest.mark.parametrize(
    ("prompt", "everywhere"),
    [
        ("rock 120 bpm beat 4-4 8ths hats open hats busy kick fills", ("OH", "BD")),
        ("funk 8ths ride bell toms fills", ("RD",)),
    ],
)
def test_a_list_of_keywords_before_fills_is_of_the_whole_loop(prompt, everywhere):
    chart = read_request(prompt, 8).chart
    for drum in everywhere:
        assert (chart.drums[:, D[drum]] > 0).all() or (chart.hits[:, D[drum]] == 1).any()
    assert np.isnan(chart.density[[3, 7]]).all() or (chart.density == chart.density[0]).all()


@pytest.mark.parametrize(
    ("prompt", "understood"),
    [
        ("snare waits until the fifth bar", ["snare", "no snare in bars 1 to 4"]),
        ("no snare on the two, keep it on four", ["no snare on beat 2", "snare on beat 4"]),
        ("I hate the crash", ["no crash"]),
        ("drop the kick out halfway through", ["no kick in bars 5 to 8"]),
        ("hats come in halfway through", ["hi-hats from bar 5"]),
        ("a fill halfway through", ["fill in bar 4"]),
        ("no cymbal crashes", ["no crash"]),
        ("gets louder all the way to the end", ["build up in bars 1 to 8"]),
        ("tresillo 3+3+2", ["kick on the pattern x..x..x."]),
        ("snare 3+3+2", ["snare on the pattern x..x..x."]),
        ("exactly two kicks per bar", ["kick on 2 places of each bar only"]),
        ("three snares a bar", ["snare on 3 places of each bar only"]),
    ],
)
def test_sentences_are_read_as_they_are_meant(prompt, understood):
    request = read_request(prompt, 8)
    assert list(request.understood) == understood
    assert request.refused == request.unknown == ()


def test_groups_in_figures_are_no_ranges():
    assert fills(read_request("fills in bars 3-4", 8)) == [3, 4]
    assert read_request("rock, 120-130 bpm", 8).tempo == 125


@pytest.mark.parametrize(
    ("prompt", "drum", "places"),
    [
        ("two kicks per bar", "BD", [0, 8]),
        ("3 snares in every bar", "SD", [0, 6, 10]),
        ("tresillo 3+3+2", "BD", [0, 6, 12]),
        ("kick on 1 and 3", "BD", [0, 8]),
    ],
)
def test_a_drum_whose_hits_are_counted_has_no_others(prompt, drum, places):
    request = read_request(prompt, 2, played=True)
    assert [struck(request, drum, bar) for bar in (0, 1)] == [places, places]
    assert silent(request, drum) == [step for step in range(16) if step not in places]


def test_more_kicks_may_be_asked_beside_those_on_the_beat():
    request = read_request("kick on 1 and 3, kick on the & of 4", 1, played=True)
    assert struck(request, "BD") == [0, 8, 14]
    assert silent(read_request("kick on the & of 4", 1), "BD") == []


def test_the_only_drum_of_a_bar_is_struck():
    request = read_request("only kick in bars 1-2", 4, played=True)
    assert [struck(request, "BD", bar) for bar in range(4)] == [[0, 8], [0, 8], [], []]
    assert struck(read_request("only snare", 1, played=True), "SD") == [4, 12]
    assert struck(read_request("only kick and snare", 1, played=True), "SD") == []


def test_without_a_kick_the_rest_of_the_kit_plays_on():
    request = read_request("no kick", 2, played=True)
    assert absent(request) == {"BD"}
    assert (request.chart.drums[:, [D["SD"], D["CH"]]] > 0).all()
    assert np.isnan(read_request("no crash", 2, played=True).chart.drums[:, D["CH"]]).all()
    alone = read_request("no kick, only snare", 2, played=True)
    assert absent(alone) == {*DRUMS} - {"SD"}


def test_half_time_in_some_bars_leaves_the_others():
    request = read_request("rock, half-time in bars 5-8", 8)
    assert "half-time" not in request.style
    assert struck(request, "SD", 0) == [4, 12]
    assert struck(request, "SD", 4) == [8]
    assert "half-time" in read_request("rock, half-time", 8).style


def test_cross_sticks_have_their_bars():
    assert read_request("rock", 4).sticks is None
    assert read_request("bossa nova with cross-stick", 4).sticks.tolist() == [True] * 4
    sticks = read_request("rock, cross-stick in bars 1 and 2", 4).sticks
    assert sticks.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("prompt", "louder", "softer"),
    [
        ("loud snare, soft hats", "SD", "CH"),
        ("snare loud hats soft", "SD", "CH"),
        ("quiet ride and a hard kick", "BD", "RD"),
        ("caja fuerte, charles suave", "SD", "CH"),
        ("laute Snare, leise Hi-Hat", "SD", "CH"),
    ],
)
def test_single_drums_have_their_loudness(prompt, louder, softer):
    request = read_request(prompt, 2)
    volumes = request.volumes
    assert (volumes[:, DRUMS.index(louder)] > volumes[:, DRUMS.index(softer)] + 0.3).all()
    assert np.isnan(volumes[:, DRUMS.index("CR")]).all()
    assert np.isnan(request.chart.loudness).all()
    assert not request.refused


def test_the_loudness_of_one_drum_has_its_bars_and_its_degree():
    very, plain = (read_request(f"{word}loud kick in bar 2", 4).volumes for word in ("very ", ""))
    assert very[1, 0] > plain[1, 0] > 0.7
    assert np.isnan(very[[0, 2, 3]]).all()
    compared = read_request("hats quieter than the snare", 1).volumes[0]
    assert compared[DRUMS.index("CH")] < 0.5
    assert np.isnan(compared[DRUMS.index("SD")])


@pytest.mark.parametrize(
    "prompt", ["loud", "loud drums", "rock, ride, loud", "rock loud hats", "a soft beat with ride"]
)
def test_other_loudness_is_that_of_the_loop(prompt):
    request = read_request(prompt, 2)
    assert request.volumes is None
    assert np.isfinite(request.chart.loudness).all()


@pytest.mark.parametrize("prompt", ["washy crash cymbals", "crash all over", "crash everywhere"])
def test_crashes_all_over_are_many(prompt):
    many = read_request("lots of crash", 2).chart.drums
    assert np.array_equal(read_request(prompt, 2).chart.drums, many, equal_nan=True)


def test_a_fill_keeps_no_time_on_hats_and_ride():
    hats, open_hats, ride = (DRUMS.index(code) for code in ("CH", "OH", "RD"))
    drums = read_request("a funk fill", 2, played=True).chart.drums
    assert (drums[:, hats] < 0.5).all()
    assert (drums[:, [open_hats, ride]] == 0).all()
    assert (read_request("a fill with ride", 2, played=True).chart.drums[:, ride] > 0).all()
    assert np.isnan(read_request("a funk fill", 2).chart.drums).all()


def test_without_a_kick_the_other_drums_play_more():
    kick, snare = (read_request(f"no {drum}", 1, played=True).chart for drum in ("kick", "snare"))
    assert kick.drums[0, DRUMS.index("CH")] > snare.drums[0, DRUMS.index("CH")]
    styled = read_request("rock, no kick", 1, played=True).chart
    assert styled.drums[0, DRUMS.index("SD")] < kick.drums[0, DRUMS.index("SD")]


def test_a_machine_is_tighter_than_a_tight_drummer():
    drummer, machine = (read_request(text, 1).chart.loose[0] for text in ("tight", "robotic"))
    assert 0 < machine < drummer


@pytest.mark.parametrize("meter", METERS)
def test_as_many_hits_as_are_counted(meter):
    for number in range(1, min(16, bar_steps(meter)) + 1):
        request = read_request(f"{number} kicks per bar", 1, meter)
        assert len(struck(request, "BD")) == number


def test_soft_rock_is_rock_but_softer():
    rock, soft = (read_request(prompt, 4) for prompt in ("rock", "soft rock"))
    assert rock.style == soft.style == "rock"
    assert np.isnan(rock.chart.loudness).all()
    assert np.allclose(soft.chart.loudness, read_request("soft", 4).chart.loudness)
    assert soft.usual_range[0] < rock.usual_range[0]
