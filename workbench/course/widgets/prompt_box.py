"""The prompt box: a prompt, its settings, and cards of takes to play, keep, vary and download."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import traitlets as t

from workbench.course.widgets.base import Text, check_system, module, style
from workbench.course.widgets.form import Field, FormWidget, fields_of, read_form
from workbench.course.widgets.side_by_side import short
from workbench.errors import PromptError
from workbench.music.clip import clips_of
from workbench.music.display import player_html
from workbench.music.writing import file_stem

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.system import System

MOST_CARDS = 24
TAKES = Field("n", "Takes", 1, 16, 4)
BARS = 4  # to start with, for a system that generates bars


class PromptBox(FormWidget):
    """A prompt box for any system that generates from text; it varies takes where the system can.

    `takes` are the clips whose cards are shown, `kept` those marked to stay.

    Args:
        system: A system that generates from text.
        prompt: Initial text of the prompt.
        takes: Clips to show at the start.
        **settings: Initial values of fields: n (1 to 16), seed, and those of genre, bars, seconds,
            guidance, steps, temperature, top_p, tempo (BPM), meter, loop, form and steady that the
            system's `generate` takes.

    Raises:
        PromptError: for a system that does not read text, and a value that is out of range.
        TypeError: for a setting that the system does not have.
    """

    _esm = module("cards", "prompt_box")
    _css = style("prompt_box")

    prompt = Text("").tag(sync=True)
    label = t.Unicode("").tag(sync=True)  # of the prompt
    example = t.Unicode("").tag(sync=True)
    chips = t.Dict().tag(sync=True)
    can_vary = t.Bool(False).tag(sync=True)
    advice: t.List[Any] = t.List().tag(sync=True)
    cards: t.List[Any] = t.List().tag(sync=True)  # key, title, html, files of each take
    kept_keys: t.List[Any] = t.List().tag(sync=True)

    def __init__(
        self, system: System, prompt: str = "", *, takes: Sequence[Clip] = (), **settings: Any
    ) -> None:
        check_system(system, "generate")
        if "text" not in system.can:
            able = ", ".join(sorted(system.can))
            raise PromptError(
                f"system: {type(system).__name__} cannot generate from text; it can: {able}"
            )
        self.system, shown = system, clips_of(takes, "takes")
        chips = system.prompt_words()
        example = [words[0] for words in chips.values() if words]
        example += ["92 bpm"] * (system.explain_prompt("92 bpm").tempo is not None)
        self._clips: dict[int, Clip] = {}
        self._next = 1
        super().__init__(
            fields_of(system, "generate", TAKES, bars=BARS),
            settings,
            prompt=prompt,
            label=f"Describe {system.makes}",
            example=", ".join(example),
            chips=chips,
            can_vary="vary" in system.can,
        )
        self.cards = self._cards_of(shown, [short(clip.caption) for clip in shown])

    # --- what Python reads --------------------------------------------------------------------

    @property
    def takes(self) -> list[Clip]:
        """The clips whose cards are shown, in the order shown."""
        return [self._clips[card["key"]] for card in self.cards]

    @property
    def kept(self) -> list[Clip]:
        """The clips marked “keep”."""
        return [self._clips[c["key"]] for c in self.cards if c["key"] in self.kept_keys]

    @property
    def if_stopped(self) -> str:  # type: ignore[override]
        return "Your earlier takes are still here." if self.cards else "There are no takes yet."

    def fallback_clips(self) -> Sequence[Clip]:
        return self.takes

    def _state(self) -> Any:
        shown = {card["key"]: self._clips[card["key"]] for card in self.cards}
        return list(self.cards), list(self.kept_keys), shown

    def _restore(self, state: Any) -> None:
        cards, kept, clips = state
        self._clips = {**self._clips, **clips}
        self.cards, self.kept_keys = cards, kept

    # --- what the page asks for ---------------------------------------------------------------

    def generate(self, prompt: str | None = None, **settings: Any) -> None:
        """Do what the Generate button does; `wait()` waits for the takes.

        Args:
            prompt: Text; None leaves the prompt as it is.
            **settings: Values of fields, as of the class.

        Raises:
            PromptError: for a value that is out of range.
            TypeError: for a setting that the system does not have.
        """
        self._set(settings)
        if prompt is not None:
            self.prompt = prompt
        self.on_generate({})

    def on_explain(self, message: dict[str, Any]) -> None:
        """Show advice for a prompt while it is typed, for clips of the chosen length, metre and
        tempo."""
        typed = {**self.settings, **(message.get("settings") or {})}
        values, _ = read_form(typed, self._fields)
        asked = {name: values.get(name) for name in ("bars", "meter", "tempo")}
        prompt = str(message.get("prompt", ""))
        self.advice = list(self.system.explain_prompt(prompt, **asked).messages)

    def on_generate(self, message: dict[str, Any]) -> None:
        """Generate takes. They replace the cards that are not kept."""
        self.prompt = prompt = str(message.get("prompt", self.prompt))
        values = self._read(message)
        if values is None:
            return
        self.on_explain({"prompt": prompt})
        stay = [card for card in self.cards if card["key"] in self.kept_keys]

        def job() -> None:
            given = {name: value for name, value in values.items() if value is not None}
            clips = self.system.generate(prompt, progress=self.show_progress, **given)
            named = [text for text in (values.get("genre"), prompt.strip()) if text]
            words = short(", ".join(named), 60) or "no prompt"
            titles = [f"Take {self._next + i} · {words}" for i in range(len(clips))]
            new = self._cards_of(clips, titles)
            self._remember()
            self._show(stay + new)
            self.say = f"Generated {len(clips)} take{'s' if len(clips) > 1 else ''}."

        self.start("Generating", int(values.get("steps") or 0), job)

    def on_vary(self, message: dict[str, Any]) -> None:
        """Generate a variation of a take and show it after the take."""
        clip = self._clip(message)
        if clip is None:
            return
        values, _ = read_form(self.settings, self._fields)
        key, seed = message["key"], self._next
        takes = self.system.settings("vary")
        more: dict[str, Any] = {
            name: values[name]
            for name in ("steps", "guidance")
            if name in takes and values.get(name) is not None
        }
        request = clip.labels.get("request", {})
        more |= {
            name: request[name]
            for name in ("prompt", "genre")
            if name in takes and request.get(name)
        }

        def job() -> None:
            varied = self.system.vary(clip, seed=seed, progress=self.show_progress, **more)
            new = self._cards_of(varied, [f"Take {seed} · variation of take {key}"])
            self._remember()
            at = [card["key"] for card in self.cards].index(key) + 1
            self._show([*self.cards[:at], *new, *self.cards[at:]])
            self.say = f"Take {seed} is a variation of take {key}."

        self.start("Varying", int(more.get("steps") or 0), job)

    def on_keep(self, message: dict[str, Any]) -> None:
        """Mark or unmark a take. Marked takes stay at the next Generate."""
        if self._clip(message) is None:
            return
        key, on = message["key"], bool(message.get("on"))
        self._remember()
        others = [k for k in self.kept_keys if k != key]
        self.kept_keys = [*others, key] if on else others
        self.say = f"Take {key} is {'kept' if on else 'no longer kept'}."

    def on_download(self, message: dict[str, Any]) -> None:
        """Send a take's MIDI or WAV file to the browser."""
        clip = self._clip(message)
        if clip is None:
            return
        kind = "mid" if message.get("kind") == "mid" else "wav"
        data = clip.midi_bytes() if kind == "mid" else clip.audio_bytes("wav")
        name = f"{file_stem(clip)}.{kind}"
        self.send({"is": "file", "name": name}, buffers=[data])
        self.say = f"{name} was downloaded."

    # --- cards --------------------------------------------------------------------------------

    def _clip(self, message: dict[str, Any]) -> Clip | None:
        key: Any = message.get("key")
        if key in [card["key"] for card in self.cards]:
            return self._clips[key]
        self.say = "That take no longer exists; choose one that is shown."
        return None

    def _cards_of(self, clips: Sequence[Clip], titles: Sequence[str]) -> list[dict[str, Any]]:
        """Cards with rendered players. Raises Stopped between two renderings."""
        cards = []
        for clip, title in zip(clips, titles, strict=True):
            self.worker.check()
            key, self._next = self._next, self._next + 1
            self._clips[key] = clip
            files = ["mid", "wav"] if clip.has_score else ["wav"]
            cards.append({"key": key, "title": title, "html": _player(clip, title), "files": files})
        return cards

    def _show(self, cards: list[dict[str, Any]]) -> None:
        """Show these cards, at most MOST_CARDS: the oldest that are not kept are removed first."""
        kept = set(self.kept_keys)
        over = len(cards) - MOST_CARDS
        loose = [card["key"] for card in cards if card["key"] not in kept]
        gone = set(loose[: max(over, 0)])
        self.cards = [card for card in cards if card["key"] not in gone]
        shown = {card["key"] for card in self.cards}
        self._clips = {key: clip for key, clip in self._clips.items() if key in shown}


def _player(clip: Clip, title: str) -> str:
    """A take's player. The title numbers the takes of the box. The take's number within its call of
    `generate`, which the clip's source names, is left out so that only one number is shown."""
    return player_html(clip, title=title, source=re.sub(r",? take \d+", "", clip.source))
