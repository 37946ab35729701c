"""MusicLDM's benchmarks at their quickest."""

import json
import math

import pytest

from tests.random_musicnn import write_musicnn
from workbench.benchmarks import cards, music
from workbench.benchmarks.audio_judge import PROMPTS
from workbench.evaluation.table import cell
from workbench.systems.musicldm import MusicLDM


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    top = tmp_path_factory.mktemp("music")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_CACHE", str(top / "cache"))
        write_musicnn(top / "cache")
        MusicLDM.train("builtin-songs", "smoke", mixup="plain", out=top / "music")
        given = {"checkpoint": "music", "folder": "ablation", "out": "music.json"}
        arguments = [word for k, v in given.items() for word in (f"--{k}", str(top / v))]
        assert music.main([*arguments, "--quick"]) == 0
    return top, json.loads((top / "music.json").read_text())["sections"]


def test_all_rows_are_there_and_finite(results):
    _, sections = results
    names = [row[0] for row in sections["ablation"]["rows"]]
    assert names[:3] == ["no mixup, audio", "no mixup, text", "no mixup, both"]
    assert names[-2:] == ["BLM, both", "the held-out windows"]
    assert len(names) == 13
    numbers = [
        value
        for s in sections.values()
        for row in s["rows"]
        for value in row
        if isinstance(value, float)
    ]
    assert all(math.isfinite(number) for number in numbers)


def test_the_windows_themselves_are_nearest(results):
    _, sections = results
    for column in ("KL", "Fréchet"):
        assert cell(sections["quality"], "real", column) == pytest.approx(0, abs=1e-6)
    assert cell(sections["quality"], "own", "Fréchet") > 0


def test_what_the_vae_loses_is_added_to_the_vocoders_loss(results):
    halved, whole = (
        cell(results[1]["coding"], row_id, "log-spectral distance, dB")
        for row_id in ("trivial", "own")
    )
    assert 0 < halved < whole
    assert [row[0] for row in results[1]["speed"]["rows"]][:2] == ["encoding 20 s", "decoding 20 s"]
    assert all(row[1] > 0 for row in results[1]["speed"]["rows"])


def test_the_card_takes_the_tables(results):
    top, sections = results
    text = cards.write_card(top / "music", top / "music.json").read_text()
    assert text.startswith("# MusicLDM (plain mixup), trained on builtin-songs")
    assert all(section["title"] in text for section in sections.values())


def test_what_is_missing_is_said(tmp_path, capsys):
    assert music.main(["--checkpoint", str(tmp_path / "none")]) == 1
    assert "none" in capsys.readouterr().err


def test_the_public_judges_tables_have_their_rows(results):
    _, sections = results
    names = [row[0] for row in sections["public"]["rows"]]
    assert names[:3] == ["generated, guidance 2", "generated, guidance 4", "reconstructions"]
    assert sum(name.startswith("codec: ") for name in names) == 3
    shares = sections["instruments"]["rows"]
    assert all(sum(row[2:7]) == pytest.approx(1) for row in shares)
    assert cell(sections["instruments"], "own", "clips") == len(PROMPTS)
