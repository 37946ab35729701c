"""What `pip install` gives: the wheel, installed where the repository is not beside it."""

import email
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from workbench import extras
from workbench.course.notebooks import REPOSITORY, SET_UP
from workbench.errors import MissingPackageError

ROOT = Path(__file__).parents[1]
INDEX_LIMIT = 100_000_000  # bytes of a file that the Python Package Index takes
ENVIRONMENT = {**os.environ, "PYTHONPATH": "", "PIP_NO_INDEX": "1"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy of what it is made of."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("workbench", "notebooks"):
        left_out = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=left_out)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            folder,
            folder / "source",
        ],
        check=True,
        env=ENVIRONMENT,
    )
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A fresh environment with the wheel in it; other packages come from this one."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    base = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", base))
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    programs = Path(sysconfig.get_path("scripts", "venv", base))
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            programs / "python",
            "install",
            "--quiet",
            "--no-deps",
            wheel,
        ],
        check=True,
        env=ENVIRONMENT,
    )
    return programs


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=cwd, env=ENVIRONMENT
    )


def test_the_wheel_holds_every_file_of_the_package_and_the_notebooks(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    here = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "workbench").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".DS_Store"
    }
    assert here == {name for name in held if name.startswith("workbench/")}
    notebooks = {name.split("/notebooks/")[1] for name in held - here}
    assert notebooks == {
        path.relative_to(ROOT / "notebooks").as_posix()
        for pattern in (
            "*.ipynb",
            "src/**/*.py",
            "experiments/*.ipynb",
            "experiments/results/*",
            "refreshers/*.ipynb",
            "capstone/*.ipynb",
        )
        for path in (ROOT / "notebooks").glob(pattern)
    }
    assert wheel.stat().st_size < INDEX_LIMIT


def test_the_wheel_names_its_packages_and_extras(wheel):
    with zipfile.ZipFile(wheel) as archive:
        [name] = [n for n in archive.namelist() if n.endswith("/METADATA")]
        about = email.message_from_bytes(archive.read(name))
    assert {"course", "tools", "test", "all"} <= set(about.get_all("Provides-Extra"))
    needed = about.get_all("Requires-Dist")
    assert "torch" in needed
    assert 'anywidget; extra == "course"' in needed
    assert 'papermill; extra == "tools"' in needed


