"""MIDI files that are odd but sound in every player, against mido and against symusic."""

import io
import struct
import warnings

import mido
import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import BrokenFileError, MusicFileWarning
from workbench.music import midi, smf, smf_score
from workbench.music.clip import Clip


def number(value):
    """A number of variable length: 7 bits a byte."""
    out = [value & 127]
    while value := value >> 7:
        out.append(128 | value & 127)
    return bytes(reversed(out))


def track(*events, end=True):
    """A track chunk of (delta time, bytes)."""
    body = b"".join(number(delta) + data for delta, data in events)
    body += b"\x00\xff\x2f\x00" if end else b""
    return b"MTrk" + struct.pack(">I", len(body)) + body


def file_of(*tracks, form=1, division=480, claimed=None, extra=b""):
    claimed = len(tracks) if claimed is None else claimed
    head = struct.pack(">IHHH", 6 + len(extra), form, claimed, division & 0xFFFF)
    return b"MThd" + head + extra + b"".join(tracks)


def on(pitch, velocity=90, channel=0):
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch, channel=0):
    return bytes([0x80 | channel, pitch, 64])


def meta(kind, content):
    return b"\xff" + bytes([kind]) + number(len(content)) + content


NOTE = ((0, on(60)), (480, off(60)))
TWO = (*NOTE, (480, on(62)), (480, off(62)))


