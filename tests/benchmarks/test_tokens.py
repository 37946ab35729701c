"""The speed of encoding, on built-in songs written to files."""

import json

from workbench.benchmarks import tokens
from workbench.datasets.builtin_songs import sample


def test_it_measures_and_prepares(tmp_path, capsys):
    for number, clip in enumerate(sample(12, 3)):
        clip.write_midi(tmp_path / f"{number:02d}.mid")
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    out = tmp_path / "tokens.json"
    code = tokens.main(
        [str(tmp_path), "--workers", "1", "--out", str(out), "--prepare", str(tmp_path / "kept")]
    )
    assert code == 0
    found = json.loads(out.read_text())["sections"]
    assert found["encoders"]["equal"] == found["encoders"]["count"] == 12
    assert found["encoders"]["ratio"] > 3  # a loop over notes cannot reach that
    assert found["prepare"]["songs"] == 12
    assert found["prepare"]["skipped"] == 1
    assert "hours for all of Lakh" in capsys.readouterr().out


def test_an_empty_folder_is_named(tmp_path, capsys):
    assert tokens.main([str(tmp_path)]) == 1
    assert "holds no MIDI files" in capsys.readouterr().err
