"""The state of a MIDI channel: pitch wheel, tuning, pedals, volume, pan, other controllers.

A track of a score plays one instrument on its own channel, so the track has all messages that
affect its notes. `Channel` converts the track's events to step functions of time (lanes), from
which synthesizers play and excerpts take their initial state.

Source: the MIDI 1.0 specification; General MIDI level 1 for initial values; recommended practices
RP-015 for "reset all controllers" (121), and RP-018 for data increment and decrement (96, 97).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from workbench.late import late

symusic = late("symusic")

MODULATION, VOLUME, PAN, EXPRESSION, SUSTAIN, SOSTENUTO = 1, 7, 10, 11, 64, 66
SOUND_OFF, RESET = 120, 121
NOTES_OFF = (123, 124, 125, 126, 127)  # the mode messages end all notes, too
DEFAULTS = {MODULATION: 0, VOLUME: 100, PAN: 64, EXPRESSION: 127, SUSTAIN: 0, SOSTENUTO: 0}
RESETS = (MODULATION, EXPRESSION, 64, 65, SOSTENUTO, 67)  # not volume, pan, program or tuning
ENTRY = (6, 38, 96, 97)  # data entry, and one step up or down
PARAMETER = (*ENTRY, 98, 99, 100, 101)  # and the choice of what it sets
NO_PARAMETER = (True, 127, 127)
BEND_RANGE, FINE_TUNING, COARSE_TUNING = ((True, 0, number) for number in range(3))
FOREVER = 2**40  # ticks: a note that nothing ends


class Lane:
    """A step function of time: `default` until the first tick, then values[i] from ticks[i] on."""

    def __init__(self, ticks: Any, values: Any, default: float) -> None:
        self.ticks = np.asarray(ticks, dtype=np.int64)
        self._values = np.concatenate([[default], np.asarray(values, dtype=np.float64)])

    def at(self, ticks: Any) -> np.ndarray:
        """Return the current values at ticks; of several events at one tick the last one counts."""
        return self._values[np.searchsorted(self.ticks, ticks, side="right")]

    @property
    def constant(self) -> bool:
        """Return whether no event changes the default."""
        return bool((self._values == self._values[0]).all())


class Channel:
    """The state of a track's channel over time; times in ticks, ascending.

    track: a symusic track in ticks. At one tick, controllers precede the pitch wheel, because the
    score does not keep their order.
    """

    def __init__(self, track: Any) -> None:
        self.track = track
        columns = track.controls.numpy()
        order = np.argsort(columns["time"], kind="stable")
        self._ticks, self._numbers, self._data = (
            columns[name][order].astype(np.int64) for name in ("time", "number", "value")
        )

    def controller(self, number: int) -> Lane:
        """Return the lane of a controller of DEFAULTS, 0 to 127."""
        default = DEFAULTS[number]
        chosen = self._numbers == number
        if number in RESETS:
            chosen |= self._numbers == RESET
        values = np.where(self._numbers == RESET, default, self._data)[chosen]
        return Lane(self._ticks[chosen], values, default)

    def times(self, numbers: Sequence[int]) -> np.ndarray:
        """Return the ticks at which one of these controllers is sent."""
        return self._ticks[np.isin(self._numbers, numbers)]

    @cached_property
    def pitch(self) -> Lane:
        """Return the pitch offset in semitones from the wheel and the tuning (registered parameters
        0, 1, 2)."""
        bends = self.track.pitch_bends.numpy()
        resets = self.times([RESET])
        ticks = np.concatenate([resets, bends["time"]])
        order = np.argsort(ticks, kind="stable")
        positions = np.concatenate([np.zeros(len(resets)), bends["value"] / 8192])
        wheel = Lane(ticks[order], np.clip(positions[order], -1, 1), 0)
        times, ranges, tunings = [0], [2.0], [0.0]
        parameters: dict[Any, list[int]] = {}
        chosen = NO_PARAMETER
        for tick, number, value in self._parameter_events():
            chosen = parameter_event(parameters, chosen, number, value)
            if number in ENTRY:
                coarse, cents = parameters.get(BEND_RANGE, (2, 0))
                semitones = parameters.get(COARSE_TUNING, (64, 0))[0] - 64
                high, low = parameters.get(FINE_TUNING, (64, 0))
                times.append(tick)
                ranges.append(coarse + cents / 100)
                tunings.append(semitones + (128 * high + low - 8192) / 8192)
        width, tuning = Lane(times, ranges, 2), Lane(times, tunings, 0)
        steps = np.unique(np.concatenate([wheel.ticks, width.ticks]))
        return Lane(steps, wheel.at(steps) * width.at(steps) + tuning.at(steps), 0)

    def _parameter_events(self, before: int | None = None) -> list[tuple[int, int, int]]:
        chosen = np.isin(self._numbers, (*PARAMETER, RESET))
        if before is not None:
            chosen &= self._ticks < before
        if not (chosen & (self._numbers != RESET)).any():
            return []
        columns = (self._ticks, self._numbers, self._data)
        return list(zip(*(column[chosen].tolist() for column in columns), strict=True))

    @cached_property
    def gain(self) -> Lane:
        """Return volume and expression as a factor; 1 by default (volume 100).

        The gain follows the third power, 60 · log10(value / 127) dB, as in tinysoundfont.
        """
        volume, expression = self.controller(VOLUME), self.controller(EXPRESSION)
        steps = np.unique(np.concatenate([volume.ticks, expression.ticks]))
        values = (volume.at(steps) / 100 * expression.at(steps) / 127) ** 3
        return Lane(steps, values, 1)

    def balance(self, ticks: Any) -> np.ndarray:
        """Return the factors for left and right from the pan controller, equal power; (..., 2),
        centre 1."""
        right = np.clip((self.controller(PAN).at(ticks) - 64) / 126 + 0.5, 0, 1)
        return np.sqrt(2 * np.stack([1 - right, right], axis=-1))

    def sound_off(self, onset: np.ndarray) -> np.ndarray:
        """Return the first "all sound off" (120) after each onset, or FOREVER."""
        return _next(self.times([SOUND_OFF]), onset, "right")

    def note_ends(self, onset: np.ndarray, end: np.ndarray, pitch: np.ndarray) -> np.ndarray:
        """Return the ticks at which notes stop sounding, (n,), including pedals; FOREVER if nothing
        ends them.

        A note whose key is released while the sustain pedal is down (64 and above) lasts until the
        pedal is released or the key is struck again. The sostenuto pedal does the same for notes
        whose keys are down when it is pressed.
        """
        onset, end, pitch = (np.asarray(a, dtype=np.int64) for a in (onset, end, pitch))
        released = np.minimum(end, _next(self.times(NOTES_OFF), onset, "right"))
        held = released.copy()
        pressed, lifted = _presses(self.controller(SOSTENUTO))
        if len(pressed):
            last = np.searchsorted(pressed, released, side="left") - 1  # the last press before
            caught = (last >= 0) & (pressed[last] >= onset)
            held[caught] = np.maximum(held, lifted[last])[caught]
        pressed, lifted = _presses(self.controller(SUSTAIN))
        if len(pressed):
            last = np.searchsorted(pressed, held, side="left") - 1
            down = (last >= 0) & (lifted[last] >= held)
            held[down] = lifted[last][down]
        if (held > released).any():
            key = pitch * (4 * FOREVER)
            struck = np.append(np.sort(key + onset), 128 * 4 * FOREVER)
            after = key + np.maximum(released, onset + 1)
            held = np.minimum(held, struck[np.searchsorted(struck, after)] - key)
        return np.minimum(held, self.sound_off(onset))

    def in_force(self, tick: int) -> tuple[list[tuple[int, int]], int]:
        """Return controllers (number, value) and the wheel's value that set a new channel to its
        state before `tick`. Events at `tick` itself are not included.
        """
        count = int(np.searchsorted(self._ticks, tick, side="left"))
        numbers, data, ticks = (a[:count] for a in (self._numbers, self._data, self._ticks))
        resets = np.flatnonzero(numbers == RESET)
        since = resets[-1] if len(resets) else -1
        lasting = (numbers < SOUND_OFF) & ~np.isin(numbers, PARAMETER)
        lasting &= (np.arange(count) > since) | ~np.isin(numbers, RESETS)
        places = np.flatnonzero(lasting)[::-1]
        last = np.sort(places[np.unique(numbers[places], return_index=True)[1]])
        parameters: dict[Any, list[int]] = {}
        chosen = NO_PARAMETER
        for _, number, value in self._parameter_events(tick):
            chosen = parameter_event(parameters, chosen, number, value)
        controls = []
        for parameter, (high, low) in parameters.items():
            controls += [*_choice(parameter), (6, high), (38, low)]
        controls += _choice(chosen) if controls or chosen != NO_PARAMETER else []
        controls += list(zip(numbers[last].tolist(), data[last].tolist(), strict=True))
        bends = self.track.pitch_bends.numpy()
        order = np.argsort(bends["time"], kind="stable")
        moved = bends["time"][order]
        place = int(np.searchsorted(moved, tick, side="left")) - 1
        reset = place >= 0 and since >= 0 and moved[place] < ticks[since]
        return controls, 0 if place < 0 or reset else int(bends["value"][order][place])


def parameter_event(parameters: dict[Any, list[int]], chosen: Any, number: int, value: int) -> Any:
    """Apply an event of PARAMETER, or a reset, to `parameters`; return the selected parameter.

    parameters: (registered?, high, low) → [high, low] data bytes; the same for the selection.
    """
    registered, high, low = chosen
    if number == RESET:
        return NO_PARAMETER
    if number in (99, 101):
        return (number == 101, value, low if registered == (number == 101) else 127)
    if number in (98, 100):
        return (number == 100, high if registered == (number == 100) else 127, value)
    if (high, low) != (127, 127):
        initial = {BEND_RANGE: [2, 0], FINE_TUNING: [64, 0], COARSE_TUNING: [64, 0]}
        data = parameters.setdefault(chosen, initial.get(chosen, [0, 0]))
        if number in (6, 38):
            data[0 if number == 6 else 1] = value
        else:
            _step(data, chosen, 1 if number == 96 else -1)
    return chosen


def _step(data: list[int], parameter: Any, by: int) -> None:
    """Apply data increment or decrement: one cent for the bend range, a whole step for parameters
    without a low byte, otherwise the lowest bit."""
    if parameter[:2] == (True, 0) and parameter[2] in (2, 3, 4):
        data[0] = min(max(data[0] + by, 0), 127)
        return
    unit = 100 if parameter == BEND_RANGE else 128
    data[:] = divmod(min(max(unit * data[0] + data[1] + by, 0), 128 * unit - 1), unit)


def _choice(parameter: tuple[bool, int, int]) -> list[tuple[int, int]]:
    registered, high, low = parameter
    return [(101 if registered else 99, high), (100 if registered else 98, low)]


def _next(times: np.ndarray, after: np.ndarray, side: Any) -> np.ndarray:
    """Return the first of the sorted `times` at or after each tick (side "right": after it), or
    FOREVER."""
    return np.append(times, FOREVER)[np.searchsorted(times, after, side=side)]


def _presses(pedal: Lane) -> tuple[np.ndarray, np.ndarray]:
    """Return the ticks at which a pedal is pressed, and at which it is released (or FOREVER)."""
    down = np.concatenate([[False], pedal._values[1:] >= 64])
    change = np.flatnonzero(down[1:] != down[:-1])
    pressed = pedal.ticks[change[down[1:][change]]]
    lifted = pedal.ticks[change[~down[1:][change]]]
    return pressed, np.append(lifted, [FOREVER] * (len(pressed) - len(lifted)))


def note_events(
    time: np.ndarray, duration: np.ndarray, pitch: np.ndarray, velocity: np.ndarray
) -> Any:
    """Return symusic's list of notes from columns (notes,) of integers; times in ticks."""
    return symusic.Note.from_numpy(
        time.astype(np.int32, copy=False),
        duration.astype(np.int32, copy=False),
        pitch.astype(np.int8, copy=False),
        velocity.astype(np.int8, copy=False),
        ttype="tick",
    )


def control_events(time: np.ndarray, number: np.ndarray, value: np.ndarray) -> Any:
    """Return symusic's list of controllers from columns (events,) of integers; times in ticks."""
    return symusic.ControlChange.from_numpy(
        time.astype(np.int32, copy=False),
        number.astype(np.uint8, copy=False),
        value.astype(np.uint8, copy=False),
        ttype="tick",
    )


def bend_events(time: np.ndarray, value: np.ndarray) -> Any:
    """Return symusic's list of pitch bends, −8192 to 8191, from columns (events,) of integers;
    times in ticks."""
    return symusic.PitchBend.from_numpy(
        time.astype(np.int32, copy=False), value.astype(np.int32, copy=False), ttype="tick"
    )


def pedal_list(track: Any) -> Any:
    """Return symusic's list of pedal presses, as it derives them from controllers."""
    pressed, lifted = _presses(Channel(track).controller(SUSTAIN))
    done = lifted < FOREVER
    return symusic.Pedal.from_numpy(
        pressed[done].astype(np.int32), (lifted - pressed)[done].astype(np.int32), ttype="tick"
    )
