"""A checkpoint's folder while it is saved: readers find all files, and of one save."""

import os

import pytest

from workbench.errors import CheckpointError
from workbench.systems import folders
from workbench.systems.folders import NAMES, opened, saving


def save(folder, text):
    with saving(folder) as beside:
        for name in NAMES:
            (beside / name).write_text(text)


def read(folder):
    with opened(folder) as files:
        return {name: path.read_text() for name, path in files.items()}


@pytest.mark.parametrize("moment", range(16))
def test_a_save_at_any_moment_of_reading_hides_no_file(tmp_path, monkeypatch, moment):
    """Saves run whole, or until their files are on their way, before one of the reader's looks."""
    folder, looks, busy = tmp_path / "c", [], []
    save(folder, "first")

    def and_save(real):
        def look(*args, **more):
            if not busy:
                looks.append(args)
                if len(looks) - 1 in (moment, moment + 1):
                    busy.append(True)
                    save(folder, f"save {len(looks)}")
                    saved = folder / folders.SAVED  # and one more, of which half is settled
                    saved.mkdir()
                    for name in NAMES:
                        (saved / name).write_text(f"half {len(looks)}")
                    for name in sorted(NAMES)[: moment % 4]:
                        os.replace(saved / name, folder / name)
                    busy.clear()
            return real(*args, **more)

        return look

    monkeypatch.setattr(folders, "open_regular", and_save(folders.open_regular))
    monkeypatch.setattr(folders.Path, "stat", and_save(folders.Path.stat))
    found = read(folder)
    assert found.keys() == set(NAMES)
    assert len(set(found.values())) == 1
    assert len(looks) > moment


def test_files_stay_readable_while_the_folder_is_saved(tmp_path):
    save(tmp_path, "first")
    with opened(tmp_path) as files:
        save(tmp_path, "second")
        assert {path.read_text() for path in files.values()} == {"first"}
    assert set(read(tmp_path).values()) == {"second"}


def test_a_folder_without_some_files_has_the_others(tmp_path):
    (tmp_path / "config.json").write_text("one")
    assert read(tmp_path) == {"config.json": "one"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_in_a_files_place_is_refused_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"model\.safetensors.*pipe"), opened(tmp_path):
        pass
