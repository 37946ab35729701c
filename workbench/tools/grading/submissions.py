"""Read submissions: student, lesson and code cells of each. Nothing in them is run here, and one
student's folder cannot affect another's."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.course.question import MIME
from workbench.course.record import Predicted, sound
from workbench.errors import MissingDataError
from workbench.tools.grading.lessons import Lesson
from workbench.tools.grading.tree import DEEPEST, SKIPPED, named, read, shown, walk

LARGEST = 50 * 2**20  # bytes of a notebook, of a zip file, and of a zip file's contents
MOST_CODE = 2_000_000  # characters
LARGEST_CLASS = 10 * LARGEST  # bytes of a zip file with the folders of a class
MOST_NOTEBOOKS = 50  # per student
MOST_ZIPS = 20
MOST_NOTES = 12
MOODLE = re.compile(r"_(\d+)_assignsubmission_.*$")  # Moodle's suffix of a name
ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".zipx")
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.I)  # browsers and mail programs add .txt
RENUMBERED = {"08": "11", "09": "10", "10": "12", "11": "13"}  # lessons, since version 0.1
DROPPINGS = ("thumbs.db", "desktop.ini")  # files that Windows leaves in folders


@dataclass
class Handed:
    """A notebook that was handed in. cells: source of each code cell; ids: their ids, "" if a cell
    has none; predictions: the valid ones, by number; files: folder with the files beside it;
    problem: why it cannot be read."""

    path: Path
    cells: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    predictions: dict[str, Predicted] = field(default_factory=dict)
    lesson: str = ""
    files: Path | None = None
    problem: str = ""
    changed: float = 0.0

    @property
    def name(self) -> str:
        return named(self.path.name)


@dataclass
class Student:
    """Everything that one student handed in. notes: remarks for the instructor; unpacked: temporary
    folders of unpacked zip files, removed with this object; participant: number that Moodle gave,
    "" if none."""

    name: str
    lessons: dict[str, Handed] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unpacked: list[Any] = field(default_factory=list, repr=False)
    participant: str = ""

    def note(self, text: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(text if len(text) < 300 else f"{text[:299]}…")
        elif len(self.notes) == MOST_NOTES:
            self.notes.append("and more")


def collect(folder: Path, known: Sequence[Lesson]) -> list[Student]:
    """The students of a folder of submissions, sorted by name.

    A subfolder is a student with its name. A file directly in the folder belongs to the student
    named by the rest of its name, without the lesson's. Two folders with the same name are two
    students. A zip file, given or alone in the folder, may contain the folders of a class, as
    course systems export them. Links are not followed. Of several notebooks for a lesson the last
    changed counts. The notes list what was not read.

    Args:
        folder: Folder or zip file.
        known: The lessons.

    Raises:
        MissingDataError: if there are no submissions.
    """
    folder = Path(folder)
    if _is_file(folder) and _kind(folder) == "zip":
        return _in_class(folder, known)
    if not folder.is_dir():
        raise MissingDataError(f"{folder}: no such folder; give the folder of submissions")
    paths = [
        path
        for path in sorted(folder.iterdir(), key=os.fsencode)
        if not (path.name.startswith(".") or path.name in SKIPPED)
        and path.name.lower() not in DROPPINGS
        and (_is_folder(path) or _is_file(path))
    ]
    if len(paths) == 1 and _kind(paths[0]) == "zip" and _is_file(paths[0]):
        with suppress(MissingDataError):
            return _in_class(paths[0], known)
    sources: dict[tuple[str, str], list[Path]] = {}
    folders: Counter[tuple[str, str]] = Counter()
    for path in sorted(paths, key=_is_folder, reverse=True):
        text = named(path.name)
        number = MOODLE.search(text)
        if _is_folder(path):
            key = (MOODLE.sub("", text), number[1] if number else "")
            folders[key] += 1
            if folders[key] > 1 and not number:  # the same name, written in other bytes
                key = (f"{key[0]} ({folders[key]})", "")
        else:
            key = (_owner(text, known), number[1] if number else "")
        sources.setdefault(key, []).append(path)
    if not sources:
        raise MissingDataError(
            f"{folder}: no submissions; put one folder per student into it, or notebooks named "
            "NAME_05_latent_diffusion.ipynb"
        )
    names = Counter(name for name, _ in sources)
    students = []
    for (name, told), paths in sources.items():
        student = Student(f"{name} {told}" if names[name] > 1 and told else name)
        student.participant = told
        students.append(student)
        try:
            _take(student, [one for path in paths for one in _found(path, student, known)])
        except Exception as error:  # must not affect the marks of others
            student.note(f"could not be read: {shown(repr(error))[:200]}")
    return sorted(students, key=lambda student: student.name)


def _in_class(archive: Path, known: Sequence[Lesson]) -> list[Student]:
    """The students of a zip file. Raises MissingDataError if it cannot be opened, or contains fewer
    than two students' folders or files named by Moodle."""
    target = tempfile.TemporaryDirectory(prefix="workbench-zip-", ignore_cleanup_errors=True)
    folder = Path(target.name)
    try:
        notes = unpack(read(archive, LARGEST_CLASS), folder, time.time(), LARGEST_CLASS)
    except Exception as error:
        raise MissingDataError(f"{archive}: {_fault(error)}") from error
    while True:
        inside = [path for path in folder.iterdir() if path.name not in SKIPPED]
        if len(inside) != 1 or not _is_folder(inside[0]):
            break
        folder = inside[0]
    theirs = [
        path
        for path in inside
        if MOODLE.search(path.name)
        or any(_kind(one.path) in ("notebook", "zip") for one in walk(path).files)
    ]
    if len(theirs) < 2:
        raise MissingDataError(f"{archive}: contains no folders of students; unpack it")
    students = collect(folder, known)
    for student in students:
        student.unpacked.append(target)
        for note in notes:
            student.note(f"{named(archive.name)}: {note}")
    return students


