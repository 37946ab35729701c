"""LDMG's benchmarks at their quickest: every section prints its table and writes its figures."""

import json
import math

import pytest

from tests.random_musicnn import write_musicnn
from workbench.benchmarks import cards, sound
from workbench.benchmarks.sound_drawing import _frames
from workbench.evaluation.table import cell
from workbench.systems.ldmg import LDMG


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    top = tmp_path_factory.mktemp("sound")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_CACHE", str(top / "cache"))
        write_musicnn(top / "cache")
        LDMG.train("builtin-songs", "smoke", out=top / "sound")
        given = {"checkpoint": "sound", "folder": "ablation", "out": "sound.json"}
        options = [word for key, name in given.items() for word in (f"--{key}", str(top / name))]
        assert sound.main([*options, "--quick"]) == 0
    return top, json.loads((top / "sound.json").read_text())["sections"]


def test_every_section_wrote_finite_figures(results):
    _, sections = results
    assert list(sections) == list(sound.SECTIONS)
    numbers = [
        value
        for s in sections.values()
        for row in s["rows"]
        for value in row
        if isinstance(value, float)
    ]
    assert len(numbers) > 40
    assert all(math.isfinite(number) for number in numbers)


def test_the_floor_is_nearer_than_an_untrained_system(results):
    _, sections = results
    far, apart = sections["frechet"], sections["wasserstein"]
    assert cell(far, "real", "Fréchet") < cell(far, "own", "Fréchet")
    share = cell(far, "own", "Fréchet") / cell(far, "trivial", "Fréchet")
    assert far["share"] == pytest.approx(share)
    floor = apart["rows"][-1][1]  # halves of the held-out music
    assert floor < cell(apart, "own", "raw")


def test_the_card_takes_the_tables(results):
    top, sections = results
    text = cards.write_card(top / "sound", top / "sound.json").read_text()
    assert text.startswith("# LDMG, trained on builtin-songs")
    assert "workbench train sound --dataset builtin-songs --profile smoke --seed 0" in text
    assert all(section["title"] in text for section in sections.values())


def test_what_is_missing_is_said(tmp_path, capsys):
    assert sound.main(["--checkpoint", str(tmp_path / "none")]) == 1
    assert "none" in capsys.readouterr().err


def test_frames_are_thinned_evenly():
    import torch

    z = torch.arange(2 * 3 * 50.0).view(2, 3, 50)
    assert _frames(z).shape == (100, 3)
    assert 20 <= len(_frames(z, 20)) <= 30