def read(data):
    """Notes as (onset in beats, duration, pitch), read without any warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notes = Clip.read_midi(data).notes
    return [(float(n["time"]), float(n["duration"]), int(n["pitch"])) for n in notes]


def onsets_of_mido(data):
    rows = []
    for messages in mido.MidiFile(file=io.BytesIO(data), clip=True).tracks:
        tick = 0
        for message in messages:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                rows.append((tick, message.note, message.velocity, message.channel == 9))
    return sorted(rows)


def onsets_of(score):
    rows = []
    for part in score.tracks:
        columns = part.notes.numpy()
        names = ("time", "pitch", "velocity")
        rows += [
            (*map(int, row), part.is_drum) for row in zip(*(columns[n] for n in names), strict=True)
        ]
    return sorted(rows)


# ---------------------------------------------------------------- notes without their ends


def test_hits_without_note_offs_are_short_notes():
    hits = [(240, on(pitch, channel=9)) for pitch in (36, 42, 38, 42)]
    assert read(file_of(track(*hits))) == [
        (0.5, 0.25, 36),
        (1.0, 0.25, 42),
        (1.5, 0.25, 38),
        (2.0, 0.25 / 120, 42),
    ]


def test_a_pitch_struck_again_ends_where_it_is_struck():
    data = file_of(track((0, on(60)), (480, on(60)), (480, on(60)), (960, off(60))))
    assert read(data) == [(0, 1, 60), (1, 1, 60), (2, 2, 60)]


def test_notes_held_to_the_end_of_the_track_last_until_then():
    data = file_of(track((0, on(60)), (480, on(64)), (480, off(64)), (480, meta(1, b"end"))))
    assert read(data) == [(0, 3, 60), (1, 1, 64)]


def test_as_many_note_offs_as_note_ons_are_paired_first_in_first_out():
    data = file_of(track((0, on(60)), (240, on(60)), (240, off(60)), (480, off(60))))
    assert read(data) == [(0, 1, 60), (0.5, 1.5, 60)]


def test_a_note_off_without_a_note_is_passed_over():
    assert read(file_of(track((0, off(60)), (0, off(61)), *NOTE, (0, off(60))))) == [(0, 1, 60)]


rows = st.tuples(
    st.sampled_from([0, 0, 1, 100, 5000, 70_000]),  # delta time
    st.sampled_from([0x80, 0x90, 0x99, 0x91, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0]),
    st.sampled_from([0, 36, 60, 64, 127]),
    st.sampled_from([0, 1, 64, 127]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, max_size=30), st.booleans())
def test_any_messages_give_the_notes_that_mido_finds(messages, running):
    events, last = [], None
    for delta, status, first, second in messages:
        data = bytes([first]) if status in (0xC0, 0xD0) else bytes([first, second])
        events.append((delta, data if running and status == last else bytes([status]) + data))
        last = status
    data = file_of(track(*events))
    score = midi.read_score(data)
    assert onsets_of(score) == onsets_of_mido(data)
    assert onsets_of(smf_score.score_of_file(smf.read_events(data))) == onsets_of_mido(data)


def test_the_reader_of_odd_files_agrees_with_symusic_on_ordinary_ones(groove_root, songs_cache):
    """All but the pedals, which symusic begins at 0 on every channel but the first."""
    games = sorted((songs_cache("game-midi") / "game-midi").rglob("*.mid"))
    paths = sorted(groove_root.rglob("*.mid"))[::100] + games[::20]
    for path in paths:
        data = path.read_bytes()
        theirs, ours = symusic.Score.from_midi(data), smf_score.score_of_file(smf.read_events(data))
        assert onsets_of(ours) == onsets_of_mido(data)
        for name in ("tpq", "tempos", "time_signatures", "markers"):
            assert getattr(ours, name) == getattr(theirs, name), (path, name)
        if theirs.note_num() == ours.note_num():
            for mine, other in zip(ours.tracks, theirs.tracks, strict=True):
                for name in ("notes", "controls", "pitch_bends", "program", "is_drum"):
                    assert getattr(mine, name) == getattr(other, name), (path, name)


def test_onsets_are_those_of_mido_on_real_files(
    groove_root, songs_cache, pop909_root, fixtures_root
):
    game_root = songs_cache("game-midi") / "game-midi"
    paths = [
        p
        for root in (groove_root, game_root, pop909_root, fixtures_root)
        for p in sorted(root.rglob("*.mid"))[::40]
    ]
    for path in paths:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MusicFileWarning)
            score = midi.read_score(path)
        assert onsets_of(score) == onsets_of_mido(path.read_bytes()), path


# ---------------------------------------------------------------- headers and chunks


def chunk(tag, content):
    return tag + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def riff(*chunks):
    body = b"RMID" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


PLAIN = file_of(track(*TWO), form=0)
ODD = {
    "a long header": file_of(track(*TWO), extra=b"\0\0\0\0"),
    "an unknown chunk first": PLAIN[:14] + b"XFIH\0\0\0\4abcd" + PLAIN[14:],
    "an unknown chunk last": PLAIN + b"XFKM\0\0\0\3abc",
    "bytes after the end": PLAIN + b"\0\0\0",
    "a byte before the header": b"\0" + PLAIN,
    "a MacBinary header": b"\0" * 128 + PLAIN,
    "a RIFF wrapper": riff(chunk(b"data", PLAIN)),
    "a RIFF wrapper with names first": riff(chunk(b"LIST", b"INFOINAMx"), chunk(b"data", PLAIN)),
    "a RIFF wrapper with an odd chunk": riff(chunk(b"DISP", b"abc"), chunk(b"data", PLAIN)),
    "a track without an end": file_of(track(*TWO, end=False)),
    "more tracks than it says": file_of(track((0, meta(3, b"name"))), track(*TWO), claimed=1),
    "a message in parts": file_of(
        track((0, b"\xf0\x03\x43\x12\x00"), (0, b"\xf7\x03\x43\x12\xf7"), *TWO)
    ),
    "running status after a meta event": file_of(
        track(
            (0, on(60)),
            (0, meta(1, b"la")),
            (480, b"\x3c\x00"),
            (480, b"\x3e\x5a"),
            (480, b"\x3e\x00"),
        )
    ),
    "text of 300 bytes": file_of(track((0, meta(1, b"x" * 300)), *TWO)),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_are_read_whole_and_without_a_word(name):
    assert read(ODD[name]) == [(0, 1, 60), (2, 1, 62)]


DAMAGED = {
    "fewer tracks than it says": (file_of(track(*TWO), claimed=3), "1 of 3 tracks"),
    "cut within an event": (PLAIN[:-5], "within an event"),
    "cut between events": (PLAIN[:-8], "cut short"),
    "a chunk of 4 GB": (PLAIN[:18] + b"\xff\xff\xff\xff" + PLAIN[22:-4], "cut short"),
    "a data byte above 127": (PLAIN.replace(on(62), b"\x90\x3e\xda"), "1 byte"),
    "a tempo of 0": (file_of(track((0, meta(0x51, bytes(3))), *TWO)), "tempo"),
    "a tempo of 60 million": (file_of(track((0, meta(0x51, b"\0\0\1")), *TWO)), "tempo"),
    "0/4": (file_of(track((0, meta(0x58, b"\0\2\x18\x08")), *TWO)), "metre"),
    "4/2**33": (file_of(track((0, meta(0x58, b"\4\x21\x18\x08")), *TWO)), "metre"),
    "a tempo of 2 bytes": (file_of(track((0, meta(0x51, b"\7\xa1")), *TWO)), "tempo"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_read_with_a_warning_that_names_them(name, tmp_path):
    data, word = DAMAGED[name]
    path = tmp_path / "a song.mid"
    path.write_bytes(data)
    with pytest.warns(MusicFileWarning, match=word) as caught:
        clip = Clip.read(path)
    assert str(path) in str(caught[0].message)
    assert clip.notes["pitch"].tolist() == [60, 62]
    assert clip.notes["time"].tolist() == [0, 2]
    assert (clip.tempo, clip.meter) == (120, (4, 4))


def test_a_good_tempo_and_metre_beside_bad_ones_hold():
    good = (0, meta(0x51, b"\x09\x27\xc0")), (0, meta(0x58, b"\3\2\x18\x08"))
    bad = (0, meta(0x51, bytes(3))), (0, meta(0x58, b"\0\2\x18\x08"))
    with pytest.warns(MusicFileWarning, match="2 impossible"):
        clip = Clip.read_midi(file_of(track(*good, *bad, *TWO)))
    assert (clip.tempo, clip.meter) == (100, (3, 4))


def test_the_slowest_tempo_of_a_midi_file_is_read():
    data = file_of(track((0, meta(0x51, b"\xff\xff\xff")), *NOTE))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Clip.read_midi(data).tempo == pytest.approx(3.576, abs=0.001)


@pytest.mark.parametrize(
    ("frames", "ticks", "rate"),
    [(24, 80, 1920), (25, 40, 1000), (30, 80, 2400), (25, 1, 25), (29, 100, 3000 / 1.001)],
)
def test_smpte_time_is_seconds(frames, ticks, rate):
    """Also where a tempo event stands in the file, which has no meaning there."""
    events = (0, meta(0x51, b"\x09\x27\xc0")), (ticks, on(60)), (7 * ticks, off(60))
    data = file_of(track(*events), division=((256 - frames) << 8) | ticks)
    clip = Clip.read_midi(data)
    assert clip.seconds_at(clip.notes["time"]) == pytest.approx([ticks / rate], rel=1e-5)
    end = clip.notes["time"] + clip.notes["duration"]
    assert clip.seconds_at(end) == pytest.approx([8 * ticks / rate], rel=1e-5)


def test_sequences_of_a_format_2_file_follow_one_another():
    slow = (0, meta(0x51, (1_000_000).to_bytes(3, "big"))), (0, meta(0x58, b"\3\2\x18\x08"))
    clip = Clip.read_midi(file_of(track(*slow, *NOTE), track(*NOTE), track(*NOTE), form=2))
    assert clip.notes["time"].tolist() == [0, 3, 7]
    seconds = clip.seconds_at(clip.notes["time"])
    np.testing.assert_allclose(seconds, [0, 3, 5])
    assert clip.bar_lines.tolist() == [0, 3, 7, 11]


@pytest.mark.parametrize("suffix", [".kar", ".rmi", ".smf", ".MID", ".midi"])
def test_suffixes_of_midi_files(suffix, tmp_path):
    from workbench.datasets import load

    path = tmp_path / f"beat{suffix}"
    path.write_bytes(file_of(track((0, on(36, channel=9)), (480, off(36, 9)))))
    assert len(Clip.read(path).notes) == 1
    assert len(load(tmp_path)) == 1


def test_no_limit_is_passed_by_a_small_file(monkeypatch):
    monkeypatch.setattr(smf, "MAX_EVENTS", 10)
    with pytest.raises(BrokenFileError, match="10 events"):
        Clip.read_midi(file_of(track(*[(0, on(60))] * 20)))
    monkeypatch.undo()
    far = [(2**28 - 1, on(60))] * 20
    with pytest.raises(BrokenFileError, match="times"):
        Clip.read_midi(file_of(track(*far)))


# ---------------------------------------------------------------- what a score has no place for


def texts(data, *kinds):
    """(tick, kind, bytes) of a file's text events, over all tracks in time."""
    names = {"text": 1, "copyright": 2, "lyrics": 5, "marker": 6, "cue_marker": 7}
    found = []
    for messages in mido.MidiFile(file=io.BytesIO(data), charset="latin1").tracks:
        tick = 0
        for message in messages:
            tick += message.time
            if message.type in names and names[message.type] in kinds:
                found.append((tick, names[message.type], message.text.encode("latin1")))
    return sorted(found)


