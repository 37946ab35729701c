"""The benchmarks run, print and write what they measured; cards carry it on."""

import json

import pytest

from workbench.benchmarks import cards, drum_downbeats, drums, speed
from workbench.datasets.captions import Facts
from workbench.evaluation.table import Report
from workbench.systems.drum_ldm import DrumLDM


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    DrumLDM.train("builtin", "smoke", text="keywords", out=folder)
    return folder


def test_drums_on_held_out_sessions(checkpoint, groove_root, tmp_path, capsys):
    out = tmp_path / "drums.json"
    code = drums.main(
        [
            "--checkpoint",
            str(checkpoint),
            "--dataset",
            str(groove_root),
            "--quick",
            "--n",
            "24",
            "--only",
            "frechet",
            "--out",
            str(out),
        ]
    )
    assert code == 0
    sections = json.loads(out.read_text())["sections"]
    assert sections.keys() == {"frechet"}
    printed = capsys.readouterr().out
    assert "floor" in printed
    assert all(section["title"] in printed for section in sections.values())


@pytest.mark.parametrize(
    ("word", "facts", "speaks"),
    [
        ("slow", Facts("funk", tempo=72.0), True),
        ("slow", Facts("funk", tempo=72.0, kind="fill"), False),
        ("fast", Facts("funk", tempo=72.0), False),
        ("fill", Facts("funk", kind="fill"), True),
        ("fill", Facts("funk"), False),
        ("funk", Facts("funk", kind="fill"), False),
        ("samba", Facts("latin", "Brazilian samba"), True),
        ("reggae", Facts("reggae", "slow"), True),
        ("reggae", Facts("latin", "Brazilian samba reggae"), False),
        ("samba", Facts("latin", "Brazilian samba reggae"), False),
        ("afro", Facts("Afro-Cuban", "bembe"), True),
        ("toms", Facts("rock", traits=("loud", "toms")), True),
    ],
)
def test_a_chip_speaks_of_beats_unless_it_asks_for_fills(word, facts, speaks):
    assert drum_downbeats._speaks_of(word, facts) == speaks


def test_speed_prints_ratios(checkpoint, tmp_path, capsys):
    out = tmp_path / "speed.json"
    code = speed.main(
        [
            "--checkpoint",
            str(checkpoint),
            "--dataset",
            "builtin",
            "--files",
            "5",
            "--runs",
            "1",
            "--only",
            "prompt",
            "samplers",
            "midi",
            "import",
            "--out",
            str(out),
        ]
    )
    assert code == 0
    sections = json.loads(out.read_text())["sections"]
    assert sections.keys() == {"prompt", "samplers", "midi", "import"}
    assert sections["samplers"]["rows"][1][2] > 1  # 999 steps take longer than 20
    assert "× slower" in capsys.readouterr().out


def test_pretty_midi_gives_the_same_roll(tmp_path):
    """The slow way that speed is held against is right: the same hits on the same cells."""
    from workbench.datasets import load
    from workbench.representations.drum_roll import DrumRoll

    clip = load("builtin", split="test", limit=1)[0]
    clip.write_midi(tmp_path / "x.mid")
    ours = DrumRoll.from_clip(clip)
    theirs = speed._by_pretty_midi(tmp_path / "x.mid")[1 : ours.steps, :9] > 0.5
    assert (ours.hits[1:] == theirs).mean() > 0.999


def test_a_card_carries_the_tables(checkpoint, tmp_path):
    report = Report()
    report.table("reconstruction", "Autoencoder", ["", "F1"], [["ours", 0.99]])
    report.write(tmp_path / "r.json")
    path = cards.write_card(checkpoint, tmp_path / "r.json")
    card = path.read_text()
    assert "F1" in card
    assert "0.990" in card
    assert "workbench train drums --dataset builtin" in card
    later = Report()
    later.table("reconstruction", "Autoencoder", ["", "F1"], [["ours", 0.5]])
    later.table("more", "Speed", ["", "s"], [["warm", 0.25]])
    later.table("downbeats", "Downbeats", ["", "kick on 1"], [["samba", 0.1]], low=["samba"])
    later.write(tmp_path / "later.json")
    arguments = [checkpoint, tmp_path / "r.json", tmp_path / "later.json"]
    assert cards.main([str(path) for path in arguments]) == 0
    card = path.read_text()
    assert "0.990" not in card  # for a section that occurs twice the last one counts
    assert "0.500" in card
    assert "0.250" in card
    limits = next(line for line in card.splitlines() if "**Limits:**" in line)
    assert "samba" in limits
    kept = checkpoint / cards.MEASURED  # a result as any other
    assert cards.write_card(checkpoint, kept).read_text() == card
    assert cards.main([]) == 2
