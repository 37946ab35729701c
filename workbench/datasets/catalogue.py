"""The catalogue: which data sets the workbench knows, their licences, and how to get them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One data set. `url`, `sha256` (SHA-1 where only that is published) and `bytes` describe the
    archive, "" and 0 where none is."""

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

BUILTIN_SONGS = Entry(
    name="builtin-songs",
    title="Built-in songs: eight bars for four tracks, written by a probabilistic grammar",
    licence="MIT (part of the workbench)",
    licence_url="https://opensource.org/license/mit",
    citation="Written by the workbench's own grammar (workbench.datasets.builtin_songs).",
    homepage="",
    how_to_get="nothing to download",
    size="2,000 training, 250 validation and 250 test songs, made on the spot",
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
    size="909 songs, about 60 hours; 50 MB zipped with all versions",
    splits=(
        "by song: 80 % train, 10 % validation, 10 % test, by a hash of the song's number; songs "
        "whose melodies are nearly the same go together, to train if one of them is there"
    ),
    url="https://github.com/music-x-lab/POP909-Dataset/archive/refs/heads/master.zip",
)

_BY_SONG = "by song: 80 % train, 10 % validation, 10 % test, by a hash of "
_CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
_CC_BY = "https://creativecommons.org/licenses/by/4.0/"
_LAKH = (
    "Colin Raffel: Learning-Based Methods for Comparing Sequences, with Applications to "
    "Audio-to-MIDI Alignment and Matching. PhD thesis, Columbia University, 2016."
)


def _by_hand(name: str) -> str:
    return (
        "no public archive of MIDI files exists; convert the scores and put the folder into the "
        f"cache folder (WORKBENCH_CACHE) under the name {name}"
    )


_FMA = (
    "Michaël Defferrard, Kirell Benzi, Pierre Vandergheynst, Xavier Bresson: FMA: A Dataset for "
    "Music Analysis. International Society for Music Information Retrieval Conference (ISMIR), "
    "2017."
)


def _fma(name: str, title: str, size: str, checksum: str) -> Entry:
    """One archive of the Free Music Archive; its README gives SHA-1 sums."""
    return Entry(
        name=f"fma-{name}",
        title=f"Free Music Archive, {title}",
        licence="CC BY 4.0 (metadata); each track its artist's own"
        if name == "metadata"
        else "each track its artist's own, mostly Creative Commons: see the metadata",
        licence_url="https://github.com/mdeff/fma#license",
        citation=_FMA,
        homepage="https://github.com/mdeff/fma",
        how_to_get=f"python data_scripts/fma.py --subset {name}",
        size=size,
        splits="the official one, all tracks of an artist together",
        url=f"https://os.unil.cloud.switch.ch/fma/fma_{name}.zip",
        sha256=checksum,
    )


AUDIO = (
    _fma(
        "metadata",
        "metadata: genres, artists, licences of all tracks",
        "342 MiB zipped",
        "f0df49ffe5f2a6008d7dc83c6915b31835dfe733",
    ),
    _fma(
        "small",
        "small: 8,000 clips of 30 s, 8 genres",
        "7.2 GiB zipped",
        "ade154f733639d52e35e32f5593efe5be76c6d70",
    ),
    _fma(
        "medium",
        "medium: 25,000 clips of 30 s, 16 genres",
        "22 GiB zipped",
        "c67b69ea232021025fca9231fc1c7c1a063ab50b",
    ),
    Entry(
        name="cc-music-clips",
        title="CC music clips: 215 excerpts of music from open games and web projects",
        licence="each clip its artist's own, named in manifest.csv; CC0 and CC BY ones are trained "
        "on",
        licence_url="https://creativecommons.org/licenses/",
        citation="The musicians named in manifest.csv, Kevin MacLeod and Yubatake among them.",
        homepage="https://creativecommons.org/licenses/",
        how_to_get=(
            "cut 15 s out of the files that manifest.csv names by repository, path and commit, and "
            "put the folder into the cache folder (WORKBENCH_CACHE) under the name cc-music-clips"
        ),
        size="215 clips of up to 15 s, 52 minutes",
        splits="by artist: a hash of the name",
    ),
)

