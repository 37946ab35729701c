"""The project as a whole: setup files in step, quick import, no stray names."""

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "ci"))
import lock  # noqa: E402
import setup  # noqa: E402

from tests import import_graph  # noqa: E402
from workbench.extras import package_of  # noqa: E402

README = (ROOT / "README.md").read_text(encoding="utf-8")
LAYERS = (  # from the top of the house down; an import may only go down or stay
    ("cli", "system_command", "system_options", "train_command"),
    ("tools",),
    ("course",),
    ("benchmarks",),
    ("systems",),
    ("evaluation",),
    ("training",),
    ("models",),
    ("representations",),
    ("datasets",),
    ("music",),
    ("tables",),
    ("options",),
    ("arguments", "errors", "extras", "files", "late", "moved", "processes", "version"),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def test_environment_is_in_step_with_the_lock():
    assert lock.ENVIRONMENT.read_text() == lock.environment(), "run: make lock"


def test_every_direct_package_is_locked_with_hashes():
    text = lock.LOCK.read_text()
    versions = lock.locked()
    assert set(lock.direct()) <= versions.keys()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block.split("\n")[0])


def test_the_lock_names_no_index_and_no_pyaudio():
    text = lock.LOCK.read_text()
    assert not re.search(r"https?://|--index|--extra-index|--find-links", text)
    assert "pyaudio" not in lock.locked()