WORDS = {
    "ASCII": b"la",
    "UTF-8": "né".encode(),
    "Windows-1252": b"n\xe9",
    "Shift-JIS": b"\x83\x8c\x83",
    "KOI8": "до".encode("koi8-r"),
    "all bytes": bytes(range(128, 256)),
}


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("kind", [1, 2, 5, 6, 7])
def test_words_are_written_as_they_were_in_any_encoding(name, kind):
    word = WORDS[name]
    data = file_of(track((0, meta(3, b"Song"))), track((240, meta(kind, word)), *NOTE))
    clip = Clip.read_midi(data)
    for copy in (clip, clip.with_(tempo=90.0), clip.excerpt(0, clip.beats)):
        written = copy.midi_bytes()
        assert texts(written, kind) == [(240, kind, word)]
        assert texts(Clip.read_midi(written).midi_bytes(), kind) == [(240, kind, word)]


def test_karaoke_keeps_its_words_in_their_track():
    words = track(
        (0, meta(3, b"Words")),
        (0, meta(1, b"@KMIDI KARAOKE FILE")),
        (0, meta(1, b"@LENGL")),
        (480, meta(1, b"\\He")),
        (240, meta(1, b"llo")),
    )
    data = file_of(track((0, meta(1, b"made by hand"))), words, track(*TWO))
    written = Clip.read_midi(data).midi_bytes()
    assert texts(written, 1) == sorted(
        [
            (0, 1, b"made by hand"),
            (0, 1, b"@KMIDI KARAOKE FILE"),
            (0, 1, b"@LENGL"),
            (480, 1, b"\\He"),
            (720, 1, b"llo"),
        ]
    )
    tracks = {t.name: t for t in mido.MidiFile(file=io.BytesIO(written)).tracks}
    assert [m.text for m in tracks["Words"] if m.type == "text"][2:] == ["\\He", "llo"]


