"""Songs as tokens: the workbench's REMI configuration (Huang & Yang 2020), through MidiTok.

All tracks are in one stream: Bar, TimeSig, then for each note Position (if it changes), Program,
Pitch (or PitchDrum), Velocity and, except for drums, Duration. Tempo is not a token: it belongs to
the clip, so filling a hole never changes it.

A `Vocabulary` learns pieces of several such tokens by byte-pair encoding within bars. No piece
crosses a bar line, so music can be cut and joined at bars without encoding it again. With `apart`
no piece holds a pitch of a tuned instrument, so ids can be transposed without encoding them again.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import CheckpointError, PromptError, brief
from workbench.files import UNREADABLE, atomic_write, load_json

if TYPE_CHECKING:
    from miditok import REMI, TokenizerConfig

SPECIAL = ("PAD", "BOS", "EOS", "HOLE", "FILL", "END")
LARGEST, WIDEST = 512, 4096  # largest number in a configuration, and most entries
PAD, BOS, EOS, HOLE, FILL, END = range(len(SPECIAL))
REMEMBERED = 100_000  # encoded bars that a vocabulary keeps, some 100 MB


def song_config() -> TokenizerConfig:
    """Return the default REMI configuration: 12 positions per beat (sixteenths and triplets), 16
    velocities, durations in twelfths of a beat up to 4 beats and in halves up to 16, and drums
    without durations."""
    from miditok import TokenizerConfig

    return TokenizerConfig(
        pitch_range=(21, 109),
        beat_res={(0, 4): 12, (4, 16): 2},
        num_velocities=16,
        special_tokens=list(SPECIAL),
        encode_ids_split="bar",
        remove_duplicated_notes=True,
        use_note_duration_programs=list(range(128)),
        use_programs=True,
        use_time_signatures=True,
        # No half notes as beats: 12 positions per half note have no sixteenths; MidiTok reads 2/2
        # as 4/4.
        time_signature_range={8: [3, 6, 9, 12], 4: [1, 2, 3, 4, 5, 6]},
    )


class Vocabulary:
    """Base tokens and the pieces learned from them. `Vocabulary()` has only the base tokens.

    `names` holds the name of each base token, such as "Pitch_60", `pieces` the base ids that each
    id stands for, and `size` the number of ids.
    """

    def __init__(self, midi: REMI | None = None) -> None:
        from miditok import REMI

        self.midi = midi if midi is not None else REMI(song_config())
        self.base = len(self.midi._vocab_base)
        self.names = [name for name, _ in sorted(self.midi._vocab_base.items(), key=lambda i: i[1])]
        self._bytes = np.array([self.midi._vocab_base_id_to_byte[i] for i in range(self.base)])
        self._known: dict[bytes, np.ndarray] = {}

    @classmethod
    def train(cls, songs: Sequence[np.ndarray], size: int, *, apart: bool = False) -> Vocabulary:
        """Learn tokens by byte-pair encoding.

        Args:
            songs: Songs of base ids, (tokens,) each.
            size: Number of tokens.
            apart: Whether pitches of tuned instruments stay tokens of their own.

        Raises:
            PromptError: If size is not above the number of base tokens.

        Source: Sennrich et al. 2016, arXiv 1508.07909, section 3.2.
        """
        vocabulary = cls()
        if size <= vocabulary.base:
            raise PromptError(f"size: {size}; REMI alone has {vocabulary.base} tokens, give more")
        lines = [[vocabulary._text(bar) for bar in vocabulary.bars(song)] for song in songs]
        if apart:
            vocabulary._cut_at_pitches(lines)
        model = None if apart else "BPE"  # None: as it is now
        vocabulary.midi.train(vocab_size=size, model=model, iterator=lines)
        return cls(vocabulary.midi)

    def _cut_at_pitches(self, lines: list[list[str]]) -> None:
        """Make pitches of tuned instruments words of their own in the next training of pieces.
        MidiTok itself cuts texts only at bars or beats."""
        self.midi.train(vocab_size=self.base + 1, model="BPE", iterator=lines[:1])
        model = json.loads(self.midi._model.to_str())
        pitches = "".join(self._bytes[self.kinds == "Pitch"])
        model["pre_tokenizer"] = {
            "type": "Split",
            "pattern": {"Regex": f"[{re.escape(pitches)}]"},
            "behavior": "Isolated",
            "invert": False,
        }
        model["decoder"] = None
        self.midi._model = type(self.midi._model).from_str(json.dumps(model))

    # --- ids ----------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Number of ids."""
        return len(self.pieces)

    @cached_property
    def pieces(self) -> list[tuple[int, ...]]:
        """The base ids that each id stands for."""
        model = self.midi._model
        if model is None:
            return [(i,) for i in range(self.base)]
        number = {byte: i for i, byte in enumerate(self._bytes.tolist())}
        spelled = sorted((i, text) for text, i in model.get_vocab().items())
        # MidiTok marks the start of a bar's text with "▁", which stands for no token
        return [tuple(number[byte] for byte in text if byte != "▁") for _, text in spelled]

    @cached_property
    def kinds(self) -> np.ndarray:
        """The type of each base token ("Pitch", "Bar", …): (base,) strings."""
        return np.array([name.split("_")[0] for name in self.names])

    def id(self, name: str) -> int:
        """Return the id of a base token, such as id("Bar_None")."""
        return self.midi._vocab_base[name]

    def bars(self, ids: np.ndarray) -> list[np.ndarray]:
        """Split base ids before each Bar; ids before the first Bar are left out."""
        ids = np.asarray(ids)
        starts = np.flatnonzero(ids == self.id("Bar_None"))
        return [ids[a:b] for a, b in zip(starts, [*starts[1:], len(ids)], strict=False)]

    def encode(self, base: np.ndarray) -> np.ndarray:
        """Base ids of one bar, or of a part of a bar, → ids."""
        base = np.asarray(base, dtype=np.int64)
        if self.midi._model is None or not len(base):
            return base
        key = base.tobytes()
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            coded = self.midi._model.encode([self._text(base)], is_pretokenized=True)
            self._known[key] = np.array(coded.ids, dtype=np.int64)
        return self._known[key]

    def decode(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Ids → base ids. Raises CheckpointError for an id that the vocabulary does not have."""
        wrong = [i for i in ids if not 0 <= i < self.size]
        if wrong:
            raise CheckpointError(
                f"token {wrong[0]} is not in this vocabulary of {self.size}; load the one it came "
                "with"
            )
        return np.array([b for i in ids for b in self.pieces[i]], dtype=np.int64)

    def encode_song(self, base: np.ndarray) -> np.ndarray:
        """Base ids of a whole song → ids, bar by bar."""
        bars = [self.encode(bar) for bar in self.bars(base)]
        return np.concatenate(bars) if bars else np.empty(0, dtype=np.int64)

    def _text(self, base: np.ndarray) -> str:
        return "".join(self._bytes[base])

    # --- files --------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return MidiTok's description, the content of its tokenizer.json."""
        with tempfile.TemporaryDirectory() as folder:
            self.midi.save(Path(folder) / "tokenizer.json")
            return json.loads((Path(folder) / "tokenizer.json").read_text(encoding="utf-8"))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Vocabulary:
        """Return the vocabulary of `to_dict`; without MidiTok one that can only be saved. Raises
        CheckpointError for invalid data before it needs memory."""
        _check_sizes(data.get("config") if isinstance(data, dict) else None)
        try:
            from miditok import REMI
        except ModuleNotFoundError as error:
            if error.name != "miditok":
                raise
            return _Unread(data)
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "tokenizer.json"
                path.write_text(json.dumps(data), encoding="utf-8")
                vocabulary = cls(REMI(params=path))
            vocabulary._check()
        except CheckpointError:
            raise
        except Exception as error:  # MidiTok and tokenizers may raise anything
            raise CheckpointError(
                f"vocabulary: no tokeniser of MidiTok ({brief(error)}); train or fetch it again"
            ) from None
        return vocabulary

    def _check(self) -> None:
        """Raise CheckpointError unless all kinds of tokens are there, the ids are 0 to size − 1,
        and the special tokens have the ids that the networks were trained with."""
        needed = {"Bar", "TimeSig", "Position", "Program", "Pitch", "Velocity", "Duration"}
        missing = sorted(needed - set(self.kinds.tolist()))
        model = self.midi._model
        ids = sorted(model.get_vocab().values()) if model is not None else range(self.base)
        if missing:
            raise CheckpointError(f"vocabulary: no token of the kind {missing[0]}; fetch it again")
        if self.names[: len(SPECIAL)] != [f"{name}_None" for name in SPECIAL] or list(ids) != list(
            range(self.size)
        ):
            raise CheckpointError("vocabulary: its ids are not its tokens'; fetch it again")

    def save(self, path: str | Path) -> None:
        """Write a tokenizer.json that MidiTok can load with `REMI(params=path)`."""
        with atomic_write(path) as beside:
            beside.write_text(json.dumps(self.to_dict()), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """Load a file of `save` or MidiTok. Raises CheckpointError that names an invalid file."""
        try:
            return cls.from_dict(load_json(path))
        except (OSError, KeyError, TypeError, *UNREADABLE) as error:
            raise CheckpointError(
                f"{path}: no tokeniser of MidiTok ({error}); train or fetch it again"
            ) from None


class _Unread(Vocabulary):
    """The description of a vocabulary where MidiTok is not installed. Its size and its description
    are enough to train on prepared data; anything else raises ModuleNotFoundError."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        try:
            self._size = len(json.loads(data["_model"])["model"]["vocab"])
        except (KeyError, TypeError, ValueError):
            raise CheckpointError("vocabulary: has no pieces; fetch it again") from None

    @property
    def size(self) -> int:
        return self._size

    def to_dict(self) -> dict[str, Any]:
        return self._data

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ModuleNotFoundError("No module named 'miditok'", name="miditok")


def value_of(name: str) -> float:
    """Return the number that a base token represents: a pitch, a program, a position, a velocity, a
    duration in beats; 0 for a token without one."""
    kind, _, rest = name.partition("_")
    if kind == "Duration":
        beats, fraction, steps = (int(part) for part in rest.split("."))
        return beats + fraction / steps
    try:
        return float(rest)
    except ValueError:
        return 0.0


def _check_sizes(config: Any) -> None:
    """Raise CheckpointError for a configuration with too many tokens to be listed."""
    if not isinstance(config, dict):
        raise CheckpointError("vocabulary: has no configuration; fetch it again")
    stack, count = [v for k, v in config.items() if k != "pitch_bend_range"], 0
    while stack:
        value = stack.pop()
        count += 1
        if isinstance(value, dict):
            numbers = [int(n) for key in value for n in re.findall(r"\d{1,9}", str(key))]
            stack += [*value.values(), *numbers]
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, int | float) and not abs(value) <= LARGEST:
            raise CheckpointError(f"vocabulary: {value:.6g} is too large; fetch it again")
        if count > WIDEST:
            raise CheckpointError("vocabulary: its configuration is too long; fetch it again")
    for name in ("beat_res", "beat_res_rest"):  # each range has one duration per step
        if len(config.get(name) or ()) > 8:
            raise CheckpointError(f"vocabulary: {name} has too many ranges; fetch it again")
