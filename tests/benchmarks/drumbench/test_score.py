"""DrumBench as a whole: its table, its adapters, what counts as obeyed."""

import json
import math
from collections import Counter

import pytest

from tests.benchmarks.drumbench.loops import play
from tests.benchmarks.drumbench.test_rules import notes_of
from workbench.benchmarks.drumbench import Folder, Loaded, __main__, prompts, score
from workbench.benchmarks.drumbench.loop import distance
from workbench.benchmarks.drumbench.people import People
from workbench.benchmarks.drumbench.score import _deranged, obeys
from workbench.benchmarks.drumbench.table import table
from workbench.errors import PromptError, WorkbenchError
from workbench.music.clip import Clip


def clip(pattern, tempo=100):
    return Clip.from_notes(notes_of(play(pattern)), beats=32, drums=True, tempo=tempo)


def test_the_prompts_are_many_different_and_balanced():
    found = prompts()
    assert len(found) >= 120
    assert len({p.text for p in found}) == len(found)
    for kind in {p.kind for p in found}:
        count = Counter(p.split for p in found if p.kind == kind)
        assert abs(count["validation"] - count["test"]) <= 1, kind


def test_people_with_the_property_satisfy_the_rules_and_others_do_not():
    for prompt in prompts():
        if not prompt.rule.references and prompt.kind != "nonsense":
            assert prompt.having >= 0.5, prompt.id
            assert prompt.lacking < prompt.having - 0.15, prompt.id


def test_references_are_prompts_of_the_table():
    needed = {text for p in prompts() for text in p.rule.references} | {""}
    assert needed <= set(table()[1])


def test_half_of_the_takes_must_obey():
    (prompt,) = (p for p in prompts() if p.text == "no snare")
    with_snare, without = play("BD 1 3; SD 2 4"), play("BD 1 3; CH 1 2")
    assert obeys(prompt, [with_snare, without], {"": []})
    assert not obeys(prompt, [with_snare, with_snare, without], {"": []})
    assert not obeys(prompt, [], {"": []})


def test_a_common_rule_must_beat_the_empty_prompt():
    (prompt,) = (p for p in prompts() if p.text == "no crash")
    without, crash = play("BD 1 3; CH 1 2"), play("BD 1 3; CR 1")
    assert prompt.beyond
    assert obeys(prompt, [without, crash], {"": [crash, crash]})
    assert not obeys(prompt, [without, crash], {"": [without, crash]})
    assert obeys(prompt, [without] * 8, {"": [without] * 8})


class Deaf:
    """Plays one beat whatever it is asked, and refuses one prompt."""

    def generate(self, prompt, n, *, bars, seed):
        if prompt == "waltz":
            raise PromptError("prompt: this system plays 4/4 only")
        return [clip("BD 1 3; CH 1 2 3 4")] * n

    def explain_prompt(self, prompt, bars=None):
        from workbench.systems.prompts import PromptReading

        messages = ("no such word",) if "asdf" in prompt else ()
        return PromptReading(prompt, None, (), (), messages)


def test_a_system_that_ignores_the_prompt_obeys_by_chance_only():
    outcomes = score(Loaded(Deaf(), 2))
    by = {o.prompt.text: o for o in outcomes}
    assert by["no snare"].obeyed
    assert by["no snare"].nothing
    assert not by["rock beat"].obeyed
    assert not by["waltz"].obeyed
    assert by["asdf qwer zxcv"].remark
    assert sum(o.obeyed for o in outcomes) < len(outcomes) / 4


def test_a_folder_of_midi_files_is_scored(tmp_path, capsys):
    ids = {p.text: p.id for p in prompts()}
    for name, pattern in (("no snare", "BD 1 3; CH 1 2"), ("rock beat", "BD 1 3; SD 2 4")):
        (tmp_path / ids[name]).mkdir()
        for take in "12":
            clip(pattern).write_midi(tmp_path / ids[name] / f"{take}.mid")
    clip("BD 1 2 3 4").write_midi(tmp_path / f"{ids['kick on every beat']}-1.mid")
    assert set(Folder(tmp_path).files) == {
        ids["no snare"],
        ids["rock beat"],
        ids["kick on every beat"],
    }
    out = tmp_path / "report.json"
    assert __main__.main([str(tmp_path), "--out", str(out)]) == 0
    obeyed = json.loads(out.read_text())["sections"]["drumbench"]["obeyed"]
    assert {id for id, yes in obeyed.items() if yes} == set(Folder(tmp_path).files)
    assert "style" in capsys.readouterr().out


def test_a_folder_without_such_names_is_refused(tmp_path):
    with pytest.raises(WorkbenchError, match="style-01"):
        Folder(tmp_path)


def test_the_prompts_are_listed_for_other_systems(capsys):
    assert __main__.main(["--list", "--split", "test"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(prompts("test")) + len(table()[1])


def test_variety_is_the_distance_of_pairs():
    rock, four = play("BD 1 3; SD 2 4"), play("BD 1 2 3 4")
    assert distance([rock, rock]) == 0
    assert distance([rock, four]) == pytest.approx(1 - 2 / 6)  # two hits in common of six
    assert distance([rock, rock, four], ["a", "a", "b"]) == pytest.approx(1 - 2 / 6)
    assert math.isnan(distance([rock, four], ["a", "a"]))
    known = [p.variety for p in prompts() if not math.isnan(p.variety)]
    assert len(known) > len(prompts()) - 8  # some styles were played in one performance only
    assert all(0 < value < 1 for value in known)


def test_no_prompt_is_shuffled_to_itself():
    order = _deranged(20, 0)
    assert sorted(order) == list(range(20))
    assert (order != range(20)).all()


def test_the_rates_beside_the_rules_are_those_of_peoples_loops(groove_root):
    people = People.load(str(groove_root))
    for prompt in [p for p in prompts() if p.people.startswith("label=")][::4]:
        having, lacking = people.rates(prompt.rule, prompt.people)
        assert having == pytest.approx(prompt.having, abs=0.006), prompt.id
        if prompt.kind != "nonsense":
            assert lacking == pytest.approx(prompt.lacking, abs=0.006), prompt.id
