"""An analysis as tables, on the screen and as JSON."""

from __future__ import annotations

from workbench.errors import WorkbenchError
from workbench.evaluation.power import raters_needed
from workbench.evaluation.table import Report
from workbench.tools.listening.analysis import Analysis, Difference

_SURE = "95 % intervals by bootstrap over raters: they hold for other raters of these clips."
_PROMPTS = (
    "The second interval also resamples prompts: it holds for other raters of other clips. "
    "p: sign-flip test over raters, corrected by Holm for all differences of the study."
)
_NEEDED = "raters needed: to detect a true difference of this size with a power of 80 %."


def report_of(found: Analysis, title: str = "Listening test") -> Report:
    """Print an analysis, and return it as a report."""
    report = Report(
        title=title,
        design=found.design,
        raters=found.raters,
        failed=found.failed,
        half_rated=found.half_rated,
    )
    print(f"{title}: {len(found.raters)} raters, {len(found.half_rated)} of them incomplete")
    for name in found.failed:
        print(f"excluded, failed the check: {name}")
    if found.means:
        report.table(
            "means",
            "Means, from 1 to 5",
            ["scale", "source", "mean", "95 %", "answers"],
            [[m.scale, m.source, m.mean, m.interval, m.answers] for m in found.means],
            [_SURE],
        )
    if found.strengths:
        report.table(
            "strengths",
            "Strengths (Bradley–Terry, logits, mean 0)",
            ["source", "strength", "95 %"],
            [[s.source, s.strength, s.interval] for s in found.strengths],
        )
    columns = [
        "scale",
        "difference",
        "mean",
        "95 % raters",
        "95 % and prompts",
        "p",
        "corrected",
        "raters needed",
    ]
    report.table(
        "differences",
        "Differences within raters",
        columns,
        [
            [
                d.scale,
                f"{d.first} − {d.second}",
                d.mean,
                d.raters_only,
                d.also_prompts,
                d.p,
                d.corrected,
                needed(d),
            ]
            for d in found.differences
        ],
        [_PROMPTS, _NEEDED],
    )
    if found.agreement:
        report.table(
            "agreement",
            "Agreement between raters",
            ["scale", "alpha (ordinal)", "95 % over clips", "distance to others", "to themselves"],
            [
                [a.scale, a.alpha, a.interval, a.other_distance, a.self_distance]
                for a in found.agreement
            ],
            ["alpha: 1 is full agreement, 0 is chance. Distance: mean of two answers, in points."],
        )
    if found.side:
        share, interval = found.side
        report.table(
            "side",
            "Side",
            ["", "share", "95 %"],
            [["A chosen", share, interval]],
            ["Raters may prefer the first clip; sides are randomised for each rater."],
        )
    return report


def needed(difference: Difference) -> int | str:
    """Number of raters that would detect it, uncorrected; "–" if undefined."""
    if not difference.spread > 0 or difference.mean == 0:
        return "–"
    try:
        return raters_needed(difference.mean, difference.spread, most=5000)
    except WorkbenchError:
        return "> 5000"
