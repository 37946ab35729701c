"""The script that brings drum kits, against a loopback server with a SoundFont."""

import hashlib

import pytest

from tests.data_scripts.scripts import module_of
from workbench.music.drum_kit import KITS, find_kit
from workbench.music.soundfont import bundled_soundfont


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    return module_of("drum_kits")


def test_every_kit_of_the_script_is_known_to_the_player(script):
    known = {kit.file for kit in KITS}
    for name, size, checksum in script.KITS.values():
        assert name in known
        assert size > 1e6
        assert len(checksum) == 64


@pytest.mark.parametrize("kit", ["black-pearl", "red-zeppelin"])
def test_a_kit_is_found_after_the_download(script, serve, tmp_path, capsys, kit):
    font = bundled_soundfont()
    if font is None:
        pytest.skip("no SoundFont is installed")
    content = font.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert script.main([kit, "--url", serve(content).url, "--sha256", digest]) == 0
    path = tmp_path / "soundfonts" / script.KITS[kit][0]
    said = capsys.readouterr().out
    assert str(path) in said
    assert "CC BY-SA" in said
    assert path.read_bytes() == content
    assert find_kit() == path  # the cache comes before the system's folders


def test_a_wrong_checksum_leaves_nothing(script, serve, tmp_path, capsys):
    assert script.main(["--url", serve(b"RIFF" + bytes(4000)).url]) == 1
    assert "checksum" in capsys.readouterr().err
    assert not list((tmp_path / "soundfonts").glob("*.sf2*"))
