"""Plans: what takes of a style that a request leaves open follow."""

import numpy as np
import pytest
import torch

from workbench.datasets import cut_loops, load
from workbench.errors import WorkbenchError
from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import DrumChart
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.drum_ldm.forms import FIELDS
from workbench.systems.drum_ldm.planning import plans_of
from workbench.systems.drum_ldm.plans import PLANS, RARELY, StylePlans, with_amounts

KICK, SNARE, HAT, RIDE = (DRUMS.index(name) for name in ("BD", "SD", "CH", "RD"))


@pytest.fixture(scope="module")
def clips():
    return cut_loops(load("builtin", split="train"), 8, 8)


@pytest.fixture(scope="module")
def plans(clips):
    return plans_of(clips, ["rock"])


@pytest.fixture(scope="module")
def system(smoke_folder) -> DrumLDM:
    return DrumLDM.from_pretrained(smoke_folder)


def amounts(**own: float) -> np.ndarray:
    values = np.zeros(len(DRUMS) + 1, dtype=np.float32)
    for name, value in own.items():
        values[DRUMS.index(name) if name in DRUMS else -1] = value
    return values


def test_a_plan_is_one_of_the_loops(clips, plans):
    rock = [c for c in clips if c.labels["style"] == "rock" and c.labels["kind"] == "beat"]
    measured = {len(c.notes) / c.beats for c in rock}
    for seed in range(5):
        _, own = plans.sampled("rock", DrumChart.empty(8), np.random.default_rng(seed))
        assert min(abs(own[-1] - rate) for rate in measured) < 0.05
        assert own[:-1].sum() == pytest.approx(own[-1], abs=0.01)


def test_only_its_styles_have_plans(plans):
    random = np.random.default_rng(0)
    assert plans.styles == ["rock"]
    assert plans.sampled("jazz", DrumChart.empty(8), random) is None
    assert random.random() == np.random.default_rng(0).random()  # nothing was sampled


@pytest.mark.parametrize("bars", [1, 3, 8, 16])
def test_a_form_has_the_length_that_is_asked(plans, bars):
    form, _ = plans.sampled("rock", DrumChart.empty(bars), np.random.default_rng(0))
    assert set(form) <= set(FIELDS)
    assert {len(values) for values in form.values()} == {bars}


def test_what_is_asked_chooses_among_plans():
    plans = StylePlans()
    plans.names[0, :4] = torch.tensor(list(b"rock"))
    plans.amounts[0, :, RIDE] = torch.arange(PLANS) / 8  # 0 to 4 per quarter note
    asked = DrumChart.empty(4)
    asked.drums[:, RIDE] = 4
    chosen = [
        float(plans.sampled("rock", asked, np.random.default_rng(seed))[1][RIDE])
        for seed in range(20)
    ]
    assert min(chosen) >= 3
    free = [
        float(plans.sampled("rock", DrumChart.empty(4), np.random.default_rng(seed))[1][RIDE])
        for seed in range(20)
    ]
    assert min(free) < 1


def test_amounts_fill_what_is_not_asked():
    chart = DrumChart.empty(2)
    chart.fill[:] = 0, 1
    implied = np.zeros((32, 9), dtype=bool)
    chart.hits[4, SNARE], implied[4, SNARE] = 1, True
    filled = with_amounts(chart, amounts(CH=2, SD=0.5, BD=1, all=3.5), implied)
    assert filled.drums[0, [KICK, SNARE, HAT]].tolist() == [1, 0.5, 2]
    assert filled.drums[0, RIDE] == pytest.approx(RARELY)  # not forbidden
    assert np.isnan(filled.drums[1]).all()  # a fill
    assert filled.density[0] == 3.5
    assert np.isnan(chart.drums).all()  # a copy


def test_a_drum_that_is_asked_leaves_all_others_open():
    none = np.zeros((32, 9), dtype=bool)
    hits, drums, ghosts = DrumChart.empty(2), DrumChart.empty(2), DrumChart.empty(2)
    hits.hits[0, KICK] = 1
    drums.drums[:, RIDE] = 1.8
    ghosts.ghosts[:] = 1
    for chart in (hits, drums, ghosts):
        filled = with_amounts(chart, amounts(CH=2, BD=1, all=3), none)
        assert np.array_equal(filled.drums, chart.drums, equal_nan=True)
        assert np.isnan(filled.density).all()


def test_a_sparse_bar_has_fewer_hits_of_all_drums():
    chart = DrumChart.empty(2)
    chart.density[1] = 2
    none = np.zeros((32, 9), dtype=bool)
    filled = with_amounts(chart, amounts(CH=2, SD=1, BD=1, all=4), none)
    assert filled.drums[:, HAT].tolist() == [2, 1]
    assert np.isnan(filled.density[0])
    alone = with_amounts(DrumChart.empty(2), amounts(CH=2, all=4), none)
    assert alone.density.tolist() == [4, 4]


def test_each_session_counts_the_same(clips):
    rock = [c for c in clips if c.labels["style"] == "rock" and c.labels["kind"] == "beat"][:9]
    own = [c.with_(labels=c.labels | {"session": "b" if i else "a"}) for i, c in enumerate(rock)]
    found = plans_of(own, ["rock"]).amounts[0]
    first = found[0]
    assert sum(torch.equal(row, first) for row in found) >= PLANS // 2


@pytest.mark.parametrize("styles", [["no such style"], ["rock"] * 9])
def test_styles_that_cannot_have_plans_are_refused(clips, styles):
    with pytest.raises(WorkbenchError, match="styles"):
        plans_of(clips, styles)


def test_plans_are_saved_loaded_and_followed(system, plans, tmp_path):
    system.plans = plans
    try:
        system.save_pretrained(tmp_path / "own")
        again = DrumLDM.from_pretrained(tmp_path / "own")
        chart, open_one = again.charts_for(["rock", "a drum beat"], 8, [0, 0])
        varied = again.charts_for(["rock, every bar different"], 8, [0])[0]
        formed = again.charts_for(["rock"], 8, [0], form="ABCD")[0]
        waltz = again.charts_for(["rock"], 8, [0], meter=(3, 4))[0]
    finally:
        system.plans = None
    assert again.plans.styles == ["rock"]
    assert not np.isnan(chart.drums).any()
    assert np.isnan(open_one.drums).all()  # names no style with plans
    for asked in (varied, formed, waltz):
        assert np.isnan(asked.drums).all()
    rates = plans.amounts[0].numpy()
    assert np.abs(rates[:, :9].clip(RARELY) - chart.drums[0]).max(1).min() < 0.01
    assert np.isnan(system.charts_for(["rock"], 8, [0])[0].drums).all()
