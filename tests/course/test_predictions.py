"""Predictions, the student's record, and calibration."""

import json
import re
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.course import calibration, predictions, record
from workbench.course.lesson import start
from workbench.course.predictions import predict, reveal
from workbench.course.question import question_of
from workbench.course.record import Predicted, Record, keep_attempt, keep_prediction, read_record
from workbench.errors import BrokenFileError, PromptError


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The path of a record of this test's own."""
    monkeypatch.setenv("WORKBENCH_RECORD", str(tmp_path / "own" / "record.json"))
    monkeypatch.setattr(predictions, "_asked", {})
    return tmp_path / "own" / "record.json"


@pytest.fixture
def somebody(kept, monkeypatch):
    """A person at the kernel, who can answer."""
    monkeypatch.setattr(record, "attended", lambda: True)
    monkeypatch.setattr(predictions, "attended", lambda: True)
    monkeypatch.setattr("workbench.course.lesson.attended", lambda: True)
    return kept


def test_whole_numbers_are_ranges_that_do_not_overlap():
    question = question_of("01.1", [3, 4, 8], "styles")
    assert question.choices == [
        "fewer than 3 styles",
        "3 styles",
        "4 to 7 styles",
        "8 styles or more",
    ]
    for value, place in [(0, 0), (2, 0), (3, 1), (4, 2), (7, 2), (8, 3), (np.int64(99), 3)]:
        assert question.place(value) == place
    assert question_of("01.1", [0.5]).choices == ["below 0.5", "0.5 or more"]


def test_one_has_its_unit_in_the_singular():
    assert question_of("01.1", [1.0, 10.0], "hours").choices == [
        "below 1 hour",
        "1 to 10 hours",
        "10 hours or more",
    ]
    assert question_of("01.1", [1, 2], "paths").choices[:2] == ["fewer than 1 path", "1 path"]
    for unit, said in (
        ("notes per bar", "below 1 note per bar"),
        ("standard deviations", "below 1 standard deviation"),
        ("times the floor", "below 1 times the floor"),
        ("ms", "below 1 ms"),
        ("%", "below 1 %"),
    ):
        assert question_of("01.1", [1.0], unit).choices[0] == said


@settings(deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=7, unique=True).map(sorted),
    st.integers(-60, 60),
)
def test_the_choice_of_a_whole_number_names_a_range_that_contains_it(edges, value):
    question = question_of("01.1", edges)
    text = question.choices[question.place(value)]
    numbers = [int(found) for found in re.findall(r"-?\d+", text)]
    if text.startswith("fewer"):
        assert value < numbers[0]
    elif text.endswith("more"):
        assert value >= numbers[0]
    else:
        assert numbers[0] <= value <= numbers[-1]


@pytest.mark.parametrize(
    ("number", "choices", "named"),
    [
        ("5.1", ["a", "b"], "number='5.1'"),
        (5.1, ["a", "b"], "number=5.1"),
        ("05.1", ["a"], "choices"),
        ("05.1", ["a", "a"], "choices"),
        ("05.1", ["a", " "], "choices"),
        ("05.1", [2, 1], "choices"),
        ("05.1", ["a", 1], "choices='a'"),
        ("05.1", list(range(9)), "choices"),
        ("05.1", "ab", "choices"),
        ("05.1", [], "choices"),
    ],
)
def test_questions_that_cannot_be_asked(number, choices, named):
    with pytest.raises(PromptError, match=re.escape(named)):
        predict(number, choices)


def test_an_answer_that_is_no_choice(kept):
    predict("05.1", ["noise", "signal"])
    with pytest.raises(PromptError, match=r"right='text'.*'noise', 'signal'"):
        reveal("05.1", "text")
    with pytest.raises(PromptError, match="right=3"):
        reveal("05.1", 3)


def test_another_stands_for_all_other_texts(kept, capsys):
    predict("04.4", ["bass drum", "another drum"])
    reveal("04.4", "cowbell")
    assert "the run gives cowbell: “another drum”." in capsys.readouterr().out
    reveal("04.4", "bass drum")
    assert "the run gives “bass drum”." in capsys.readouterr().out


def test_a_guess_is_the_least_confidence_and_confidences_are_apart():
    for n in range(2, 9):
        levels = question_of("05.1", [f"choice {i}" for i in range(n)]).confidences
        assert levels[0] == round(100 / n)
        assert min(np.diff(levels)) > 10
        assert levels[-1] == 95


def test_nobody_there_plain_text_and_no_record(kept, capsys):
    """As under papermill: the same each time, and nothing is kept."""
    pages = []
    for _ in range(2):
        question = predict("05.1", ["noise", "signal"])
        assert question.widget is None
        pages.append(question._repr_mimebundle_())
    assert pages[0] == pages[1]
    assert "<input" not in pages[0]["text/html"]
    reveal("05.1", "signal", "It was clean.")
    out = capsys.readouterr().out
    assert "the run gives “signal”. It was clean." in out
    assert "You made" not in out
    keep_attempt(["05.1"], solved=True, hints=0)
    assert not kept.exists()