SONGS = (
    Entry(
        name="nottingham",
        title="Nottingham Music Database: British and American folk tunes, melody and chords",
        licence="GPL-3.0",
        licence_url="https://www.gnu.org/licenses/gpl-3.0.html",
        citation="Eric Foxley: Nottingham Music Database; cleaned by Jukedeck, 2017.",
        homepage="https://github.com/jukedeck/nottingham-dataset",
        how_to_get="python data_scripts/nottingham.py",
        size="1,034 tunes",
        splits=_BY_SONG + "the tune's file name; versions of a tune together",
        url="https://github.com/jukedeck/nottingham-dataset/archive/refs/heads/master.zip",
    ),
    Entry(
        name="lakh-clean",
        title="Lakh MIDI Dataset, clean subset: files with artist and title",
        licence="CC BY 4.0",
        licence_url=_CC_BY,
        citation=_LAKH,
        homepage="https://colinraffel.com/projects/lmd/",
        how_to_get="python data_scripts/lakh.py",
        size="17,256 files; 234 MB packed",
        splits=_BY_SONG + "artist and title, all versions of a title together",
        url="http://hog.ee.columbia.edu/craffel/lmd/clean_midi.tar.gz",
        bytes=234_283_029,
    ),
    Entry(
        name="lakh",
        title="Lakh MIDI Dataset, all files (LMD-full)",
        licence="CC BY 4.0",
        licence_url=_CC_BY,
        citation=_LAKH,
        homepage="https://colinraffel.com/projects/lmd/",
        how_to_get="python data_scripts/lakh.py --full",
        size="178,561 files; 1.8 GB packed",
        splits=_BY_SONG + "the file's name (its MD5); other versions of a song are not recognised",
        url="http://hog.ee.columbia.edu/craffel/lmd/lmd_full.tar.gz",
        bytes=1_768_163_879,
    ),
    Entry(
        name="maestro",
        title="MAESTRO v3.0.0 (MIDI only): piano performances of a competition",
        licence="CC BY-NC-SA 4.0",
        licence_url="https://creativecommons.org/licenses/by-nc-sa/4.0/",
        citation=(
            "Curtis Hawthorne, Andriy Stasyuk, Adam Roberts, Ian Simon, Cheng-Zhi Anna Huang, "
            "Sander Dieleman, Erich Elsen, Jesse Engel, Douglas Eck: Enabling Factorized Piano "
            "Music Modeling and Generation with the MAESTRO Dataset. International Conference on "
            "Learning Representations (ICLR), 2019."
        ),
        homepage="https://magenta.tensorflow.org/datasets/maestro",
        how_to_get="python data_scripts/maestro.py",
        size="1,276 performances, 199 hours; 58 MB zipped",
        splits="the official one, all performances of a piece together",
        url=(
            "https://storage.googleapis.com/magentadata/datasets/maestro/v3.0.0/"
            "maestro-v3.0.0-midi.zip"
        ),
        # As given on the set's page, which several public programs repeat.
        sha256="70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c",
        bytes=58_416_533,
    ),
    Entry(
        name="openscore-orchestra",
        title="OpenScore Orchestra: orchestral movements, converted to MIDI",
        licence="CC0 1.0",
        licence_url=_CC0,
        citation="Mark Gotham and others: OpenScore Orchestra, in the Hauptstimme corpus, 2025.",
        homepage="https://github.com/MarkGotham/Hauptstimme",
        how_to_get=_by_hand("openscore-orchestra"),
        size="96 movements",
        splits=_BY_SONG + "the work's name, its movements together",
    ),
    Entry(
        name="openscore-lieder",
        title="OpenScore Lieder: songs for voice and piano, converted to MIDI",
        licence="CC0 1.0",
        licence_url=_CC0,
        citation=(
            "Mark Gotham, Peter Jonas: The OpenScore Lieder Corpus. Music Encoding Conference, "
            "2021."
        ),
        homepage="https://github.com/OpenScore/Lieder",
        how_to_get=_by_hand("openscore-lieder"),
        size="1,072 songs",
        splits=_BY_SONG + "composer, cycle and song",
    ),
    Entry(
        name="openewld",
        title="OpenEWLD: lead sheets in the public domain, converted to MIDI",
        licence="public domain; the collection MIT",
        licence_url="https://opensource.org/license/mit",
        citation=(
            "Federico Simonetta, Filippo Carnovalini, Nicola Orio, Antonio Rodà: Symbolic Music "
            "Similarity through a Graph-Based Representation. Audio Mostly, 2018."
        ),
        homepage="https://framagit.org/sapo/OpenEWLD",
        how_to_get=_by_hand("openewld"),
        size="410 melodies",
        splits=_BY_SONG + "author and title",
    ),
    Entry(
        name="game-midi",
        title="Game MIDI: music of open games (Freedoom, Simutrans)",
        licence="BSD-3-Clause (Freedoom), Artistic License (Simutrans)",
        licence_url="https://opensource.org/license/bsd-3-clause",
        citation="The musicians of Freedoom and of Simutrans, named in the games' credits.",
        homepage="https://github.com/freedoom/freedoom",
        how_to_get=(
            "put musics/ of Freedoom and music/ of Simutrans (https://github.com/simutrans/"
            "simutrans) into the cache folder (WORKBENCH_CACHE) under the name game-midi"
        ),
        size="165 pieces, most with drums",
        splits=_BY_SONG + "game and file name",
    ),
)

CATALOGUE: dict[str, Entry] = {
    entry.name: entry for entry in (GROOVE, BUILTIN, BUILTIN_SONGS, POP909, *SONGS, *AUDIO)
}
