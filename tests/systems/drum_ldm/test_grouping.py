"""How words act on each other in a prompt for drums: exceptions, alternatives, lists, headings."""

import numpy as np
import pytest

from tests.systems.drum_ldm.test_request import D, absent, fills, silent, struck
from workbench.music.kit import DRUMS
from workbench.systems.drum_ldm.request import read_request


def out(prompt, drum, bars=4):
    """Bars, from 1, from which a drum is excluded."""
    chart = read_request(prompt, bars).chart
    return (np.flatnonzero(chart.drums[:, D[drum]] == 0) + 1).tolist()


@pytest.mark.parametrize(
    ("prompt", "drum", "bars"),
    [
        # exceptions are not what is excluded
        ("no hats except in bar 3", "CH", [1, 2, 4]),
        ("no crash except on bar 1", "CR", [2, 3, 4]),
        ("no hats but in bar 3", "CH", [1, 2, 4]),
        ("sin toms excepto en el compás 4", "LT", [1, 2, 3]),
        ("keine Toms außer in Takt 4", "LT", [1, 2, 3]),
        ("pas de toms sauf dans la mesure 4", "LT", [1, 2, 3]),
        ("sem tons exceto no compasso 4", "LT", [1, 2, 3]),
        ("no cymbals except the ride", "RD", []),
        ("no cymbals except the ride", "CR", [1, 2, 3, 4]),
        ("keine Becken außer Ride", "RD", []),
        ("sin platillos salvo el ride", "RD", []),
        ("kick on every bar except bar 3", "BD", [3]),
        ("bombo en 1 y 3 pero no en el compás 4", "BD", [4]),
        ("nothing in bar 3 but hats", "SD", [3]),
        ("nothing in bar 3 but hats", "CH", []),
        ("silence except the kick", "BD", []),
        ("silence except the kick", "SD", [1, 2, 3, 4]),
        ("rock without anything but kick", "BD", []),
        ("all drums except snare in bars 1-2, then all drums", "SD", [1, 2]),
        # neither of two
        ("neither kick nor snare in bar 2", "BD", [2]),
        ("weder Snare noch Toms", "LT", [1, 2, 3, 4]),
        ("ni bombo ni caja en el compás 2", "BD", [2]),
        ("nem bumbo nem caixa no compasso 2", "SD", [2]),
        ("no toms and no crash before bar 3", "LT", [1, 2]),
        ("not only kick but also snare", "CH", []),
        # alternatives
        ("toms instead of hats in bar 2", "CH", [2]),
        ("replace hats with ride", "CH", [1, 2, 3, 4]),
        ("replace hats with ride", "RD", []),
        ("ersetze Hi-Hat durch Ride", "RD", []),
        # headings
        ("bar 1: kick only, bar 2: snare only", "SD", [1]),
        ("bar 1: no kick. bar 2: no snare", "BD", [1]),
        ("bar 1: no kick. bar 2: no snare", "SD", [2]),
        ("bar 2: no kick, no snare", "SD", [2]),
        # "only", of drums and of places
        ("snare only in bar 2", "SD", [1, 3, 4]),
        ("ghost notes only", "CH", [1, 2, 3, 4]),
        ("ghost notes only", "SD", []),
        ("only ghost notes", "BD", [1, 2, 3, 4]),
        ("ghost notes only in bar 3", "CH", []),
        ("only snare in bar 2", "SD", []),
        ("only snare in bar 2", "BD", [2]),
        ("kick and snare, no other drums", "CH", [1, 2, 3, 4]),
        ("kick on 1, snare on 2 and 4, nothing else", "SD", []),
        ("kick on 1, snare on 2 and 4, nothing else", "RD", [1, 2, 3, 4]),
        ("only kick on 1 and snare on 3", "SD", []),
        ("toms only in the fill", "LT", [1, 2, 3]),
        # drums that come and go
        ("hats stay out until bar 3", "CH", [1, 2]),
        ("hats don't come in until bar 3", "CH", [1, 2]),
        ("hats silent in bar 2", "CH", [2]),
        ("no drums in bar 2", "BD", [2]),
        ("drums come in at bar 3", "BD", [1, 2]),
        ("drums out in bar 4", "BD", [4]),
        ("turn the snare off in bar 2", "SD", [2]),
        ("hats stop in bar 4", "CH", [4]),
        ("in Takt 2 setzt die Snare aus", "SD", [2]),
        ("die Hi-Hat kommt in Takt 3 dazu", "CH", [1, 2]),
        ("kick drops out at bar 2 and comes back at bar 4", "BD", [2, 3]),
        ("everything drops out except the hats in bar 3", "SD", [3]),
        ("kick and snare only until bar 3, then add hats", "CH", [1, 2]),
        ("empieza con solo bombo y entra la caja en el compás 3", "SD", [1, 2]),
        ("rock, fill in bar 4 with toms only", "SD", [4]),
        ("keine Toms außer im Fill", "LT", [1, 2, 3]),
        ("hats: 8ths, ride: none", "RD", [1, 2, 3, 4]),
        ("ab Takt 3 Ride statt Hi-Hat", "CH", [3, 4]),
        ("no crash unless it's the first bar", "CR", [2, 3, 4]),
        ("bar 3 is empty except for a crash on 1", "BD", [3]),
        ("bombo en 1, caja en 3, nada más", "RD", [1, 2, 3, 4]),
    ],
)
def test_bars_without_a_drum(prompt, drum, bars):
    assert out(prompt, drum) == bars
    assert read_request(prompt, 4).refused == read_request(prompt, 4).unknown == ()