def test_papermill_and_reports_are_unattended(monkeypatch):
    shell = SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=True))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.delenv("WORKBENCH_RUN_FILE", raising=False)
    assert record.attended()
    monkeypatch.setenv("WORKBENCH_RUN_FILE", "run.json")
    assert not record.attended()
    monkeypatch.delenv("WORKBENCH_RUN_FILE")
    shell.kernel._allow_stdin = False  # as papermill and nbconvert run cells
    assert not record.attended()


def test_papermill_leaves_the_record_alone(kept, tmp_path):
    """In a real kernel: nothing of an earlier prediction shows, and none is made."""
    nbformat = pytest.importorskip("nbformat")
    papermill = pytest.importorskip("papermill")
    keep_prediction("05.1", Predicted(["a", "b"], 0, 80, 1))
    before = kept.read_bytes()
    sources = ["from workbench import predict, reveal\npredict('05.1', ['a', 'b'])"]
    sources.append("reveal('05.1', 'b')")
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, tmp_path / "in.ipynb")
    papermill.execute_notebook(
        str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb"), progress_bar=False
    )
    outputs = [cell.outputs for cell in nbformat.read(tmp_path / "out.ipynb", 4).cells]
    [asked], [said] = outputs
    assert set(asked["data"]) == {"text/plain", "text/html"}
    assert "80 %" not in asked["data"]["text/html"]
    assert "the run gives “b”" in said["data"]["text/plain"]
    assert kept.read_bytes() == before


def test_the_widget_keeps_the_answer_and_the_run_decides(somebody, capsys):
    widget = predict("05.1", ["noise", "signal", "both"]).widget
    widget.on_predict({"choice": 1})
    assert widget.choice == -1, "without a confidence"
    widget.on_predict({"choice": 7, "confidence": 80})
    assert widget.choice == -1
    widget.on_predict({"choice": 1, "confidence": 80})
    assert read_record().predictions["05.1"] == Predicted(["noise", "signal", "both"], 1, 80)
    widget.on_predict({"choice": 2, "confidence": 33})
    reveal("05.1", "both")
    assert "33 % sure. That was correct." in capsys.readouterr().out
    assert read_record().predictions["05.1"] == Predicted(["noise", "signal", "both"], 2, 33, 2)
    widget.on_predict({"choice": 0, "confidence": 95})
    assert "does not count" in widget.say
    assert widget.choice == 2
    again = predict("05.1", ["noise", "signal", "both"]).widget
    assert (again.choice, again.confidence, again.right) == (2, 33, 2)
    other = predict("05.1", ["noise", "signal"]).widget
    assert (other.choice, other.right) == (-1, -1), "another question"


def test_the_static_copy_marks_the_answer_and_has_no_controls(somebody):
    from workbench.course.question import MIME

    widget = predict("05.1", ["<b>", "signal"]).widget
    widget.on_predict({"choice": 0, "confidence": 65})
    widget.decide(1)
    still = widget._still()
    assert "◉ &lt;b&gt; — your prediction, 65 % sure" in still["text/html"]
    assert "○ signal — what the run gave" in still["text/html"]
    assert "<input" not in still["text/html"]
    assert still[MIME] == json.loads(json.dumps(still[MIME]))
    assert [still[MIME][name] for name in ("number", "choice", "right")] == ["05.1", 0, 1]


def test_reveal_without_a_prediction_says_so(somebody, capsys):
    reveal("05.2", 0.25)
    assert "the run gives 0.25." in capsys.readouterr().out
    predict("05.2", [0.5])
    reveal("05.2", 0.25)
    assert "You made no prediction" in capsys.readouterr().out
    assert not somebody.exists()


def test_a_record_that_cannot_be_written_is_one_line(somebody, monkeypatch):
    somebody.parent.mkdir()
    somebody.mkdir()
    widget = predict("05.1", ["a", "b"]).widget
    widget._received(widget, {"do": "predict", "choice": 0, "confidence": 65}, None)
    assert "record.json" in widget.say
    assert widget.choice == 0
    keep_attempt(["05.1"], solved=True, hints=0)  # disturbs no check


