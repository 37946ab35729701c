"""FluidSynth, run by its command if it is installed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import BrokenFileError, MissingDataError
from workbench.music.mixing import finish, fold
from workbench.music.placing import natural_length
from workbench.music.soundfont import bundled_soundfont, check_soundfont
from workbench.music.writing import midi_file
from workbench.processes import tied

TIMEOUT_SECONDS = 300
GAIN = 1.5


def fluidsynth_command() -> str | None:
    """Return the path of the `fluidsynth` program, or None."""
    return shutil.which("fluidsynth")


class FluidSynth:
    """FluidSynth playing a SoundFont, without reverb and chorus.

    path: a .sf2 or .sf3 file; default: pretty_midi's TimGM6mb.sf2.
    """

    name = "fluidsynth"

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        found = Path(path) if path else bundled_soundfont()
        if fluidsynth_command() is None:
            raise MissingDataError("fluidsynth is not installed; install it or use default_synth()")
        if found is None:
            raise MissingDataError("no SoundFont is installed; set WORKBENCH_SOUNDFONT")
        self.path = found.expanduser()
        check_soundfont(self.path)

    @property
    def sound(self) -> str:
        """Which SoundFont plays, such as "TimGM6mb"."""
        return self.path.stem

    def render(
        self, score: Any, sample_rate: int, samples: int | None = None, *, loop: bool = True
    ) -> np.ndarray:
        """Sound of the score, float32 (2, samples), peak ≤ 1; see synth.Synth.render."""
        if samples is None:
            samples, loop = natural_length(score, sample_rate), False
        sound = self._run(score, sample_rate)
        sound = np.pad(sound, ((0, max(samples - len(sound), 0)), (0, 0)))
        folded = fold(sound, samples) if loop else np.ascontiguousarray(sound[:samples].T)
        return finish(folded, sample_rate, loop)

    def _run(self, score: Any, sample_rate: int) -> np.ndarray:
        """Return the output of the program for the score, float32 (n, 2)."""
        import soundfile

        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "score.mid", Path(folder) / "sound.wav"
            source.write_bytes(midi_file(score))
            command = [
                str(fluidsynth_command()),
                "-ni",
                "-q",
                "-g",
                str(GAIN),
                "-R",
                "0",
                "-C",
                "0",
                "-r",
                str(sample_rate),
                "-O",
                "float",
                "-T",
                "wav",
                "-F",
                str(target),
                str(self.path),
                str(source),
            ]
            run = subprocess.run(
                tied(command), capture_output=True, timeout=TIMEOUT_SECONDS, check=False
            )
            if run.returncode != 0 or not target.is_file():
                reason = run.stderr.decode(errors="replace").strip().split("\n")[-1]
                raise BrokenFileError(
                    f"fluidsynth cannot play {self.path} ({reason}); choose another SoundFont"
                )
            return soundfile.read(target, dtype="float32", always_2d=True)[0]