@pytest.mark.parametrize(
    ("prompt", "drum", "hits", "rests"),
    [
        ("kick on all beats except 3", "BD", [0, 4, 12], [8]),
        ("snare on every beat but 1", "SD", [4, 8, 12], [0]),
        ("hats on every eighth except the & of 4", "CH", [0, 2, 4, 6, 8, 10, 12], [14]),
        ("Snare nicht auf der 2, sondern auf der 3", "SD", [8], [4]),
        ("snare not on 2 but on 3", "SD", [8], [4]),
        ("caja no en 2 sino en 3", "SD", [8], [4]),
        ("kick on 1 and 3, not 4", "BD", [0, 8], [i for i in range(16) if i not in [0, 8]]),
        ("kick: 1, 3; snare: 2, 4", "BD", [0, 8], [i for i in range(16) if i not in [0, 8]]),
        ("kick: 1, 3; snare: 2, 4", "SD", [4, 12], []),
        ("kick 1 3 snare 2 4", "SD", [4, 12], []),
        ("snare on 2/4", "SD", [4, 12], []),
        (
            "kick on one, two-and, three",
            "BD",
            [0, 6, 8],
            [i for i in range(16) if i not in [0, 6, 8]],
        ),
        ("rimshot on 2 and 4", "SD", [4, 12], []),
        ("caja en el 2, no en el 4", "SD", [4], [12]),
        ("bumbo em todos os tempos menos no 3", "BD", [0, 4, 12], [8]),
        ("caja en todos los tiempos menos el 1", "SD", [4, 8, 12], [0]),
        ("nothing on beat 1", "RD", [], [0]),
        ("16th hats", "CH", list(range(16)), []),
        (
            "Bassdrum auf 1, 3 und 4",
            "BD",
            [0, 8, 12],
            [i for i in range(16) if i not in [0, 8, 12]],
        ),
        ("kick on 1, snare on 4 only", "BD", [0], []),
        ("kik on teh 1 adn 3", "BD", [0, 8], [i for i in range(16) if i not in [0, 8]]),
        ("ghost notes on the e of 2", "SD", [5], []),
        ("kick x...x...x...x...", "BD", [0, 4, 8, 12], [i for i in range(16) if i % 4]),
        ("snare ....x...", "SD", [8], [i for i in range(16) if i != 8]),
    ],
)
def test_places_of_a_drum(prompt, drum, hits, rests):
    request = read_request(prompt, 2, played=True)
    assert struck(request, drum, 1) == hits
    assert silent(request, drum, 1) == rests
    assert request.meter == (4, 4)
    assert request.refused == request.unknown == ()


def test_an_exception_of_a_pattern_is_one_bar():
    request = read_request("snare on 2 and 4 except in bar 4", 4)
    assert struck(request, "SD", 2) == [4, 12]
    assert silent(request, "SD", 3) == [4, 12]


