"""Train LDMG and MusicLDM on a rented GPU without sending hours of sound there.

    python ci/rented_gpu.py pack sound.zip                        # here: about 30 MB
    python ci/rented_gpu.py render sound.zip CACHE PREPARED       # there: about a minute, 16 cores
    workbench train all --together --prepared PREPARED --budget-minutes 8.5 --out runs

`pack` collects what the sound is made of: the scores that `sound-classes` uses, the General MIDI
SoundFonts that are found except pretty_midi's (its package brings it), the free recordings of
`cc-music-clips` at 16 kHz with their tracked beats, and the text vectors of all captions, so that
neither a BERT nor a beat tracker is needed there. `render` makes the same prepared data from it as
`workbench prepare` does; for the folders of the other systems, which are small, use `prepare`
itself. A SoundFont of 40 MB becomes 11 MB with `ci/small_soundfont.py`: put the result, by the same
name, into the folder `soundfonts` of the cache before packing.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

DATASET = "sound-classes+cc-music-clips"
RATE = 16_000
CLIPS = "cc-music-clips"
QUALITY = 0.3  # of Vorbis in soundfile: share of compression


def pack(out: Path) -> None:
    """Write the archive."""
    from workbench.files import atomic_write

    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        _pack_fonts(top)
        _pack_scores(top)
        _pack_recordings(top)
        # `render` finds these songs only, and captions are of what is arranged from them
        os.environ["WORKBENCH_CACHE"] = str(top)
        _pack_texts(top)
        with (
            atomic_write(out) as beside,
            zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        ):
            for path in sorted(top.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(top))
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def _pack_fonts(top: Path) -> None:
    from workbench.music.fonts import general_fonts
    from workbench.music.soundfont import bundled_soundfont

    (top / "soundfonts").mkdir()
    for font in general_fonts():
        if font != bundled_soundfont():
            shutil.copy(font, top / "soundfonts")


def _pack_scores(top: Path) -> None:
    """Copy the scores that are used, with the files beside them that their loaders read."""
    from workbench.datasets.sets import sound_classes
    from workbench.files import cache_dir

    labels = [job.clip.labels for job in sound_classes.jobs()]
    for name, file in sorted({(row["set"], row["file"]) for row in labels if "file" in row}):
        base = sound_classes.SETS[name].find()
        files = [base / file]
        if name == "pop909":
            files += [(base / file).parent / other for other in ("beat_midi.txt", "key_audio.txt")]
        if name in ("groove", "openewld"):
            files += base.glob("*.csv")
        for path in files:
            if path.is_file():
                there = top / path.relative_to(cache_dir())
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, there)


def _pack_recordings(top: Path) -> None:
    """Write the free clips as mono Vorbis, with their beats in the manifest."""
    import soundfile

    from workbench.datasets.sets.cc_music import FREE
    from workbench.datasets.sounds import collect
    from workbench.files import cache_dir
    from workbench.representations.beat_tracking import TRACKED, with_beats

    folder = cache_dir() / CLIPS
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["licence"].startswith(FREE)]
    audio = collect(CLIPS, RATE, quiet=True)
    audio = with_beats(audio, range(len(audio)))
    number = {str(item.path.relative_to(folder)): i for i, item in enumerate(audio.items)}
    kept = [row for row in rows if row["clip"] in number]
    for row in kept:
        found = number[row["clip"]]
        labels = audio.items[found].labels
        row |= {name: labels.get(name, "") for name in ("beats", "downbeats", TRACKED)}
        path = top / CLIPS / row["clip"]
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(
            path, audio[found].T, RATE, format="OGG", subtype="VORBIS", compression_level=QUALITY
        )
    with (top / CLIPS / "manifest.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, kept[0])
        writer.writeheader()
        writer.writerows(kept)


def _pack_texts(top: Path) -> None:
    """Write the vectors of all captions, those of word pieces as 8-bit numbers with a scale per
    piece."""
    import torch
    from safetensors.torch import save_file

    from workbench.datasets.sets import sound_classes
    from workbench.representations.text import TextTable

    captions = [
        clip.caption
        for job in sound_classes.jobs()
        if (clip := sound_classes.excerpt_of(job)) is not None
    ]
    with (top / CLIPS / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        captions += [" ".join(row["text_hint"].split()) for row in csv.DictReader(lines)]
    pieces, whole = TextTable.of(captions, pieces=True), TextTable.of(captions)
    hidden, mask = pieces.values
    used = mask.bool().clone()
    used[pieces.texts.index("")] = True
    scale = hidden.float().abs().amax(-1).clamp(min=1e-6) / 127
    packed = (hidden.float() / scale[..., None]).round().to(torch.int8)[used]
    tensors = {"packed": packed, "scale": scale[used].half(), "used": used, "mask": mask}
    save_file(tensors | {"whole": whole.values[0].half()}, top / "texts.safetensors")
    (top / "texts.json").write_text(json.dumps(pieces.texts), encoding="utf-8")


def render(archive: Path, cache: Path, out: Path, profile: str) -> None:
    """Render the sound, and write the prepared data of both systems."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(cache)
    os.environ["WORKBENCH_CACHE"] = str(cache.resolve())
    from workbench.systems.registry import SYSTEMS
    from workbench.systems.sound_training import Data

    tables = _texts(cache)

    def with_texts(self: Data, *, pieces: bool = False) -> Data:
        return replace(self, texts=tables[pieces])

    Data.with_texts = with_texts  # type: ignore[method-assign]  # no BERT on this machine
    for key in ("sound", "music"):
        SYSTEMS[key].system.prepare(DATASET, profile, out=out / key)
        print(f"prepared in {out / key}", flush=True)


def _texts(cache: Path) -> dict[bool, Any]:
    """Return the tables of the captions: of word pieces (True), of whole texts (False)."""
    import torch
    from safetensors.torch import load_file

    from workbench.representations.text import TextTable

    texts = json.loads((cache / "texts.json").read_text(encoding="utf-8"))
    found = load_file(cache / "texts.safetensors")
    size = (*found["used"].shape, found["packed"].shape[-1])
    hidden = torch.zeros(size, dtype=torch.half)
    hidden[found["used"]] = (found["packed"].float() * found["scale"].float()[:, None]).half()
    whole = found["whole"].float()
    return {True: TextTable(texts, (hidden, found["mask"])), False: TextTable(texts, (whole,))}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("pack", help="here: write the archive")
    verb.add_argument("archive", type=Path)
    verb = verbs.add_parser("render", help="there: render and prepare")
    verb.add_argument("archive", type=Path)
    verb.add_argument("cache", type=Path)
    verb.add_argument("prepared", type=Path)
    verb.add_argument("--profile", default="gpu")
    args = parser.parse_args()
    if args.verb == "pack":
        pack(args.archive)
    else:
        render(args.archive, args.cache, args.prepared, args.profile)


if __name__ == "__main__":
    main()