def test_system_messages_are_kept_and_hold_across_an_excerpt():
    reset = b"\xf0\x0a\x41\x10\x42\x12\x40\x00\x7f\x00\x41\xf7"
    data = file_of(track((0, reset), *TWO, (0, meta(1, b"late")), *NOTE))
    clip = Clip.read_midi(data)
    assert reset in clip.midi_bytes()
    assert reset in clip.excerpt(2, 2).midi_bytes()
    assert texts(clip.excerpt(2, 2).midi_bytes(), 1) == [(480, 1, b"late")]
    assert texts(clip.excerpt(0, 2).midi_bytes(), 1) == []


def test_a_file_without_such_events_holds_none():
    assert Clip.read_midi(PLAIN).extra_events == ()
    assert Clip.from_notes([(0, 1, 60, 90)]).extra_events == ()


def name_of(content, kind=3):
    """A name, lyric or marker as it is read from a file."""
    score = Clip.read_midi(file_of(track((0, meta(kind, content)), *NOTE))).score
    if kind == 6:
        return score.markers[0].text
    if kind == 3:
        return score.tracks[0].name
    return next(lyric.text for track in score.tracks for lyric in track.lyrics)


ENCODED = [
    ("Flöte", "latin-1"),
    ("Dämpfer", "latin-1"),
    ("Größe ÄÖ", "cp1252"),
    ("Père Noël – “fin”", "cp1252"),
    ("être âgé", "latin-1"),
    ("Señor Nuñez", "latin-1"),
    ("Contrebasse n° 2", "latin-1"),
    ("Ödüllü şarkı".replace("ş", "s").replace("ı", "i"), "latin-1"),
    ("ドラム", "cp932"),
    ("弦楽", "cp932"),
    ("ピアノ 1 (右手)", "cp932"),
    ("ﾄﾞﾗﾑ", "cp932"),
    ("メロディー", "cp932"),
    ("Скрипка", "cp1251"),
    ("Бас-гитара", "cp1251"),
    ("Flöte", "utf-8"),
    ("Flöte", "utf-8-sig"),
    ("Flöte", "utf-16"),
    ("弦楽", "utf-16"),
    ("Piano", "utf-16-le"),
    ("Flöte", "utf-16-be"),
    ("Piano 1", "ascii"),
]