@pytest.mark.parametrize(
    ("prompt", "bars"),
    [
        ("fill in the second to last bar", [7]),
        ("fill in the penultimate bar", [7]),
        ("Fill im vorletzten Takt", [7]),
        ("un remate en el penúltimo compás", [7]),
        ("virada no penúltimo compasso", [7]),
        ("un fill à l'avant-dernière mesure", [7]),
        ("fill in the third to last bar", [6]),
        ("nur in Takt 4 ein Fill", [4]),
        ("no fill except in bar 4", [4]),
        ("form ABAC, fill in B", [2, 6]),
        ("two fills", [4, 8]),
        ("ABAB, fill in the Bs", [2, 4, 6, 8]),
        ("fill every 2 bars but not in bar 4", [2, 6, 8]),
    ],
)
def test_bars_of_fills(prompt, bars):
    assert fills(read_request(prompt, 8)) == bars


def test_sections_by_their_headings():
    request = read_request("verse: no snare, chorus: loud", 8)
    assert absent(request, 0) == {"SD"}
    assert absent(request, 4) == set()
    assert request.chart.loudness[4] > request.chart.loudness[3]
    chart = read_request("soft at first, then loud, then soft", 9).chart
    assert chart.loudness[1] == chart.loudness[8] < chart.loudness[4]
    chart = read_request("no snare in bars 1-2, then busy", 4).chart
    assert np.isnan(chart.density[:2]).all()
    assert (chart.density[2:] > 4).all()


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("no break", "no break"),
        ("don't stop", "no break"),
        ("no silence", "no silence"),
        ("never gets louder", "no build up"),
        ("no verse", "no verse"),
        ("AAAB, 3 bars", "form AAAB: needs 4 bars"),
        ("loud on 2 and 4", "beats 2 and 4: nothing is named"),
        ("bar 2", "bar 2: nothing is named"),
        ("funk in bars 1 and 2", "funk in bars 1 and 2: a style holds for the whole loop"),
        ("kick x..x.", "pattern x..x.: a bar of 4/4 has 16"),
        ("kick, no kick", "kick: asked for and excluded"),
        ("hats come in", "hi-hats: name the bar"),
        ("no snare, lots of ghost notes", "ghost notes: the snare is excluded"),
        ("laid-back snare, rushed hats", "laid back: pushed stands for the same bars"),
        ("never play kick and snare together", "together: drums are not bound"),
        ("16th hats but accents on the downbeats", "accents: single hits"),
        ("bar 1: kick, bar 2: zorbly", "bar 2: nothing is named"),
    ],
)
def test_what_has_no_effect_is_not_said_to_be_understood(prompt, reason):
    refused = read_request(prompt, 3).refused
    assert any(reason in text for text in refused), refused


def test_what_is_not_read_is_named():
    assert read_request("rock, zone 7", 4).unknown == ("zone", "7")
    assert read_request("verse B", 4).unknown == ("b",)


def test_comparisons():
    drums = read_request("more kick than snare", 1).chart.drums[0]
    assert drums[D["BD"]] > 1.5 > 0.5 > drums[D["SD"]] > 0
    drums = read_request("weniger Hi-Hat als Ride", 1).chart.drums[0]
    assert drums[D["RD"]] > 2 > 1 > drums[D["CH"]] > 0


def test_a_loop_without_drums_is_silent():
    chart = read_request("no drums in bar 2", 4).chart
    assert chart.absent()[16:32].all()
    assert not chart.absent()[:16].any()
    assert chart.density[1] == 0
    assert len(DRUMS) == chart.drums.shape[1]


def test_the_pace_of_a_fill_with_a_density_of_its_own_is_that_of_the_tempo():
    """As in Groove's captions; otherwise "fast fill" says how dense the fill is."""
    request = read_request("funk fast 125 bpm fill 4-4 sparse loud", 8)
    assert not request.refused
    assert (request.chart.density < 3).all()
    other = read_request("a sparse rock beat with a fast fill", 8)
    assert other.chart.density[7] > 5 > 3 > other.chart.density[0]