def test_the_installed_workbench_makes_music(installed, tmp_path):
    where = run(
        installed / "python", "-c", "import workbench; print(workbench.__file__)", cwd=tmp_path
    )
    assert Path(where.stdout.strip()).is_relative_to(installed.parent)
    done = run(installed / "workbench", "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "generate" in done.stdout
    done = run(
        installed / "workbench",
        "generate",
        "funk",
        "--bars",
        2,
        "--steps",
        2,
        "--out",
        tmp_path / "made",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    [midi] = (tmp_path / "made").glob("*.mid")
    assert midi.read_bytes()[:4] == b"MThd"


def test_the_notebooks_are_copied_and_none_is_overwritten(tmp_path):
    from workbench.course.lab import FIRST, copy_notebooks

    made = copy_notebooks(tmp_path)
    assert tmp_path / FIRST in made
    assert len(made) == len(list((ROOT / "notebooks").rglob("*.ipynb")))
    (tmp_path / FIRST).write_text("mine")
    assert copy_notebooks(tmp_path) == []
    assert (tmp_path / FIRST).read_text() == "mine"


def test_the_installed_notebooks_are_found_and_in_step(installed, tmp_path):
    done = run(installed / "workbench", "notebooks", "--check", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    code = "from workbench.course.notebooks import ROOT; print(ROOT)"
    root = run(installed / "python", "-c", code, cwd=tmp_path).stdout.strip()
    assert Path(root).is_relative_to(installed.parent)


BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


@pytest.mark.parametrize(
    ("absent", "code", "wanted"),
    [
        ("anywidget", "from workbench.course.widgets import PromptBox", "music-workbench[course]"),
        ("traitlets", "from workbench.course.widgets import DrumGrid", "music-workbench[course]"),
        ("matplotlib", "from workbench import plots; plots.axes()", "music-workbench[course]"),
        ("plotly", "import workbench; workbench.start('00')", "music-workbench[course]"),
        (
            "papermill",
            "from workbench.cli import main; sys.exit(main(['report', '--only', '00']))",
            "music-workbench[tools]",
        ),
        (
            "pdoc",
            "from workbench.cli import main; sys.exit(main(['site', '--only', '00']))",
            "music-workbench[tools]",
        ),
        (
            "symusic",
            "import workbench; workbench.Clip.from_notes([(0, 1, 60, 90)])",
            "music-workbench",
        ),
        (
            "torch",
            "from workbench.cli import main; sys.exit(main(['generate', 'funk']))",
            "music-workbench",
        ),
    ],
)
def test_a_missing_package_is_one_line_that_names_its_extra(
    installed, tmp_path, absent, code, wanted
):
    done = run(installed / "python", "-c", BLOCK.format(absent=[absent]) + code, cwd=tmp_path)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith(f'{absent} is not installed; run: pip install "{wanted}"')
    if "main" in code:
        assert last == done.stderr.strip(), "a command prints one line"


def test_a_package_that_no_extra_brings_is_named_itself():
    with pytest.raises(MissingPackageError, match='pip install "nowhere-to-be-found"'):  # noqa: SIM117
        with extras.named_extras():
            import nowhere_to_be_found  # noqa: F401


COLAB = """
import sys
from types import ModuleType
google, colab, output = ModuleType("google"), ModuleType("google.colab"), ModuleType("output")
output.enable_custom_widget_manager = lambda: print("widgets enabled")
colab.output, google.colab = output, colab
sys.modules |= {"google": google, "google.colab": colab, "google.colab.output": output}
"""


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_first_cell_sets_up_in_colab_and_does_nothing_elsewhere(wheel, tmp_path):
    """The repository's address leads to this working tree; other packages come from here."""
    source = wheel.parent / "source"
    about = ["-c", "user.name=n", "-c", "user.email=e"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "all"]):
        subprocess.run(["git", *about, *command], cwd=source, check=True)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "bare"], check=True)
    base = {"base": str(tmp_path / "bare"), "platbase": str(tmp_path / "bare")}
    python = Path(sysconfig.get_path("scripts", "venv", base)) / "python"
    site = Path(sysconfig.get_path("purelib", "venv", base))
    shutil.rmtree(site / "setuptools", ignore_errors=True)  # an old one, which came with the venv
    environment = {
        **ENVIRONMENT,
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{source.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }

    def cell(before: str, after: str) -> str:
        code = before + SET_UP + after
        done = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    absent = "\nfrom importlib.util import find_spec; print(find_spec('workbench') is None)"
    assert cell("", absent).split() == ["True"]
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    assert "widgets enabled" in cell(COLAB, "")
    done = cell("", "\nimport workbench; print(workbench.__file__, workbench.Clip.__name__)")
    assert done.split()[1] == "Clip"
    assert Path(done.split()[0]).is_relative_to(site)


@pytest.mark.skipif(
    "WORKBENCH_TEST_INSTALL" not in os.environ,
    reason="takes minutes and downloads; WORKBENCH_TEST_INSTALL names extras, such as all",
)
@pytest.mark.timeout(3600)
def test_pip_installs_the_wheel_with_its_extras(wheel, tmp_path):
    """As a user does, from the index that pip is set up for; its size is printed."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "fresh"], check=True)
    base = {"base": str(tmp_path / "fresh"), "platbase": str(tmp_path / "fresh")}
    programs = Path(sysconfig.get_path("scripts", "venv", base))
    names = os.environ["WORKBENCH_TEST_INSTALL"]
    wanted = f"{wheel}[{names}]" if names else wheel
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", wanted], check=True)
    done = run(programs / "workbench", "generate", "funk", "--wav", "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("*.wav"))
    size = sum(p.stat().st_size for p in (tmp_path / "fresh").rglob("*") if p.is_file())
    print(f"{size / 1e9:.2f} GB installed with [{names}]")
