"""The table of lessons in the instructors' guide is that of the lessons' scripts."""

from workbench.course import overview
from workbench.course.notebooks import CHECKOUT

SCRIPT = """# %% [markdown]
# # 07 · A title
#
# **Exercises:** 15 minutes.
#
# $$L(\\theta) = \\mathbb E \\lVert x \\rVert^2 \\qquad (1)$$
#
# $$x = y \\qquad (2)$$
#
# *Equation (1):* code `a.library.loss_of`; paper B, eq. 1.
#
# *Equation (2):* code `a.library.x_of`; paper B, eq. 2.

# %%
from workbench.models.some import SCHEDULES, Network, NetworkConfig, step
class Own(nn.Module):
    pass
predict("07.1", [1, 2])
diagram("A picture", {}, [])
listing(loss_of, last="return")
def fit():
    compare([])
compare([one, two])
loss.backward()

# %% tags=["stub"]
def f(x):
    return None  # predict("no call")

# %% tags=["solution"]
def f(x):
    y = x

    return y
"""


def test_a_script_is_read_and_not_run(tmp_path):
    script = tmp_path / "07_title.py"
    script.write_text(SCRIPT, encoding="utf-8")
    lesson = overview.read(script)
    assert lesson == overview.Lesson(
        number="07",
        equations=2,
        losses=("loss_of",),
        networks=("Network", "Own"),
        shown=("loss_of",),
        trains=True,
        players=1,
        diagrams=1,
        predictions=1,
        lines=(2,),
        minutes=15,
    )


def test_the_table_of_the_guide_is_current():
    assert overview.stale(CHECKOUT) == [], "run: workbench notebooks"


def test_the_guide_is_written_once(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "07_title.py").write_text(SCRIPT, encoding="utf-8")
    guide = tmp_path / "INSTRUCTORS.md"
    guide.write_text(f"before\n{overview.BEGIN}\nold\n{overview.END}\nafter\n", encoding="utf-8")
    assert overview.regenerate(tmp_path) == [guide]
    assert overview.regenerate(tmp_path) == []
    text = guide.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| 07 | 2 | `loss_of` |" in text
    assert "old" not in text


def test_every_model_lesson_has_a_loss_a_diagram_training_sound_and_a_longer_exercise():
    lessons = {lesson.number: lesson for lesson in map(overview.read, overview.scripts(CHECKOUT))}
    for number in ("03", "04", "05", "06", "07", "08", "09", "10", "11"):
        lesson = lessons[number]
        assert lesson.losses, number
        assert lesson.networks, number
        assert lesson.shown, number
        assert lesson.trains, number
        assert lesson.diagrams, number
        assert max(lesson.lines) >= 10, number
        assert lesson.players, number
    assert all(lesson.predictions for lesson in lessons.values())