def _kind(path: Path) -> str:
    """Kind of a file by its name: "notebook", "zip", "archive" (never opened), or ""."""
    if NOTEBOOK.search(path.name):
        return "notebook"
    suffix = path.suffix.lower()
    return "zip" if suffix == ".zip" else "archive" if suffix in ARCHIVES else ""


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(_mode(path))


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(_mode(path))


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _found(path: Path, student: Student, known: Sequence[Lesson]) -> list[Handed]:
    """The notebooks in a folder or zip file, or the file itself."""
    if _is_folder(path):
        return _in_folder(path, named(path.name), student, known)
    if _kind(path) == "zip":
        return _in_zip(path, student, known)
    if _kind(path) == "notebook":
        return [_read(path, known, None)]
    student.note(_unread(path))
    return []


def _unread(path: Path) -> str:
    if _kind(path) == "archive":
        return f"{named(path.name)}: is not opened, only .zip files are"
    return f"{named(path.name)}: is not a notebook"


def _in_folder(
    folder: Path, name: str, student: Student, known: Sequence[Lesson], *, zipped: bool = False
) -> list[Handed]:
    """The notebooks of a folder, and of zip files in it unless the folder was one (`zipped`)."""
    walked = walk(folder)
    for note in walked.notes:
        student.note(note)
    kinds: dict[str, list[Path]] = {"notebook": [], "zip": [], "archive": [], "": []}
    for one in walked.files:
        kinds[_kind(one.path)].append(one.path)
    notebooks, zips = kinds["notebook"], kinds["zip"]
    for path in kinds["archive"]:
        student.note(_unread(path))
    if len(notebooks) > MOST_NOTEBOOKS:
        student.note(f"{name}: {len(notebooks)} notebooks: only {MOST_NOTEBOOKS} are read")
    found = [_read(path, known, path.parent) for path in notebooks[:MOST_NOTEBOOKS]]
    if zipped and zips:
        student.note(f"{name}: nested zip files are not opened")
    elif len(zips) > MOST_ZIPS:
        student.note(f"{name}: {len(zips)} zip files: only {MOST_ZIPS} are opened")
    if not zipped:
        found += [one for path in zips[:MOST_ZIPS] for one in _in_zip(path, student, known)]
    if not found and not zips:
        others = [named(path.name) for path in kinds[""]]
        few = ", ".join(others[:3]) + ", …" * (len(others) > 3)
        student.note(f"no notebook in {name}" + f", which contains {few}" * bool(others))
    return found


