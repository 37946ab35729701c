"""The catalogue: which data sets the workbench knows, their licences, and how to get them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One data set. `url`, `sha256` and `bytes` describe the archive, "" and 0 where none is."""

    name: str
    title: str
    licence: str
    licence_url: str
    citation: str
    homepage: str
    how_to_get: str
    size: str
    splits: str
    url: str = ""
    sha256: str = ""
    bytes: int = 0


GROOVE = Entry(
    name="groove",
    title="Groove MIDI Dataset v1.0.0 (MIDI only)",
    licence="CC BY 4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    citation=(
        "Jon Gillick, Adam Roberts, Jesse Engel, Douglas Eck, David Bamman: Learning to Groove "
        "with Inverse Sequence Transformations. International Conference on Machine Learning "
        "(ICML), 2019."
    ),
    homepage="https://magenta.tensorflow.org/datasets/groove",
    how_to_get="python data_scripts/groove.py",
    size="1,150 performances by 10 drummers, 13.6 hours; 3.3 MB zipped",
    splits=(
        "by session: no performance of a held-out session is trained on. test: drummer1/session3, "
        "drummer5/session2, drummer7/session2, drummer9/session1; validation: drummer7/session1, "
        "drummer3/session1; train: all other sessions"
    ),
    url="https://storage.googleapis.com/magentadata/datasets/groove/groove-v1.0.0-midionly.zip",
    # As published by TensorFlow Datasets (tensorflow_datasets/datasets/groove/checksums.tsv).
    sha256="651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e",
    bytes=3_260_318,
)

BUILTIN = Entry(
    name="builtin",
    title="Built-in corpus: drum loops written by a probabilistic grammar",
    licence="MIT (part of the workbench)",
    licence_url="https://opensource.org/license/mit",
    citation="Written by the workbench's own grammar (workbench.datasets.builtin); no recording.",
    homepage="",
    how_to_get="nothing to download",
    size="2,000 training, 250 validation and 250 test loops, made on the spot",
    splits="three fixed seeds",
)

POP909 = Entry(
    name="pop909",
    title="POP909: pop songs arranged for melody, bridge and piano",
    licence="MIT",
    licence_url="https://opensource.org/license/mit",
    citation=(
        "Ziyu Wang, Ke Chen, Junyan Jiang, Yiyi Zhang, Maoran Xu, Shuqi Dai, Xianbin Gu, Gus Xia: "
        "POP909: A Pop-song Dataset for Music Arrangement Generation. International Society for "
        "Music Information Retrieval Conference (ISMIR), 2020."
    ),
    homepage="https://github.com/music-x-lab/POP909-Dataset",
    how_to_get="python data_scripts/pop909.py",
    size="909 songs, about 60 hours; 80 MB zipped with all versions",
    splits="by song: 80 % train, 10 % validation, 10 % test, by a hash of the song's number",
    url="https://github.com/music-x-lab/POP909-Dataset/archive/refs/heads/master.zip",
)

CATALOGUE: dict[str, Entry] = {entry.name: entry for entry in (GROOVE, BUILTIN, POP909)}
