"""What raters get: complete, comparable and blind."""

from __future__ import annotations

import base64
import copy
import io
import json
import re

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.listening.conftest import PROMPTS, SOURCES, materials, practice, record, tone
from workbench import Clip
from workbench.errors import BrokenFileError, WorkbenchError
from workbench.music.loudness import loudness
from workbench.tools.listening.analysis import analyse
from workbench.tools.listening.answers import merge
from workbench.tools.listening.design import Material, make_test, read_key
from workbench.tools.listening.page import EmbeddedPage, page_html


def sounds(test):
    files = {n: base64.b64decode(data) for n, data in test.page["sounds"].items()}
    return {n: soundfile.read(io.BytesIO(data)) for n, data in files.items()}, files


def test_every_source_meets_every_prompt(ratings):
    clips = ratings.key["clips"]
    met = {
        (clips[ratings.key["trials"][t]["clips"][0]]["source"], ratings.key["trials"][t]["prompt"])
        for t in ratings.trials
    }
    assert met == {(s, p) for s in SOURCES for p in PROMPTS}
    kinds = sorted(trial["kind"] for trial in ratings.key["trials"].values())
    assert kinds == ["check", "practice", "repeat"] + 6 * ["test"]


def test_pairs_are_all_pairs_of_one_prompt(pairs):
    clips = pairs.key["clips"]
    met = set()
    for name in pairs.trials:
        a, b = (clips[c] for c in pairs.key["trials"][name]["clips"])
        assert a["prompt"] == b["prompt"]
        met.add((frozenset((a["source"], b["source"])), a["prompt"]))
    assert len(met) == len(pairs.trials) == 3 * 3


def test_page_and_key_name_the_same_trials(ratings, pairs):
    for test in (ratings, pairs):
        shown = {trial["name"]: trial for trial in test.page["trials"]}
        assert shown.keys() == test.key["trials"].keys()
        for name, trial in shown.items():
            assert trial["clips"] == test.key["trials"][name]["clips"]
            assert set(trial["clips"]) <= test.page["sounds"].keys()


def test_the_page_does_not_tell_who_made_what(ratings, pairs):
    for test in (ratings, pairs):
        page = page_html(test.page)
        for word in (*SOURCES, "plays", "repeat", "source", str(test.key["seed"]) + "]"):
            assert word not in json.dumps(test.page)
        for source in SOURCES:
            assert source not in page
        for data in sounds(test)[1].values():
            assert not any(source.encode() in data for source in SOURCES)
        # nor by the order or the names: sorted by either, sources are mixed
        trials = [t for t in test.page["trials"] if t["kind"] == "test"]
        order = [test.key["clips"][t["clips"][0]]["source"] for t in trials]
        assert order != sorted(order)


def test_clips_are_equally_long_and_equally_loud(ratings):
    decoded, files = sounds(ratings)
    of_clips = [decoded[name] for name in ratings.key["clips"]]
    assert len({len(sound) for sound, _ in of_clips}) == 1
    levels = [loudness(sound, rate) for sound, rate in of_clips]
    assert np.ptp(levels) < 0.3
    assert len({rate for _, rate in of_clips}) == 1
    sizes = [len(files[name]) for name in ratings.key["clips"]]
    assert max(sizes) < 30_000