def test_each_part_imports_what_its_extra_brings():
    """The library needs its dependencies alone; `course` and `tools` bring the rest."""
    project = tomllib.loads(lock.PROJECT.read_text())["project"]
    lists = {
        name: set(map(lock.name_of, lines))
        for name, lines in project["optional-dependencies"].items()
    }
    library = set(map(lock.name_of, project["dependencies"]))
    course, tools = library | lists["course"], library | lists["course"] | lists["tools"]
    brings = dict.fromkeys(("course",), course) | dict.fromkeys(("benchmarks", "tools"), tools)
    wide = {"music/soundfont.py": lists["soundfont"]}
    for path in (ROOT / "workbench").rglob("*.py"):
        inside = path.relative_to(ROOT / "workbench")
        packages = brings.get(inside.parts[0].removesuffix(".py"), library)
        packages = packages | wide.get(inside.as_posix(), set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in {n.split(".")[0] for n in names} - {"workbench"} - sys.stdlib_module_names:
                assert package_of(name) in packages, f"{inside} imports {name}"


IMPORTS = import_graph.imports(ROOT / "workbench")


def test_imports_run_downward():
    """In every form, inside functions and for types too."""
    assert len({each.source for each in IMPORTS}) > 200  # nearly all modules
    for each in IMPORTS:
        here, there = (name.split(".")[1:2] for name in (each.source, each.target))
        if here and there:  # not from or of `workbench` itself, which holds the public names
            told = f"{each.source}:{each.line} imports {each.target}"
            assert LEVEL[there[0]] >= LEVEL[here[0]], told


def test_no_module_waits_for_itself():
    edges = [(each.source, each.target) for each in IMPORTS if each.kind != import_graph.TYPES]
    assert import_graph.circles(edges) == []
    assert import_graph.circles([*edges, ("workbench.errors", "workbench.cli")])
    # for types too: but the clip, what reads, writes and plays it, and the view that shows it
    for ring in import_graph.circles([(each.source, each.target) for each in IMPORTS]):
        assert {name.rpartition(".")[0] for name in ring} == {"workbench.music"}, ring


MOST_DEFERRED = 31  # imports of the package inside functions: this number only falls


def test_imports_inside_functions_are_few_and_have_a_reason():
    """Beside each stands why: what makes the import slow, or which command alone needs it."""
    lazy = [each for each in IMPORTS if each.kind == import_graph.FUNCTION]
    assert [f"{each.source}:{each.line}" for each in lazy if not each.reason] == []
    assert 0 < len({(each.source, each.line) for each in lazy}) <= MOST_DEFERRED


def test_systems_and_data_sets_are_listed_in_one_place_each():
    """No table of most of them is kept by hand: by key, class, checkpoint, folder or name."""
    from workbench.datasets import CATALOGUE
    from workbench.systems.registry import SYSTEMS

    entries = SYSTEMS.values()
    lists = [
        set(SYSTEMS),
        {entry.name for entry in entries},
        {entry.checkpoint for entry in entries},
        {entry.home.partition(":")[0].rpartition(".")[2] for entry in entries},
    ]
    for path in sorted([*(ROOT / "workbench").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]):
        if path == ROOT / "workbench" / "__init__.py":  # names its classes again, for type checkers
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts: list = []
            if isinstance(node, ast.Dict):
                parts = [key for key in node.keys if key] + node.values
            elif isinstance(node, ast.Tuple | ast.List | ast.Set):
                parts = node.elts
            names = {part.value for part in parts if isinstance(part, ast.Constant)}
            names |= {part.id for part in parts if isinstance(part, ast.Name)}
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            assert all(len(names & known) < len(known) - 1 for known in lists), where
            assert len({name for name in names if name in CATALOGUE}) < len(CATALOGUE) / 2, where


def test_import_is_light():
    """What makes an import slow is what it pulls in: none of the heavy packages."""
    code = (
        "import sys, workbench; "
        "print([m for m in ('torch', 'symusic', 'matplotlib', 'plotly', 'transformers', 'sklearn',"
        " 'scipy', 'pandas', 'numpy', 'IPython') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_resolve():
    import workbench

    for name in workbench.__all__:
        assert getattr(workbench, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = workbench.nonsense


def test_weights_are_never_pickles():
    """No call that could run code from a file."""
    for path in (ROOT / "workbench").rglob("*.py"):
        text = path.read_text()
        assert not re.search(r"torch\.load\(|pickle\.loads?\(|allow_pickle=True|joblib", text), path


def test_the_citation_file_is_valid_and_in_step():
    """The keys that version 1.2.0 of the Citation File Format asks for, of it and of references."""
    import yaml

    import workbench

    about = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    known = {
        "cff-version",
        "message",
        "title",
        "type",
        "authors",
        "version",
        "license",
        "abstract",
        "keywords",
        "references",
    }
    assert {"cff-version", "message", "title", "authors"} <= about.keys() <= known
    assert (about["cff-version"], about["type"]) == ("1.2.0", "software")
    assert str(about["version"]) == workbench.__version__
    assert about["license"] == "MIT"
    for reference in about["references"]:
        assert {"type", "title", "authors"} <= reference.keys()
        assert all({"family-names", "given-names"} == set(a) for a in reference["authors"])
        assert reference["url"].removeprefix("https://arxiv.org/abs/") in README


def test_no_text_has_a_conflict_of_git():
    marks = subprocess.run(
        ["git", "grep", "-nIE", "^(<{7}|>{7})( |$)"], cwd=ROOT, capture_output=True, text=True
    )
    assert marks.stdout == ""


def test_every_link_of_the_readme_leads_somewhere():
    """Files and headings; addresses of the web are not asked."""
    headings = re.findall(r"^#+ (.+)$", README, re.M)
    anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
    links = re.findall(r"\]\(([^)\s]+)\)", README) + re.findall(r'(?:src|href)="([^"]+)"', README)
    assert links
    for link in links:
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif not link.startswith("http"):
            assert (ROOT / link).exists(), link


def test_every_command_of_the_readme_is_one(tmp_path, monkeypatch):
    from workbench.cli import parser
    from workbench.datasets import CATALOGUE

    blocks = re.findall(r"```sh\n(.*?)```", README, re.S)
    lines = [line.split(" #")[0] for block in blocks for line in block.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("workbench ")]
    assert len(commands) > 10
    monkeypatch.chdir(tmp_path)
    for command in commands:
        if "--dataset" in command:  # a folder is looked into as it is read
            for name in set(command[command.index("--dataset") + 1].split("+")) - set(CATALOGUE):
                (tmp_path / name).mkdir(parents=True, exist_ok=True)
                (tmp_path / name / "song.mid").touch()
        parser().parse_args(command)  # exits where it is none
    named = re.findall(r"^(?:make|python ci/setup.py) (\w+)", "\n".join(lines), re.M)
    assert set(named) <= set(setup.TARGETS)


def test_make_and_the_script_have_the_same_targets():
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^TARGETS = (.*)$", rules, re.M)[1].split() == list(setup.TARGETS)


def test_the_readme_names_every_notebook_checkpoint_and_licence():
    from workbench.datasets import CATALOGUE

    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"(notebooks/{notebook.name})" in README, notebook.name
    for notebook in (ROOT / "notebooks" / "experiments").glob("*.ipynb"):
        assert f"[{notebook.stem}](notebooks/experiments/{notebook.name})" in README, notebook.stem
    for folder in (ROOT / "workbench" / "checkpoints").iterdir():
        assert folder.name in README, folder.name
    for entry in CATALOGUE.values():
        assert f"`{entry.name}`" in README, entry.name


def test_the_readmes_summary_says_what_its_tables_say():
    section = README.partition("\n## Results\n")[2].partition("\n## ")[0]
    summary, _, rest = section.partition("<details>")
    figures = re.findall(r"(?<![\w.,])\d[\d.,]*\d", summary)
    assert len(figures) > 12
    for figure in figures:
        assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d]|[.,]\d)", rest), figure


def test_the_readmes_pictures_are_small_and_described():
    pictures = list((ROOT / "notebooks" / "pictures").glob("*.webp"))
    assert sum(path.stat().st_size for path in pictures) < 1_000_000
    shown = re.findall(r'<img[^>]*src="(notebooks/pictures/[^"]+)"[^>]*alt="([^"]{20,})"', README)
    assert {ROOT / path for path, _ in shown} == set(pictures)


def test_the_gpu_job_lists_every_notebook():
    done = subprocess.run(
        ["bash", str(ROOT / "ci" / "gpu.sh"), "--list"], capture_output=True, text=True, check=True
    )
    numbers = sorted(p.name[:2] for p in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    assert sorted(ast.literal_eval(done.stdout)) == numbers != []


def test_jupyter_keeps_its_token():
    """No file of the project switches JupyterLab's token or password off."""
    for name in ("workbench/course/lab.py", "ci/setup.py", "ci/gpu.sh"):
        assert "token" not in (ROOT / name).read_text().lower()


WORKFLOWS = ROOT / ".github" / "workflows"


def test_the_hooks_before_a_commit_are_targets_of_the_script():
    import yaml

    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    hooks = [hook for repository in yaml.safe_load(text)["repos"] for hook in repository["hooks"]]
    assert {hook["entry"] for hook in hooks} == {
        f"python ci/setup.py {target}" for target in ("style", "types")
    }
    for hook in hooks:  # nothing is downloaded: versions are the lock's
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)


def test_the_forms_of_issues_have_what_the_forge_asks_for():
    """The keys of GitHub's form schema: name, description, a body of inputs with labels and ids."""
    import yaml

    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    forms = [form for form in forms if form.name != "config.yml"]
    assert len(forms) >= 3
    for form in forms:
        about = yaml.safe_load(form.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= about.keys(), form.name
        assert about.keys() <= {"name", "description", "title", "labels", "body"}, form.name
        ids = [item["id"] for item in about["body"]]
        assert len(set(ids)) == len(ids)
        for item in about["body"]:
            assert item["type"] in ("input", "textarea", "dropdown"), form.name
            assert item["attributes"]["label"]
            assert item.keys() <= {"type", "id", "attributes", "validations"}
        assert any(item.get("validations", {}).get("required") for item in about["body"])


def test_the_changelog_keeps_its_form():
    import workbench

    text = (ROOT / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## (.+)$", text, re.M)
    assert releases[0] == "Unreleased"
    for release in releases[1:]:
        assert re.fullmatch(r"\[?\d+\.\d+\.\d+\]? - \d{4}-\d\d-\d\d", release)
    kinds = set(re.findall(r"^### (.+)$", text, re.M))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    versions = [release.strip("[]").split("]")[0].split(" ")[0] for release in releases[1:]]
    assert not versions or versions[0] == workbench.__version__


def test_continuous_integration_runs_on_three_systems_and_both_ends_of_python():
    import yaml

    flow = yaml.safe_load((WORKFLOWS / "cpu.yml").read_text(encoding="utf-8"))
    tests = flow["jobs"]["tests"]
    matrix = tests["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]
    about = tomllib.loads(lock.PROJECT.read_text(encoding="utf-8"))["project"]
    oldest, newest = matrix["python"]
    assert about["requires-python"] == f">={oldest}"
    assert tuple(map(int, newest.split("."))) > tuple(map(int, oldest.split(".")))
    for path in sorted(WORKFLOWS.glob("*.yml")):
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            for step in job["steps"]:
                if step.get("run", "").startswith("python ci/setup.py"):
                    args = setup.parser().parse_args(shlex.split(step["run"])[2:])
                    assert set(args.targets) <= set(setup.TARGETS)
                    assert args.targets
    steps = [step.get("run", "") for step in tests["steps"]]
    assert any(step.startswith("python ci/setup.py test") for step in steps)
