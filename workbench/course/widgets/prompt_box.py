"""The prompt box: words and settings in, takes out as cards to play, keep, vary and download."""

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
    from workbench.systems.base import System

MOST_CARDS = 24
TAKES = Field("n", "Takes", 1, 16, 4)
BARS = 4  # of a system that asks for bars


class PromptBox(FormWidget):
    """A prompt box for any system that generates from text; it varies takes where the system can.

    `takes` are the clips whose cards are shown, `kept` those marked to stay. settings: what stands
    in the fields at the start: n, seed, and those of bars, seconds, guidance, steps, temperature
    and tempo that the system's `generate` takes. takes: clips to show from the start.
    Raises PromptError for a system that reads no text.
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
                f"system: {type(system).__name__} generates nothing from text; it can: {able}"
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
        """The clips whose cards are shown, in that order."""
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
        """As if Generate were pressed; `wait()` waits for the takes."""
        self._set(settings)
        if prompt is not None:
            self.prompt = prompt
        self.on_generate({})

    def on_explain(self, message: dict[str, Any]) -> None:
        """Advice for a prompt while it is typed."""
        self.advice = list(self.system.explain_prompt(str(message.get("prompt", ""))).messages)

    def on_generate(self, message: dict[str, Any]) -> None:
        """Draw takes; kept cards stay, the others make room."""
        self.prompt = prompt = str(message.get("prompt", self.prompt))
        values = self._read(message)
        if values is None:
            return
        self.on_explain({"prompt": prompt})
        stay = [card for card in self.cards if card["key"] in self.kept_keys]

        def job() -> None:
            clips = self.system.generate(prompt, progress=self.show_progress, **values)
            words = short(prompt, 60) or "no words"
            titles = [f"Take {self._next + i} · {words}" for i in range(len(clips))]
            new = self._cards_of(clips, titles)
            self._remember()
            self._show(stay + new)
            self.say = f"{len(clips)} take{'s' if len(clips) > 1 else ''} drawn."

        self.start("Drawing", int(values.get("steps") or 0), job)

    def on_vary(self, message: dict[str, Any]) -> None:
        """A variation of a take, put behind it."""
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
        words = clip.labels.get("request", {}).get("prompt")
        if "prompt" in takes and words:
            more["prompt"] = words

        def job() -> None:
            drawn = self.system.vary(clip, seed=seed, progress=self.show_progress, **more)
            new = self._cards_of(drawn, [f"Take {seed} · variation of take {key}"])
            self._remember()
            at = [card["key"] for card in self.cards].index(key) + 1
            self._show([*self.cards[:at], *new, *self.cards[at:]])
            self.say = f"Take {seed} is a variation of take {key}."

        self.start("Varying", int(more.get("steps") or 0), job)

    def on_keep(self, message: dict[str, Any]) -> None:
        """Mark or unmark a take; marked ones stay on the next Generate."""
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
        self.say = f"{name} is in your downloads."

    # --- cards --------------------------------------------------------------------------------

    def _clip(self, message: dict[str, Any]) -> Clip | None:
        key: Any = message.get("key")
        if key in [card["key"] for card in self.cards]:
            return self._clips[key]
        self.say = "That take is gone; choose one that is shown."
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
        """Show these cards, at most MOST_CARDS: the oldest that are not kept go first."""
        kept = set(self.kept_keys)
        over = len(cards) - MOST_CARDS
        loose = [card["key"] for card in cards if card["key"] not in kept]
        gone = set(loose[: max(over, 0)])
        self.cards = [card for card in cards if card["key"] not in gone]
        shown = {card["key"] for card in self.cards}
        self._clips = {key: clip for key, clip in self._clips.items() if key in shown}


def _player(clip: Clip, title: str) -> str:
    """A take's player. The title counts the takes of the box; the number within its drawing, by
    which the clip's source can draw it again, is not shown as a second count."""
    return player_html(clip, title=title, source=re.sub(r",? take \d+", "", clip.source))
