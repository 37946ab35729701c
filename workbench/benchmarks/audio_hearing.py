"""Metrics of sound on recordings and renders, and whether sound follows a requested tempo."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torchaudio

from workbench.benchmarks.audio_coding import Coding, distance
from workbench.benchmarks.audio_data import AudioBench, sets_of
from workbench.datasets.audio import AudioItem, genre_of
from workbench.datasets.sounds import held_out_recordings
from workbench.errors import BrokenFileError, MissingDataError
from workbench.evaluation.distances import diversity, kernel_distance
from workbench.evaluation.embedders import MusicnnEmbedder
from workbench.evaluation.intervals import mean_interval, share_interval
from workbench.evaluation.pulse import on_the_beat, pulse, tempo, tempo_is
from workbench.evaluation.spectra import log_spectral_distance, spectrogram
from workbench.music.audio import resample
from workbench.representations.beat_tracking import known_beats
from workbench.representations.mel import Mel, filters
from workbench.representations.mixup import Beats

TEMPI = (75, 90, 100, 115, 130, 150, 165)
STYLES = ("rock", "hip hop", "latin")
BEAT_SECONDS = 6.0
# compression levels of libsndfile, 0 to 1
OPUS = {"Opus, lowest rate": 1.0, "Opus, low rate": 0.95}


def recordings(bench: AudioBench, ways: Mapping[str, Coding], numbers: float) -> None:
    """Coding loss on held-out renders and on recordings by artists that are not in the training
    data, beside mel spectrograms with Griffin–Lim and a codec.

    Args:
        bench: The run.
        ways: Codecs by name.
        numbers: Latent numbers per second of these codecs.
    """
    bands = max(1, round(numbers * Mel().hop / Mel().rate))
    windows, pieces = bench.real
    known = [bool(len(Beats.read(bench.audio.items[int(i)].labels).times)) for i in pieces]
    rate, notes = bench.audio.rate, []
    sets = {"renders": windows[np.array(known)]}
    try:
        sets["recordings"] = played(bench)
    except MissingDataError as error:
        notes.append(f"No recordings were measured: {error}")
    sets = {kind: sounds for kind, sounds in sets.items() if len(sounds)}

    def codec_at(level: float) -> Coding:
        return lambda sounds: opus(sounds, rate, level)[0]

    equal = f"mel of {bands} bands, Griffin-Lim: as many numbers"
    coders: dict[str, Coding] = {
        **ways,
        equal: lambda sounds: griffin_lim(sounds, rate, bands),
        "mel of 64 bands, Griffin-Lim": lambda sounds: griffin_lim(sounds, rate),
        **{name: codec_at(level) for name, level in OPUS.items()},
        "silence": np.zeros_like,
    }
    table, figures = [], {}
    for name, coder in coders.items():
        row: list[object] = [name]
        for kind, sounds in sets.items():
            again = coder(sounds)
            distances = log_spectral_distance(spectrogram(sounds), spectrogram(again))
            row += [float(distances.mean()), mean_interval(distances), distance(sounds, again)[1]]
            figures[f"{name}: {kind}"] = float(distances.mean())
        table.append(row)
    columns = [c for kind in sets for c in (f"{kind}: LSD, dB", "95 %", "STFT log")]
    codec = ", ".join(
        f"{name} {opus(sounds, rate, level)[1]:.1f} kbit/s of {kind}"
        for name, level in OPUS.items()
        for kind, sounds in sets.items()
    )
    named: dict[str, Any] = {"log-spectral distance": figures}
    bench.report.table(
        "recordings",
        " and ".join(f"{len(sounds)} held-out {kind}" for kind, sounds in sets.items()),
        ["", *columns],
        table,
        [
            f"LSD: log-spectral distance. Windows of {bench.length / rate:.1f} s. Recordings: the "
            "middle of clips of cc-music-clips by artists whose music was not trained on; they "
            f"are used for measuring only. {codec}; the mel spectrogram of 64 bands has 6,400 "
            f"numbers per second, the system {numbers:,.0f}.",
            *notes,
        ],
        ids={"own": list(ways)[-1], "trivial": equal},
        **named,
    )


def played(bench: AudioBench) -> np.ndarray:
    """Return windows (n, samples) from the middle of recordings by artists that are not in the
    training data."""
    trained = {
        str(bench.audio.items[i].labels.get("artist", "")) for i in bench.audio.split("train")
    }
    items = held_out_recordings(trained - {""})
    windows = [w for w in (_middle(item, bench) for item in items) if w is not None][: bench.n]
    if not windows:
        raise MissingDataError("cc-music-clips: no recording is long enough for a window")
    return np.stack(windows)


def _middle(item: AudioItem, bench: AudioBench) -> np.ndarray | None:
    """Return `bench.length` samples from the middle, mono; None for a clip that is shorter or
    cannot be read."""
    try:
        clip = item.clip()
    except BrokenFileError:
        return None
    assert clip.audio is not None
    assert clip.sample_rate is not None
    sound = resample(clip.audio, clip.sample_rate, bench.audio.rate).mean(0)
    start = (len(sound) - bench.length) // 2
    return sound[start : start + bench.length] if start >= 0 else None


def griffin_lim(sounds: np.ndarray, rate: int, bands: int = 64, rounds: int = 32) -> np.ndarray:
    """Reconstruct sounds (n, samples) from their mel magnitudes: the pseudo-inverse of the mel
    filters gives magnitudes of frequency bins, and Griffin–Lim estimates the phases.

    Source:
        Griffin and Lim 1984, "Signal estimation from modified short-time Fourier transform".
    """
    mel = Mel(rate=rate, high=rate / 2, bands=bands)
    hann = torch.hann_window(mel.window)
    size = torch.stft(
        torch.from_numpy(sounds).float(), mel.window, mel.hop, window=hann, return_complex=True
    ).abs()
    weights = filters(mel)
    back = torch.linalg.pinv(weights.T)  # (bins, bands)
    guess = (back @ (weights.T @ size)).clamp(min=0)
    lim = torchaudio.transforms.GriffinLim(
        mel.window, rounds, hop_length=mel.hop, power=1.0, rand_init=False, length=sounds.shape[1]
    )
    return lim(guess).numpy()


def opus(sounds: np.ndarray, rate: int, level: float) -> tuple[np.ndarray, float]:
    """Return sounds (n, samples) encoded and decoded with Opus, and the bit rate in kbit/s.

    level: libsndfile's compression level, 0 to 1.
    """
    import soundfile

    again, size = np.zeros_like(sounds), 0
    for row, sound in zip(again, sounds, strict=True):
        file = io.BytesIO()
        soundfile.write(file, sound, rate, format="OGG", subtype="OPUS", compression_level=level)
        size += len(file.getvalue())
        file.seek(0)
        read = soundfile.read(file)[0][: len(row)]
        row[: len(read)] = read
    return again, 8 * size * rate / max(1, sounds.size) / 1000


Draw = Callable[[Sequence[str]], np.ndarray]  # prompts → sounds (n, samples)
Embed = Callable[[np.ndarray], np.ndarray]  # sounds (n, samples) → (n, numbers)
Take = Callable[[str, int, bool], np.ndarray]  # prompt, n, with its beat → sounds (n, samples)


def beat(bench: AudioBench, take: Take) -> None:
    """Whether generated sound has a pulse at the tempo of the prompt and onsets on the requested
    beats, with the beat that `generate` keeps and without it, and what the beat costs in distance
    and variety.

    Args:
        bench: The run.
        take: Generates sounds of BEAT_SECONDS.
    """
    most, each = (2, 2) if bench.quick else (len(TEMPI), 4)
    styles, tempi = STYLES[: most // 2], TEMPI[:most]
    requested = np.repeat(tempi, each)
    prompts = [f"{style} {bpm} bpm beat" for style in styles for bpm in tempi]
    groups = np.repeat(np.arange(len(prompts)), each)
    every = np.tile(requested, len(styles))
    length, rate = round(BEAT_SECONDS * bench.audio.rate), bench.audio.rate
    made = {
        name: np.concatenate([take(prompt, each, keeps) for prompt in prompts])[:, :length]
        for name, keeps in _ways(bench)
    }
    table: dict[str, tuple[np.ndarray, np.ndarray | None, np.ndarray | None]] = {}
    beats = {}
    for name, sounds in made.items():
        for number, style in enumerate(styles):
            own = groups // len(tempi) == number
            table[f"{style}, {name}"] = (sounds[own], requested, groups[own])
        table[f"all, {name}"] = (sounds, every, groups)
        table[f"all, {name}, other tempi"] = (sounds, np.roll(every, each), None)
    for name, (_, expected, _) in table.items():
        assert expected is not None
        beats[name] = [np.arange(0, BEAT_SECONDS, 60 / bpm) for bpm in expected]
    pieces = bench.real[1]
    real, played_beats = _windows(bench, pieces, length)
    labels = [bench.audio.items[int(i)].labels for i in pieces]
    speeds = np.array([float(own.get("tempo") or "nan") for own in labels])
    genres, sets = np.array([genre_of(own) for own in labels]), sets_of(bench)
    for name in sorted(set(sets)):
        own = sets == name
        known = speeds[own] if np.isfinite(speeds[own]).all() else None
        table[f"people's music: {name}"] = (real[own], known, genres[own])
        beats[f"people's music: {name}"] = [played_beats[i] for i in np.flatnonzero(own)]
    embed, note = public_embedding()
    played = embed(real[sets == "groove"]) if embed and (sets == "groove").sum() > 1 else None
    rows, figures = [], {}
    for name, (sounds, expected, group) in table.items():
        regular = pulse(sounds, rate)
        row: list[object] = [name, len(sounds), float(regular.mean()), mean_interval(regular)]
        if expected is None:
            row += [None, None]
        else:
            right = tempo_is(tempo(sounds, rate), expected)
            row += [float(right.mean()), share_interval(int(right.sum()), len(right))]
        placed = on_the_beat(sounds, beats[name], rate)
        placed = placed[np.isfinite(placed)]
        row += [float(placed.mean()), mean_interval(placed)] if len(placed) else [None, None]
        far, various = None, float("nan")
        if embed is not None and group is not None and len(sounds) > 1:
            vectors = embed(sounds)
            far = None if played is None else 1000 * kernel_distance(vectors, played)
            various = diversity(vectors, group)
        rows.append([*row, far, various if np.isfinite(various) else None])
        figures[name] = row[2]
    bench.report.table(
        "beat",
        f"Pulse and tempo: “STYLE N bpm beat”, {each} clips of {BEAT_SECONDS:g} s for each of "
        f"{', '.join(map(str, tempi))} BPM",
        [
            "",
            "clips",
            "pulse",
            "95 %",
            "tempo",
            "95 %",
            "on the beat",
            "95 %",
            "kernel × 1,000",
            "variety",
        ],
        rows,
        [
            "Pulse: the highest autocorrelation of the onset envelope at 40 to 240 BPM. Tempo: "
            "share whose tempo by librosa is within 8 % of the requested one, octaves allowed; "
            "chance is the row of other tempi. On the beat: onset strength within 50 ms of the "
            "requested beats, from the first sample on, or of the piece's own beats, relative to "
            "its mean; 1 is chance. Kernel distance to people's drumming (groove) and "
            "variety, the root mean square distance of two takes of one prompt (of two windows of "
            f"one genre), by {note}. {bench.steps} steps."
        ],
        pulse=figures,
    )


def _ways(bench: AudioBench) -> Iterator[tuple[str, bool]]:
    """Yield the name of each way to follow a tempo and whether the beat is kept; the system is set
    to this way meanwhile."""
    yield "the text alone", False
    yield "with the beat", True
    system = bench.system
    if system.knows_beats:
        usual = system.beat_by
        try:
            system.beat_by = "network"
            yield "by the network alone", True
            system.beat_by = "averages"
            yield "with averages instead", True
            system.beat_by = "both"
            yield "with both", True
        finally:
            system.beat_by = usual


def _windows(
    bench: AudioBench, pieces: np.ndarray, length: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return a random window of each piece, mono (n, length), and its exact beats, if known."""
    audio, sounds, beats = bench.audio, [], []
    for i in pieces.tolist():
        which, starts = audio.crop_positions(1, length, seed=bench.seed, rows=[i])
        sounds.append(audio.cut(which, starts, length).mean(1))
        known = known_beats(audio.items[i].labels)
        beats.append(known.moved(starts[0] / audio.rate, 1.0).times)
    return np.concatenate(sounds), beats


def public_embedding() -> tuple[Embed | None, str]:
    """Return MusiCNN's embedding and its name; None and why it is missing without its weights."""
    try:
        judge = MusicnnEmbedder("msd")
    except MissingDataError as error:
        return None, f"no judge ({error})"
    return lambda sounds: judge.predict(sounds)[0], "MusiCNN's embedding"