def _in_zip(archive: Path, student: Student, known: Sequence[Lesson]) -> list[Handed]:
    """The notebooks of a zip file, which is unpacked to a temporary folder."""
    target = tempfile.TemporaryDirectory(prefix="workbench-zip-", ignore_cleanup_errors=True)
    student.unpacked.append(target)
    name = named(archive.name)
    try:
        notes = unpack(read(archive, LARGEST), Path(target.name), archive.stat().st_mtime)
    except Exception as error:
        student.note(f"{name}: {_fault(error)}")
        return []
    for note in notes:
        student.note(f"{name}: {note}")
    found = _in_folder(Path(target.name), name, student, known, zipped=True)
    folders = {(one.lesson, one.path.parent) for one in found if one.lesson}
    if (most := max(Counter(lesson for lesson, _ in folders).values(), default=0)) > 1:
        student.note(f"{name}: contains a lesson {most} times; unpack it if these are students")
    return found


def _fault(error: Exception) -> str:
    """Why a zip file cannot be unpacked; zlib, lzma and struct raise their own errors."""
    told = OSError | ValueError | NotImplementedError | RuntimeError | EOFError | MemoryError
    if isinstance(error, told | zipfile.BadZipFile) and str(error):
        return shown(str(error))[:200]
    return f"is not a valid zip file ({type(error).__name__})"


def unpack(data: bytes, target: Path, when: float, most: int = LARGEST) -> list[str]:
    """Unpack a zip file into a folder.

    Args:
        data: The zip file.
        target: The folder.
        when: Time stamp for members without a valid one.
        most: Maximal bytes of all contents.

    Returns:
        Notes about members that were left out.

    Raises:
        ValueError: if a path leaves the folder, there are more than `most` bytes or too many
            files, or it is encrypted.
    """
    end = data.rfind(b"PK\x05\x06")
    if end < 0:
        raise ValueError("is not a valid zip file")
    if int.from_bytes(data[end + 12 : end + 16], "little") > 2**20 or b"PK\x06\x07" in data[-200:]:
        raise ValueError("contains too many files")
    left, left_out = most, []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            name = member.filename.replace("\\", "/")
            parts = [part for part in name.split("/") if part not in ("", ".")]
            if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name):
                raise ValueError(f"the path {shown(name)[:80]} leaves the folder")
            if len(parts) > DEEPEST or any(
                len(part.encode(errors="replace")) > 200 for part in parts
            ):
                left_out.append(f"…{name[-60:]}")
                continue
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir() or not parts:
                continue
            if kind not in (0, stat.S_IFREG):
                left_out.append(name)
                continue
            if member.flag_bits & 1:
                raise ValueError("is encrypted; unpack it first")
            place = target.joinpath(*(part.encode(errors="replace").decode() for part in parts))
            with archive.open(member) as file:
                content = file.read(left + 1)
            left -= len(content)
            if left < 0:
                raise ValueError(f"contains more than {most >> 20} MB")
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            except OSError:  # a file and a folder with the same name
                left_out.append(name)
                continue
            try:
                changed = time.mktime((*member.date_time, 0, 0, -1))
            except (ValueError, OverflowError):
                changed = when
            os.utime(place, (changed, changed))
    few = ", ".join(shown(name)[:80] for name in left_out[:3]) + ", …" * (len(left_out) > 3)
    return [f"not used, not a file or too deep: {few}"] if left_out else []