def test_a_broken_record_is_named(somebody, capsys):
    somebody.parent.mkdir()
    good = {"choices": ["a", "b"], "choice": 0, "confidence": 50, "right": None}
    for text in [
        "",
        "[]",
        "{}",
        '{"exercises": {"05.1": {"tries": "x"}}, "predictions": {}}',
        *(
            json.dumps({"exercises": {}, "predictions": {"05.1": {**good, **wrong}}})
            for wrong in ({"choice": 2}, {"confidence": 101}, {"right": -1}, {"choices": "ab"})
        ),
    ]:
        somebody.write_text(text)
        with pytest.raises(BrokenFileError, match=r"record\.json: is not a record"):
            read_record()
    start("05", profile="smoke", dataset="builtin").finish()
    assert "is not a record" in capsys.readouterr().out


def test_checks_keep_tries_and_hints(somebody):
    from workbench.course.teaching import check_entropy

    check_entropy(lambda counts: None)
    assert not somebody.exists(), "not attempted"
    for _ in range(2):
        check_entropy(lambda counts: 0.0)
    shares = lambda counts: counts[counts > 0] / counts.sum()  # noqa: E731
    assert check_entropy(lambda c: -(shares(c) * np.log2(shares(c))).sum()).passed
    check_entropy(lambda counts: 0.0)  # afterwards
    attempt = read_record().exercises["01.1"]
    assert attempt == record.Attempt(solved=True, tries=2, hints=min(2, len(check_entropy.hints)))


def test_two_kernels_lose_nothing(kept):
    def work(lesson):
        for i in range(10):
            keep_prediction(f"{lesson:02}.{i}", Predicted(["a", "b"], 0, 50))

    threads = [threading.Thread(target=work, args=(lesson,)) for lesson in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_record().predictions) == 30


# --- calibration ------------------------------------------------------------------------------


def made(*pairs):
    """Predictions from (confidence, whether correct)."""
    return [Predicted(["a", "b"], 0, percent, 0 if hit else 1) for percent, hit in pairs]


def test_brier_against_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    confidences, hits = random.integers(0, 101, 40).tolist(), (random.random(40) < 0.5).tolist()
    pairs = list(zip(confidences, hits, strict=True))
    expected = metrics.brier_score_loss([hit for _, hit in pairs], [p / 100 for p, _ in pairs])
    assert calibration.brier(made(*pairs)) == pytest.approx(expected)
    assert calibration.brier(made((50, True), (50, False))) == 0.25


def test_bands_count_each_prediction_once():
    pairs = [(percent, percent % 2 == 0) for percent in range(101)]
    found = calibration.bands(made(*pairs))
    assert sum(band.n for band in found) == 101
    assert sum(band.hits for band in found) == 51
    assert all(band.low <= band.share <= band.high for band in found)
    assert [band.confidence for band in found] == sorted(band.confidence for band in found)
    assert calibration.bands([]) == []


def test_words_name_confidence_above_and_below_hits():
    few = calibration.in_words(made((95, False)))
    assert "0 of 1 predictions correct (0 %), mean confidence 95 %" in few
    assert "too few" in few
    above = calibration.in_words(made(*[(95, False)] * 12))
    assert "more confident than" in above
    below = calibration.in_words(made(*[(50, True)] * 12))
    assert "more often than you expect" in below
    agree = calibration.in_words(made(*[(80, i % 5 > 0) for i in range(20)]))
    assert "agrees" in agree
    assert calibration.in_words([]) == calibration.picture([]) == ""


def test_the_picture_names_its_values_and_places_points():
    svg = calibration.picture(made((80, True), (80, False), (95, True)))
    assert "80% sure, 50% correct (1 of 2)" in svg
    centres = re.findall(r"<circle cx='([\d.]+)' cy='([\d.]+)'", svg)
    assert len(centres) == 2
    (x1, y1), (x2, y2) = ((float(x), float(y)) for x, y in centres)
    assert x1 < x2
    assert y1 > y2, "all correct is higher"


def test_the_end_of_a_lesson_shows_this_lesson_and_all(somebody, capsys):
    keep_prediction("05.1", Predicted(["a", "b"], 0, 80, 0))
    keep_prediction("04.1", Predicted(["a", "b"], 0, 80, 1))
    keep_prediction("05.2", Predicted(["a", "b"], 0, 80))  # not decided
    start("05", profile="smoke", dataset="builtin").finish()
    out = capsys.readouterr().out
    assert "This lesson: 1 of 1 predictions correct" in out
    assert "All lessons: 1 of 2 predictions correct" in out
    assert "run workbench progress" in out
    assert read_record().decided("06.") == []
    assert Record().decided() == []


def test_the_lock_of_another_process_is_waited_for(kept):
    from workbench.files import locked

    kept.parent.mkdir()
    done = threading.Event()

    def later():
        keep_prediction("05.1", Predicted(["a", "b"], 0, 50))
        done.set()

    with locked(kept.with_name("record.json.lock"), "a test"):
        thread = threading.Thread(target=later)
        thread.start()
        assert not done.wait(0.3)
    thread.join(10)
    assert done.is_set()