@pytest.mark.parametrize(("text", "encoding"), ENCODED)
@pytest.mark.parametrize("kind", [3, 5, 6])
def test_names_lyrics_and_markers_are_read_in_any_encoding(text, encoding, kind):
    content = text.encode(encoding)
    if encoding == "utf-16":  # with its mark, in either order
        swapped = b"\xfe\xff" + text.encode("utf-16-be")
        assert name_of(swapped, kind) == text
    assert name_of(content, kind) == text


def test_a_name_in_another_encoding_is_written_in_utf_8():
    data = file_of(track((0, meta(3, "Flöte".encode("latin-1"))), *TWO))
    score = Clip.read_midi(Clip.read_midi(data).excerpt(0, 2).midi_bytes()).score
    assert [t.name for t in score.tracks] == ["Flöte"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=24))
def test_any_bytes_are_a_text(content):
    text = smf_score.text_of(content)
    text.encode("utf-8")
    assert "\0" not in text


RUNNING_ON = {
    "notes after the end of the track": file_of(
        track(*TWO, (0, meta(0x2F, b"")), (0, on(70)), (480, off(70)))
    ),
    "a message after it": file_of(track(*TWO, (0, meta(0x2F, b"")), (0, b"\xb0\x07\x10"))),
    "twice the same file": PLAIN + PLAIN,
    "another file behind": PLAIN + file_of(track((0, on(70)), (480, off(70))), division=96),
    "another file behind zeros": PLAIN + bytes(16) + PLAIN,
    "another file behind a longer one": file_of(track(*TWO), track((0, meta(3, b"x")))) + PLAIN,
    "a file cut short before another": PLAIN[:-4] + PLAIN,
}


@pytest.mark.parametrize("name", RUNNING_ON)
def test_what_comes_after_the_end_is_left_out_with_a_warning(name):
    with pytest.warns(MusicFileWarning, match="left out|cut short") as caught:
        clip = Clip.read_midi(RUNNING_ON[name])
    assert len(caught) == 1
    assert clip.notes["pitch"].tolist() == [60, 62]
    assert not any(len(track.controls) for track in clip.score.tracks)


@pytest.mark.parametrize("behind", [b"", bytes(7), b"LIST" + bytes(4), b"DLS \0\0\0\4abcd"])
def test_padding_and_other_chunks_are_no_fault(behind):
    assert read(PLAIN + behind) == [(0, 1, 60), (2, 1, 62)]
