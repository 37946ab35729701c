"""Groove tools: what stays of a loop and what the network plays anew is chosen for hits, velocity
and timing apart.

    humanise   the hits stay; velocity and timing are played
    transfer   the hits of one loop with the velocity and timing of another
    tap        a tapped rhythm becomes a full kit
    fill       a bar becomes a fill
    add        a drum joins a loop

Source: the tasks of GrooVAE, "Learning to Groove with Inverse Sequence Transformations"
(arXiv 1905.06118, section 4), here by diffusion with known parts.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from workbench.arguments import choice, listed, number, whole
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.kit import DRUM_NAMES, DRUMS, WRITE_PITCH
from workbench.music.midi import NOTE
from workbench.music.timeline import check_tempo
from workbench.representations.beat_tracking import onset_times
from workbench.representations.drum_chart import DrumChart, bar_steps
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.drum_ldm.editing import DrumEditing
from workbench.systems.drum_ldm.sampler import GUIDANCE, STEPS
from workbench.systems.drum_ldm.splice import cells_of, in_whole_bars, with_touch
from workbench.systems.progress import Progress
from workbench.systems.prompts import prompt_of
from workbench.systems.provenance import credit_of
from workbench.systems.region import Region
from workbench.systems.sampling import SamplingSettings, checked

N = len(DRUMS)
KICKS, SNARES = (35, 36), (37, 38, 40)  # pitches of a MIDI rhythm that say their drum
TAP_VELOCITY = 89  # of onsets without one
FEEL = ("loudness", "swing", "lay", "loose", "ghosts")  # bar fields that are touch and timing


class DrumGrooves(DrumEditing):
    """The part of DrumLDM that plays given hits anew and gives hits to a given rhythm."""

    @torch.inference_mode()
    def humanise(
        self,
        clip: Clip,
        n: int = 1,
        *,
        prompt: str | None = None,
        steps: int = STEPS,
        guidance: float = 1.0,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Keep the hits of a loop and sample their velocity and timing.

        Args:
            clip: A loop of up to `config.bars` bars.
            n: Number of versions, 1 to 1024.
            prompt: A text, such as "jazz, soft"; None uses the clip's caption.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` versions of the clip; only velocity and timing of hits of the nine voices differ.
            Further hits of a drum within a sixteenth move with the loudest one.

        Raises:
            PromptError: If the clip is not a drum loop in a metre of the system.
        """
        clip, _ = self._whole_bars(clip)
        settings = SamplingSettings(steps, guidance, seed=seed)
        own = self._roll_of(clip)
        free = _touch_of(own)
        return self._played(clip, free, n, "humanise", prompt, settings, own=own, progress=progress)

    @torch.inference_mode()
    def transfer(
        self,
        groove_of: Clip,
        notes_of: Clip,
        n: int = 1,
        *,
        steps: int = STEPS,
        guidance: float = 1.0,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Play the hits of one loop with the touch and timing of another.

        Where both loops strike a drum on the same sixteenth of the bar, velocity and offset are the
        mean of the first loop's there; others are sampled so that they fit.

        Args:
            groove_of: The loop whose velocity and timing are taken.
            notes_of: The loop whose hits are taken, in the same metre.
            n: Number of versions, 1 to 1024.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` versions of `notes_of`.

        Raises:
            PromptError: If a clip is not a drum loop, or the metres differ.
        """
        (groove_of, _), (clip, bars) = self._whole_bars(groove_of), self._whole_bars(notes_of)
        if tuple(groove_of.meter) != tuple(clip.meter):
            raise PromptError(
                f"groove_of, notes_of: must have the same metre, got {groove_of.meter[0]}/"
                f"{groove_of.meter[1]} and {clip.meter[0]}/{clip.meter[1]}"
            )
        own, model = self._roll_of(clip).copy(), self._roll_of(groove_of)
        size = bar_steps(clip.meter)
        velocity, offset, known = _mean_bar(model, size)
        free = _touch_of(own)
        # the mean bar is of first hits; second hits of a cell are sampled
        taken = np.tile(known, (bars, 1)) & (own[:, :N] > 0.5)
        for channel, mean in ((N, velocity), (2 * N, offset)):
            own[:, channel : channel + N][taken] = np.tile(mean, (bars, 1))[taken]
            free[:, channel : channel + N][taken] = False
        chart = DrumChart.measure(model, clip.meter)
        feel = {
            name: np.full(bars, np.nanmean(getattr(chart, name)), np.float32)
            for name in FEEL
            if np.isfinite(getattr(chart, name)).any()
        }
        return self._played(
            clip.with_(labels={"original": f"{credit_of(clip)}, groove of {credit_of(groove_of)}"}),
            free,
            n,
            "transfer",
            groove_of.caption,
            SamplingSettings(steps, guidance, seed=seed),
            own=own,
            feel=feel,
            progress=progress,
        )

    @torch.inference_mode()
    def tap(
        self,
        rhythm: Clip | Sequence[float] | np.ndarray,
        prompt: str = "",
        n: int = 1,
        *,
        tempo: float | None = None,
        drum: str | None = None,
        bars: int | None = None,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Turn a tapped rhythm into a full kit.

        Args:
            rhythm: Onsets in seconds, a recording of taps, or a MIDI clip, whose hits on kick and
                snare are taken as these and all other notes as taps.
            prompt: A text for the rest of the kit.
            n: Number of loops, 1 to 1024.
            tempo: Tempo in BPM; needed for onsets and recordings, by default that of a MIDI clip.
            drum: The drum that plays the taps, such as "BD". By default taps next to beats 2 and 4
                are the snare's, all others the kick's.
            bars: Length in bars, of a MIDI clip's metre or else of 4/4; by default as many as the
                rhythm needs.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` loops. Each tap is a hit at its own time, and the drums that play taps play nothing
            else; all other drums are sampled.

        Raises:
            PromptError: If there is no tap, the tempo is not known, or the rhythm is too long.

        Warns:
            UserWarning: If a tap cannot be played.
        """
        settings = SamplingSettings(steps, guidance, seed=seed)
        n, prompt = checked(n=n)["n"], prompt_of(prompt)
        if isinstance(rhythm, Clip) and rhythm.has_score:
            rhythm, _ = in_whole_bars(rhythm, "rhythm", self.meters)
        meter = rhythm.meter if isinstance(rhythm, Clip) else (4, 4)
        quarters = bar_steps(meter) / 4
        taps, bpm = _taps(rhythm, tempo, drum, quarters)
        last = np.rint(4 * taps["time"].max()) / 4  # an early tap counts for the beat after it
        length = int(last // quarters) + 1
        if bars is not None:
            length = whole(bars, "bars", 1, self.config.bars)
        if length > self.config.bars:
            raise PromptError(f"rhythm: must have at most {self.config.bars} bars, got {length}")
        beats = length * quarters
        grid = DrumRoll.from_notes(taps, beats, tempo=bpm, slots=self.slots)
        grid.meter = meter
        roll = grid.to_array()
        kept = len(grid.to_notes())
        if not kept:
            raise PromptError(f"rhythm: has no tap in its first {length} bars")
        if kept < len(taps):
            warnings.warn(
                f"rhythm: {len(taps) - kept} of {len(taps)} taps are left out; they lie after the "
                f"end, or share a sixteenth with {self.slots} others",
                UserWarning,
                stacklevel=3,  # 2 is torch's wrapper of this method
            )
        tapped = np.flatnonzero(grid.hits.any(0))
        free = np.tile(~np.isin(np.arange(N), tapped), (len(roll), roll.shape[1] // N))
        chart = self.edit_chart(prompt, grid.to_clip(), length)
        chart.hits[:, tapped] = roll[:, tapped]
        return self._around(
            roll, free, chart, n, prompt, bpm, settings, progress, "tap", request={"taps": kept}
        )

    @torch.inference_mode()
    def fill(
        self,
        clip: Clip,
        bar: int,
        n: int = 1,
        *,
        prompt: str | None = None,
        seed: int = 0,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Turn a bar into a fill. bar: counted from 0; negative numbers count from the end. All
        else as in `inpaint`."""
        clip, bars = self._whole_bars(clip)
        n, bar = checked(n=n)["n"], whole(bar, "bar", -bars, bars - 1) % bars
        cells = cells_of(clip, Region(bars=(bar, bar + 1)), len(self._roll_of(clip)))
        text = clip.caption if prompt is None else prompt_of(prompt)
        if not self.config.chart:
            text = f"{text} fill".strip()  # words are all that such a system follows
        fill = (np.arange(bars) == bar).astype(np.float32)
        settings = SamplingSettings(steps, guidance, seed=seed)
        return self._inpainted(clip, cells, n, text, settings, progress, "fill", fill=fill)

    @torch.inference_mode()
    def add(
        self,
        clip: Clip,
        drum: str,
        n: int = 1,
        *,
        prompt: str | None = None,
        seed: int = 0,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Add a drum to a loop. drum: the code of a voice, such as "RD". All else as in `inpaint`;
        hits that the drum has are replaced."""
        clip, _ = self._whole_bars(clip)
        n, code = checked(n=n)["n"], choice(drum, "drum", DRUMS)
        cells = cells_of(clip, Region(tracks=code), len(self._roll_of(clip)))
        text = clip.caption if prompt is None else prompt_of(prompt)
        words = ", ".join(filter(None, (text, f"with {DRUM_NAMES[code]}")))
        settings = SamplingSettings(steps, guidance, seed=seed)
        return self._inpainted(clip, cells, n, words, settings, progress, "add")

    def _played(
        self,
        clip: Clip,
        free: np.ndarray,
        n: int,
        action: str,
        prompt: str | None,
        settings: SamplingSettings,
        *,
        own: np.ndarray,
        feel: dict[str, np.ndarray] | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Sample the free channels of a clip's roll, bool (steps, 27 · slots); its hits stay."""
        n = checked(n=n)["n"]
        bars = len(own) // bar_steps(clip.meter)
        text = clip.caption if prompt is None else prompt_of(prompt)
        hits = own.reshape(len(own), -1, 3, N)[:, :, 0].reshape(len(own), -1) > 0.5
        chart = self.edit_chart(text, clip, bars).with_(**(feel or {}))
        chart.hits = own[:, :N].copy()
        chart.letter = DrumChart.measure(own, chart.meter).letter
        return self._around(
            own,
            free,
            chart,
            n,
            text,
            clip.tempo,
            settings,
            progress,
            action,
            given=hits,
            original=clip,
            put=partial(with_touch, clip),
        )


def _touch_of(roll: np.ndarray) -> np.ndarray:
    """Return which values of a roll are velocity and offset: bool (steps, 27 · slots)."""
    return np.broadcast_to(np.arange(roll.shape[1]) % (3 * N) >= N, roll.shape).copy()


def _mean_bar(roll: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean velocity and offset of the hits on each sixteenth of the bar, and where there are
    any: each (size, 9)."""
    bars = roll[:, : 3 * N].reshape(-1, size, 3, N)
    hits = bars[:, :, 0] > 0.5
    count = hits.sum(0)
    velocity, offset = ((bars[:, :, i] * hits).sum(0) / np.maximum(count, 1) for i in (1, 2))
    return velocity, offset, count > 0


def _taps(
    rhythm: Clip | Sequence[float] | np.ndarray,
    tempo: float | None,
    drum: str | None,
    quarters: float,
) -> tuple[np.ndarray, float]:
    """Return the taps as notes of the drums that play them, dtype NOTE, and the tempo in BPM.
    quarters: quarter notes of a bar."""
    if isinstance(rhythm, Clip) and rhythm.audio is not None:
        tempo = rhythm.tempo if tempo is None and rhythm.tempo_known else tempo
        rhythm = onset_times(rhythm.audio, int(rhythm.sample_rate or 0))
    if isinstance(rhythm, Clip):
        bpm = check_tempo(rhythm.tempo if tempo is None else tempo)
        taps = rhythm.notes.copy()
        pitch = np.where(taps["is_drum"], taps["pitch"], -1)
    else:
        if tempo is None:
            raise PromptError("tempo: needed for onsets in seconds; give it in BPM")
        bpm = check_tempo(tempo)
        onsets = listed(rhythm, "rhythm", "onsets in seconds, or a clip with taps")
        seconds = np.array([number(onset, "rhythm", 0) for onset in onsets])
        taps = np.zeros(len(seconds), dtype=NOTE)
        taps["time"], taps["velocity"] = np.sort(seconds) * bpm / 60, TAP_VELOCITY
        pitch = np.full(len(taps), -1)
    if not len(taps):
        raise PromptError("rhythm: has no tap; give at least one")
    nearest = np.rint(taps["time"])
    backbeat = (nearest % quarters % 2 == 1) & (np.abs(taps["time"] - nearest) < 0.3)
    snare = np.where(np.isin(pitch, KICKS), False, np.isin(pitch, SNARES) | backbeat)
    taps["pitch"] = np.where(snare, WRITE_PITCH["SD"], WRITE_PITCH["BD"])
    if drum is not None:
        taps["pitch"] = WRITE_PITCH[choice(drum, "drum", DRUMS)]
    taps["is_drum"] = True
    return taps, bpm
