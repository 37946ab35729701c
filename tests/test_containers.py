"""Docker, Binder and the devcontainer: their steps are commands that this project has.

Nothing here starts a container. `python ci/setup.py --here` itself is run in tests/test_setup.py.
"""

import json
import re
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "ci"))
import setup  # noqa: E402

DOCKER = (ROOT / "ci" / "Dockerfile").read_text(encoding="utf-8")


def asked(command: str) -> object:
    """The options of a call of ci/setup.py."""
    program, script, *rest = shlex.split(command)
    assert (program, script) == ("python", "ci/setup.py")
    args = setup.parser().parse_args(rest)
    assert set(args.targets) <= set(setup.TARGETS)
    return args


def steps(name: str) -> list[str]:
    return re.findall(rf"(?m)^{name} (.+)$", DOCKER)


def test_the_image_is_set_up_by_the_script_for_the_cpu_or_with_cuda():
    [argument] = steps("ARG")
    assert argument == "TORCH=cpu"
    [call] = [step for step in steps("RUN") if "setup.py" in step]
    for torch in ("cpu", "lock"):
        args = asked(call.replace("$TORCH", torch))
        assert (args.here, args.torch) == (True, torch)
    assert "cpu" in setup.TORCH_INDEX
    assert "--build-arg TORCH=lock" in DOCKER


def test_the_image_does_not_run_as_root_and_keeps_the_token():
    lines = DOCKER.splitlines()
    [user] = [i for i, line in enumerate(lines) if line.startswith("USER ")]
    assert user < next(i for i, line in enumerate(lines) if line.startswith("CMD "))
    [start] = steps("CMD")
    command = json.loads(start)
    assert (ROOT / command[-1]).is_file()
    assert "token" not in start.lower()
    assert "password" not in start.lower()


def test_the_image_holds_what_the_script_needs():
    """What .dockerignore leaves out is nothing that setting up or the course reads."""
    left_out = (ROOT / "ci" / "Dockerfile.dockerignore").read_text().splitlines()
    for needed in (
        "ci/setup.py",
        "ci/requirements.lock",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "workbench/tools/report/build.py",
        "notebooks/00_start_here.ipynb",
    ):
        assert (ROOT / needed).is_file()
        assert not any(Path(needed.split("/")[0]).match(p) for p in left_out if "/" not in p)


def test_binder_takes_the_cpu_road_on_a_python_that_the_lock_allows():
    assert re.fullmatch(r"python-3\.1[1-4]\s*", (ROOT / ".binder" / "runtime.txt").read_text())
    script = (ROOT / ".binder" / "postBuild").read_text().splitlines()
    assert script[0] == "#!/usr/bin/env bash"
    args = asked(script[-1])
    assert (args.here, args.torch) == (True, "cpu")


def test_the_devcontainer_sets_up_and_chooses_that_python():
    about = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    args = asked(about["postCreateCommand"])
    assert (args.here, args.torch) == (False, "cpu")
    chosen = about["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert setup.python_of(Path(".venv")) == Path(chosen)