def test_the_check_has_as_many_tones_as_the_key_says(ratings):
    trial = next(t for t in ratings.key["trials"].values() if t["kind"] == "check")
    sound, rate = sounds(ratings)[0][trial["clips"][0]]
    loud = np.convolve(np.abs(sound), np.ones(rate // 20) / (rate // 20), "same") > 0.02
    assert int((np.diff(loud.astype(int)) == 1).sum()) == trial["answer"]


def test_the_seed_makes_the_test(ratings):
    again = make_test(materials(), practice(), title="Which is which?", seed=5)
    other = make_test(materials(), practice(), title="Which is which?", seed=7)
    assert again.page == ratings.page
    assert again.key == ratings.key
    assert not other.key["trials"].keys() & ratings.key["trials"].keys()


def test_in_pairs_no_source_is_always_first(pairs):
    clips = pairs.key["clips"]
    first = {clips[pairs.key["trials"][n]["clips"][0]]["source"] for n in pairs.trials}
    assert len(first) == 3


def test_what_cannot_be_a_test_is_refused():
    whole = materials()
    with pytest.raises(WorkbenchError, match="has 0 clips for 'a waltz'"):
        make_test(whole[:-1], practice(), seed=0)
    with pytest.raises(WorkbenchError, match="has 2 clips"):
        make_test([*whole, whole[0]], practice(), seed=0)
    with pytest.raises(WorkbenchError, match="2 sources"):
        make_test(whole[:3], practice(), seed=0)
    with pytest.raises(WorkbenchError, match="choose one of ratings, ab"):
        make_test(whole, practice(), design="stars", seed=0)
    twice = Material("human", "slow funk", whole[-1].clip)
    with pytest.raises(WorkbenchError, match="are the same sound"):
        make_test([twice, *whole[1:]], practice(), seed=0)
    short = Clip(audio=tone(200, 0.5), sample_rate=16000)
    with pytest.raises(WorkbenchError, match=r"human, 'slow funk' lasts 0\.50 s"):
        make_test([Material("human", "slow funk", short), *whole[1:]], practice(), seed=0)
    silent = Clip(audio=np.zeros((1, 16000)), sample_rate=16000)
    with pytest.raises(WorkbenchError, match="human, 'slow funk' is silent"):
        make_test([Material("human", "slow funk", silent), *whole[1:]], practice(), seed=0)


def test_written_and_read(ratings, tmp_path):
    page, key = ratings.write(tmp_path / "out")
    assert read_key(key) == ratings.key
    text = page.read_text()
    assert not re.search(r"(src|href)=\"(?!data:)|url\(|@import|https?://", text)
    for broken in ("nonsense", "[]", '{"format": "another"}', "null"):
        key.write_text(broken)
        with pytest.raises(BrokenFileError, match=r"key\.json"):
            read_key(key)


@pytest.mark.parametrize(
    "text",
    ["9" * 5000, "[" * 100_000, '"\\ud800"', "\ufeff", "", '{"format": 1e999}', "{'format': 1}"],
    ids=["digits", "deep", "surrogate", "mark", "empty", "infinite", "quotes"],
)
def test_a_key_that_is_none_is_named_in_one_line(tmp_path, text):
    (tmp_path / "key.json").write_text(text, encoding="utf-8")
    with pytest.raises(BrokenFileError, match=r"key\.json") as told:
        read_key(tmp_path / "key.json")
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 500
    with pytest.raises(BrokenFileError, match="Is a directory"):
        read_key(tmp_path)


def test_a_key_with_a_mark_is_read(ratings, tmp_path):
    text = json.dumps(ratings.key, ensure_ascii=False)
    (tmp_path / "key.json").write_text(text, encoding="utf-8-sig")  # as Windows' editor saves it
    assert read_key(tmp_path / "key.json") == ratings.key


def places(value, path=()):
    """Paths to everything in nested lists and dictionaries."""
    found = [path]
    if isinstance(value, dict | list):
        keys = value.keys() if isinstance(value, dict) else range(len(value))
        found += [place for key in keys for place in places(value[key], (*path, key))]
    return found


ODD = [None, "x", -1, 2.5, [], {}, [None], {"x": 1}, True, 10**30, [["x"]]]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), odd=st.sampled_from([*ODD, "left out"]))
def test_a_key_that_was_edited_is_refused_or_serves(tmp_path_factory, ratings, pairs, data, odd):
    """What `read_key` lets through, answers can be merged and analysed with."""
    folder = tmp_path_factory.mktemp("key")
    test = data.draw(st.sampled_from([ratings, pairs]))
    key = copy.deepcopy(test.key)
    *way, last = data.draw(st.sampled_from(places(key)[1:]))
    holder = key
    for step in way:
        holder = holder[step]
    if odd == "left out":
        del holder[last]
    else:
        holder[last] = odd
    (folder / "key.json").write_text(json.dumps(key), encoding="utf-8")
    files = []
    for i, name in enumerate(("Ann", "Bob")):
        files.append(folder / f"{name}.json")
        files[-1].write_text(json.dumps(record(test, name, i)), encoding="utf-8")
    try:
        known = read_key(folder / "key.json")
        analyse(known, merge(files, known).answers, seed=0)
    except WorkbenchError as error:
        assert "\n" not in str(error)  # noqa: PT017


def test_a_title_cannot_break_the_page():
    evil = make_test(materials(), practice(), title='</script><script>"&', seed=1)
    assert page_html(evil.page).count("<script") == 2
    assert "srcdoc=" in EmbeddedPage(evil.page)._repr_html_()
