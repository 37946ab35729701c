"""The commands over all systems, for each system: the same words, options and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.systems.conftest import SOUND
from workbench import cli
from workbench.music.clip import Clip
from workbench.music.synth import playback_synth
from workbench.system_options import SETTINGS, VERB_SETTINGS, settings_of
from workbench.systems.registry import SYSTEMS, find

SHORT = {"steps": "2", "bars": "2", "seconds": "0.5", "tracks": "0"}  # where a system has them
PART = {"bars": "1", "seconds": "0.1-0.3", "cells": "1-8", "tracks": "1"}  # what to replace
UNITS = [(key, unit) for key in SYSTEMS for unit in PART]


def status(words):
    """What a command exits with."""
    try:
        return cli.main([str(word) for word in words])
    except SystemExit as ended:
        return ended.code


def short(key, verb, **more):
    """Options that keep a command short, as words."""
    known = settings_of(SYSTEMS[key], verb)
    both = {"bars"} if "seconds" in known else set()  # the length of sound is given once
    given = {name: value for name, value in SHORT.items() if name in known.keys() - both} | more
    return [word for name, value in given.items() for word in (f"--{name}", value)]


def can(verb):
    return [key for key, entry in SYSTEMS.items() if verb in entry.system.can]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """For each system a file of the music that it makes."""
    folder = tmp_path_factory.mktemp("files")
    drums = [(0.5 * i, 0.1, 36 if i % 4 == 0 else 38, 90) for i in range(16)]
    piano = [(0.5 * i, 0.5, 60 + i % 5, 80) for i in range(32)]
    Clip.from_notes(drums, tempo=120, beats=8).write_midi(folder / "drums.mid")
    Clip.from_notes(piano, tempo=120, beats=16, drums=False).write_midi(folder / "piano.mid")
    sound = 0.1 * np.sin(np.arange(22050) / 20)[None]
    Clip(audio=sound.astype(np.float32), sample_rate=22050).write_audio(folder / "tone.wav")
    drums = [key for key, entry in SYSTEMS.items() if "cells" in entry.system.replaces]
    named = dict.fromkeys(drums, "drums.mid") | dict.fromkeys(SOUND, "tone.wav")
    return {key: folder / named.get(key, "piano.mid") for key in SYSTEMS}


def written(capsys):
    return [Path(line) for line in capsys.readouterr().out.splitlines()]


# --- what there is ----------------------------------------------------------------------------


def test_systems_lists_each_with_what_it_can_do(capsys):
    assert cli.main(["systems"]) == 0
    blocks = capsys.readouterr().out.split("checkpoints ")
    assert len(blocks) == len(SYSTEMS) + 1
    for entry, block in zip(SYSTEMS.values(), blocks[1:], strict=True):
        assert block.startswith(entry.checkpoint)
        for verb in ("generate", "inpaint", "vary", "train"):
            assert (verb in block) == (verb in entry.system.can)
        for verb in VERB_SETTINGS.keys() & entry.system.can:
            [line] = [row.split() for row in block.splitlines() if row.split()[0] == verb]
            assert {f"--{name}" for name in settings_of(entry, verb)} <= set(line)
        for unit in PART:
            [line] = [row for row in block.splitlines() if row.split()[0] == "inpaint"]
            assert (f"--{unit}" in line) == (unit in entry.system.replaces)


@pytest.mark.parametrize("key", SYSTEMS)
@pytest.mark.parametrize("verb", VERB_SETTINGS)
def test_every_setting_of_a_system_is_an_option(key, verb):
    if verb not in SYSTEMS[key].system.can:
        pytest.skip("it cannot")
    of_old = {"keep", "keep_bars"}
    settings = SYSTEMS[key].system.settings(verb).keys() - {"n", "seed"} - of_old
    assert settings == {name.replace("-", "_") for name in settings_of(SYSTEMS[key], verb)}


def test_every_option_is_a_setting_of_some_system():
    """Of some verb: what one edit of a clip takes, the others may take."""
    pairs = [(key, verb) for verb in VERB_SETTINGS for key in can(verb)]
    used = {name for key, verb in pairs for name in settings_of(SYSTEMS[key], verb)}
    assert used == set(SETTINGS) == {name for names in VERB_SETTINGS.values() for name in names}


# --- what each makes --------------------------------------------------------------------------


def test_sound_files_come_with_the_name_of_what_plays(tmp_path, capsys):
    words = ["generate", "rock", "--system", "drums", "--out", tmp_path]
    assert status(words) == 0
    assert "sound:" not in capsys.readouterr().err
    assert status([*words, "--wav", "--force"]) == 0
    assert f"sound: {playback_synth().sound}\n" in capsys.readouterr().err


@pytest.mark.parametrize("key", can("generate"))
def test_generate_reaches_every_system(key, tmp_path, capsys):
    words = ["generate", "--system", key, "-n", 2, "--seed", 3, "--out", tmp_path]
    words += short(key, "generate")
    assert status(words) == 0
    paths = written(capsys)
    assert len(paths) == 2
    for take, path in enumerate(paths, start=1):
        assert path.name.startswith(key)
        assert path.stem.endswith(f"_s3_{take}")
        clip = Clip.read(path)
        assert len(clip.notes) if path.suffix == ".mid" else np.abs(clip.audio).max() > 1e-3
    before = [path.read_bytes() for path in paths]
    assert status(words) == 2
    assert str(paths[0]) in capsys.readouterr().err
    assert status([*words, "--force", "--system", SYSTEMS[key].name]) == 0
    assert [path.read_bytes() for path in written(capsys)] == before


@pytest.mark.parametrize("key", ["sound", "music"])
def test_sound_lasts_whole_bars_of_a_tempo(key, tmp_path, capsys):
    words = ["generate", "rock bagpipe", "--system", key, "--tempo", "140", "--bars", "1"]
    words += ["--meter", "3/4", "--loop", "--steps", "2", "--out", tmp_path]
    assert status(words) == 0
    out = capsys.readouterr()
    clip = Clip.read(Path(out.out.strip()))
    at_16_khz = round(3 * 60 / 140 * 16000)  # the file has another rate
    assert abs(clip.audio.shape[1] - at_16_khz * clip.sample_rate / 16000) < 1
    assert "140bpm" in out.out
    assert "bagpipe" in out.err


@pytest.mark.parametrize("key", can("inpaint"))
def test_inpaint_reaches_every_system_and_leaves_the_rest(key, files, tmp_path, capsys):
    words = ["inpaint", files[key], "--out", tmp_path, *short(key, "inpaint", bars="2")]
    if files[key].suffix == ".wav":  # with 480 BPM it has two bars of half a second
        words += ["--tempo", "480"]
    assert status([*words, "--checkpoint", SYSTEMS[key].checkpoint]) == 0
    [path] = written(capsys)
    assert path.suffix == files[key].suffix
    assert path.stem.startswith(f"{files[key].stem}-bars-2_")
    old, new = Clip.read(files[key]), Clip.read(path)
    if old.audio is not None:
        assert new.duration == pytest.approx(old.duration, abs=0.01)
        assert np.abs(new.waveform(8000)[:, :3900] - old.waveform(8000)[:, :3900]).max() < 0.05
        assert not np.array_equal(new.waveform(8000)[:, 4100:], old.waveform(8000)[:, 4100:])
        return

    early = 0.125 if old.is_drums else 0.0  # a hit of a cell may come so much before it

    def outside(clip):
        return [n for n in clip.notes.tolist() if not 4 - early <= n[0] < 8 - early]

    assert [n[0] for n in outside(new)] == [n[0] for n in outside(old)]
    assert outside(old)


@pytest.mark.parametrize(("key", "unit"), UNITS)
def test_a_part_may_be_named_in_each_unit_of_the_system(key, unit, files, tmp_path, capsys):
    """What it does not replace is refused, before the weights are loaded."""
    words = ["inpaint", files[key], "--system", key, "--out", tmp_path / "out"]
    words += short(key, "inpaint", **{unit: PART[unit]})
    if unit == "bars" and files[key].suffix == ".wav":
        words += ["--tempo", "480"]
    if unit == "seconds" and files[key].stem == "piano":
        words[words.index("--seconds") + 1] = "0.1-1.9"
    if unit in SYSTEMS[key].system.replaces:
        if files[key].stem == "piano" and unit == "tracks":  # of the only bar of it
            words += ["--bars", "1"]
            if key == "piano":  # it adds no track
                words[words.index("--tracks") + 1] = "#1"
        assert status(words) == 0
        assert len(written(capsys)) == 1
        return
    assert status(words) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert f"--{unit}" in line
    assert SYSTEMS[key].name in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("side", "bars"), [("before", 2), ("after", 1)])
def test_a_song_is_introduced_and_continued(side, bars, files, tmp_path, capsys):
    words = ["fill", files["songs"], f"--{side}", bars, "--out", tmp_path]
    assert status(words) == 0
    (path,) = written(capsys)
    assert f"{side}-{bars}" in path.name
    own, longer = Clip.read_midi(files["songs"]), Clip.read_midi(path)
    shift = 4 * bars if side == "before" else 0
    moved = {(n["time"] + shift, n["pitch"]) for n in own.notes}
    assert moved <= {(n["time"], n["pitch"]) for n in longer.notes}
    inside = longer.notes["time"] - (0 if side == "before" else own.beats)
    assert ((inside >= 0) & (inside < 4 * bars)).any()


@pytest.mark.parametrize("key", can("vary"))
def test_vary_makes_variations(key, files, tmp_path, capsys):
    words = ["vary", files[key], "--system", key, "-n", 2, "--out", tmp_path]
    assert status([*words, *short(key, "vary", strength="0.5")]) == 0
    one, two = written(capsys)
    assert "variation" in one.stem
    assert one.read_bytes() != two.read_bytes()


# --- refusals ---------------------------------------------------------------------------------


def refusal(words, capsys):
    assert status(words) == 2
    said = capsys.readouterr()
    [line] = said.err.splitlines()
    assert said.out == ""
    return line


@pytest.mark.parametrize("key", [key for key in SYSTEMS if key not in can("vary")])
def test_what_a_system_cannot_do_is_refused_by_name(key, files, capsys):
    line = refusal(["vary", files[key], "--system", key], capsys)
    assert f"{SYSTEMS[key].name} cannot vary" in line
    assert all(other in line for other in can("vary"))


@pytest.mark.parametrize("key", SYSTEMS)
def test_a_setting_that_a_system_lacks_is_refused_with_those_it_has(key, capsys, tmp_path):
    known = settings_of(SYSTEMS[key], "generate")
    sample = {"meter": "3/4", "like": "x.wav", "top-p": "0.5"}
    lacking = [name for name in VERB_SETTINGS["generate"] if name not in known]
    assert lacking
    for name in lacking:
        words = ["generate", "--system", key, f"--{name}", sample.get(name, "1")]
        line = refusal([*words, "--out", tmp_path / "out"], capsys)
        assert f"--{name}" in line
        assert all(f"--{other}" in line for other in known)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["generate", "rock", "--system", "jazz"], "'jazz'"),
        (["generate", "rock", "--system", "songs"], "'rock'"),
        (["generate", "rock", "--system", "songs", "--checkpoint", "sound-ldmg"], "'rock'"),
        (["generate", "rock", "--system", "drums", "--checkpoint", "sound-ldmg"], "LDMG"),
        (["generate", "rock", "--system", "sound", "--genre", "no genre"], "genre"),
        (["generate", "rock", "--system", "sound", "--bars", "2"], "tempo"),
        (["generate", "rock", "--system", "music", "--meter", "3/4"], "tempo"),
        (["generate", "rock", "--system", "sound", "--tempo", "400"], "tempo"),
        (["generate", "120 bpm", "--system", "sound", "--seconds", "3", "--loop"], "bars"),
        (["generate", "rock", "--loop"], "--loop"),
        (["generate", "rock", "--sampler", "none"], "sampler"),
        (["generate", "--system", "songs", "--meter", "4/5"], "'4/5'"),
        (["generate", "rock", "--system", "music", "--like", "nowhere.wav"], "nowhere.wav"),
        (["inpaint", "nowhere.mid", "--bars", "1"], "--system"),
        (["inpaint", "nowhere.mid", "--system", "songs"], "--bars"),
        (["inpaint", "nowhere.mid", "--system", "songs", "--bars", "1"], "nowhere.mid"),
        (["inpaint", "drums.mid", "--system", "drums", "--bars", "9"], "bars"),
        (["inpaint", "drums.mid", "--system", "drums", "--cells", "30-40"], "--cells"),
        (["inpaint", "drums.mid", "--system", "drums", "--bars", "1", "--cells", "1"], "--cells"),
        (["fill", "piano.mid", "--bars", "1", "--before", "1"], "--bars and --before"),
        (["fill", "piano.mid", "--after", "1", "--before", "1"], "--before and --after"),
        (["fill", "piano.mid", "--after", "0"], "'0'"),
        (["fill", "piano.mid", "--before", "65"], "64 bars before"),
        (["inpaint", "drums.mid", "--system", "drums", "--after", "1"], "bars"),
        (["inpaint", "drums.mid", "--system", "drums", "--before", "1"], "bars"),
        (["inpaint", "tone.wav", "--system", "sound", "--after", "1"], "bars"),
        (["inpaint", "drums.mid", "--system", "drums", "--tracks", "XY"], "'XY'"),
        (["inpaint", "drums.mid", "--system", "drums", "--bars", "1", "--tempo", "90"], "--tempo"),
        (["inpaint", "tone.wav", "--system", "songs", "--bars", "1"], "tone.wav"),
        (["inpaint", "tone.wav", "--system", "drums", "--bars", "1"], "tone.wav"),
        (["inpaint", "tone.wav", "--system", "piano", "--bars", "1"], "tone.wav"),
        (["inpaint", "tone.wav", "--system", "sound", "--bars", "1"], "tempo"),
        (["inpaint", "tone.wav", "--system", "sound", "--seconds", "3-9"], "9"),
        (["inpaint", "tone.wav", "--system", "sound", "--seconds", "9-3"], "'9-3'"),
        (["vary", "tone.wav", "--system", "drums"], "tone.wav"),
        (["vary", "drums.mid", "--system", "drums", "--strength", "2"], "'2'"),
        (["train", "jazz"], "'jazz'"),
        (["gallery", "--systems", "jazz"], "'jazz'"),
        (["listen", "make", "--out", "out", "--systems", "jazz"], "'jazz'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_refused_in_one_line(
    words, named, files, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for path in set(files.values()):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert named in refusal(words, capsys)


def test_the_other_commands_take_the_same_names(monkeypatch, tmp_path, capsys):
    """train, evaluate, gallery and listen: a key, or a class in any case."""
    top = cli.parser()
    for key, entry in SYSTEMS.items():
        for name in (key, entry.name, entry.name.upper()):
            assert top.parse_args(["train", name]).system == key
            assert top.parse_args(["evaluate", name]).what == key
            assert top.parse_args(["gallery", "--systems", name]).only == [key]
            assert top.parse_args(["generate", "--system", name]).system == key
    assert top.parse_args(["gallery", "--only", "drums"]).only == ["drums"]


def test_a_listening_test_is_made_of_a_system_by_key(tmp_path, capsys):
    words = ["listen", "make", "--out", tmp_path, "--systems", "songs", "--prompts", "1"]
    words += ["--dataset", "builtin-songs", "--seed", "1"]
    assert status(words) == 0
    assert SYSTEMS["songs"].checkpoint in (tmp_path / "key.json").read_text()


@pytest.fixture(scope="module")
def drums_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("groove")
    find("drums").system.train("builtin", "smoke", text="keywords", out=folder / "drums", seed=1)
    return folder / "drums"


@pytest.mark.parametrize(
    "tool",
    [
        ["humanise"],
        ["tap", "--drum", "BD", "--prompt", "rock"],
        ["fill", "--bar", "2"],
        ["add", "--drum", "RD"],
        ["transfer", "--groove", "{file}"],
    ],
    ids=lambda tool: tool[0],
)
def test_groove_tools_write_their_takes(tool, drums_folder, tmp_path, capsys):
    from workbench.datasets import cut_loops, load

    loop = cut_loops(load("builtin", split="test", limit=8).clips, bars=2)[0]
    file = tmp_path / "loop.mid"
    loop.write_midi(file)
    words = [word.format(file=file) for word in tool[1:]]
    call = ["groove", tool[0], str(file), *words, "--checkpoint", str(drums_folder)]
    assert cli.main([*call, "-n", "2", "--out", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").glob("*.mid"))) == 2
    assert tool[0] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fill"], "--bar is missing for fill"),
        (["humanise", "--bar", "2"], "--bar: is not an option of humanise"),
        (["transfer"], "--groove is missing"),
    ],
)
def test_groove_tools_name_their_options(words, said, tmp_path, capsys):
    assert cli.main(["groove", words[0], str(tmp_path / "x.mid"), *words[1:]]) == 2
    assert said in capsys.readouterr().err