def _owner(name: str, known: Sequence[Lesson]) -> str:
    """Name of the student whose file it is: the file's name without the lesson's."""
    stem = MOODLE.sub("", name)
    if stem == name:
        stem = re.sub(r"(\.tar)?\.[^.]*$", "", NOTEBOOK.sub(".ipynb", name))
    name = stem
    for lesson in known:
        name = _pattern(lesson).sub("", name)
    return name.strip(" _-.") or stem


def _pattern(lesson: Lesson) -> re.Pattern[str]:
    """A pattern for the spellings of a lesson's name: 05_latent_diffusion, 05 Latent Diffusion.
    The number may be that of an earlier version."""
    words = [r"\d\d", *map(re.escape, re.split(r"[\W_]+", lesson.name)[1:])]
    return re.compile(r"[\W_]*".join(words), re.I)


def _take(student: Student, found: list[Handed]) -> None:
    """Give the student the notebooks: of several for a lesson the last changed; note the others."""
    for handed in sorted(found, key=lambda one: (one.changed, one.path.name)):
        before = student.lessons.get(handed.lesson)
        if not handed.lesson:
            student.note(f"{handed.name}: {handed.problem}")
            continue
        if before:
            if handed.problem and not before.problem:  # prefer one that can be read
                before, handed = handed, before
            student.note(
                f"several notebooks for lesson {handed.lesson}: {handed.name}, the last "
                f"changed, counts, not {before.name}"
            )
        student.lessons[handed.lesson] = handed


def _read(path: Path, known: Sequence[Lesson], files: Path | None) -> Handed:
    handed = Handed(path, files=files, lesson=_named(path.name, known))
    try:
        handed.changed = path.lstat().st_mtime
        data = read(path, LARGEST)
        if not data.strip():
            raise ValueError("the file is empty")
        content = json.loads(data)  # UTF-8, UTF-16 or UTF-32, with or without a byte order mark
        cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        handed.cells = ["".join(cell["source"]) for cell in cells]
        handed.ids = [str(cell.get("id", "")) for cell in cells]
        handed.predictions = _predictions(cells)
        marked = _marked(content, known)
        if sum(map(len, handed.cells)) > MOST_CODE:
            handed.cells = []
            raise ValueError(f"it contains more than {MOST_CODE:,} characters of code")
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        MemoryError,
    ) as error:
        odd = isinstance(error, KeyError | TypeError | AttributeError)
        words = shown(str(error) or type(error).__name__)[:200]
        handed.problem = "it is not a notebook of format 4" if odd else words
        return handed
    if marked in {lesson.number for lesson in known}:
        handed.lesson = marked
    if not handed.lesson:
        handed.problem = "the lesson cannot be identified; is it another notebook?"
    return handed


def _predictions(cells: Sequence[dict[str, Any]]) -> dict[str, Predicted]:
    """The predictions in the outputs of a notebook; anything else is left out."""
    found: dict[str, Predicted] = {}
    for cell in cells:
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            data = output.get("data") if isinstance(output, dict) else None
            about = data.get(MIME) if isinstance(data, dict) else None
            if not isinstance(about, dict) or not isinstance(about.get("number"), str):
                continue
            right = about.get("right")
            entry = Predicted(
                about.get("choices", []),
                about.get("choice", -1),
                about.get("confidence", -1),
                None if right == -1 else right,
            )
            if sound(entry):
                found[about["number"]] = entry
    return found


def _marked(content: dict[str, Any], known: Sequence[Lesson]) -> str:
    """The number of the lesson that `workbench assign` wrote into the notebook. Names stay when
    lessons are renumbered; notebooks without one were made before the last renumbering."""
    about = content.get("metadata", {}).get("workbench", {})
    if not isinstance(about, dict):
        return ""
    number = str(about.get("lesson", ""))
    if name := str(about.get("name", "")):
        return _named(name, known) or number
    return RENUMBERED.get(number, number)


def _named(name: str, known: Sequence[Lesson]) -> str:
    found = [lesson.number for lesson in known if _pattern(lesson).search(named(name))]
    return found[0] if found else ""
