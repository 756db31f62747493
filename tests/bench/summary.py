"""Counts, bounds and tables of many gradings."""

import statistics
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec

from tests.bench.gradings import Grading

RULE_OF_THREE = 3.0
"""If none occurred in n tries, the true rate is at most 3/n at 95 % confidence."""


def counts(gradings: Sequence[Grading]) -> dict[str, Any]:
    """The figures of some gradings, for JSON and tables."""
    wrong = sum(grading.is_wrong for grading in gradings)
    refused = sum(grading.is_wrong and grading.expected == "passed" for grading in gradings)
    return {
        "gradings": len(gradings),
        "of_right_apps": sum(grading.expected == "passed" for grading in gradings),
        "wrong": wrong,
        "wrong_right_apps_refused": refused,
        "wrong_wrong_apps_passed": wrong - refused,
        "wrong_at_most": upper_bound(wrong, len(gradings)),
        "inconclusive": sum(grading.verdict == "inconclusive" for grading in gradings),
        "broken": sum(grading.verdict == "broken" for grading in gradings),
        "wrong_checks": sum(grading.has_wrong_checks for grading in gradings),
        "repeated_of_right_apps": sum(
            grading.repeated for grading in gradings if grading.expected == "passed"
        ),
        "median_s": {
            kind: median_s(of_kind) for kind, of_kind in grouped(gradings, "kind").items()
        },
    }


def upper_bound(seen: int, tries: int) -> float | str | None:
    """The upper bound of the rate at 95 % if none occurred; "seen" if one did; None without tries."""
    if seen:
        return "seen"
    return round(min(1.0, RULE_OF_THREE / tries), 5) if tries else None


def median_s(gradings: Sequence[Grading]) -> float:
    """The median duration."""
    return round(statistics.median(grading.duration_s for grading in gradings), 2)


def grouped(gradings: Iterable[Grading], attribute: str) -> dict[str, list[Grading]]:
    """Gradings by one of their attributes, in the order in which its values first occur."""
    groups: dict[str, list[Grading]] = {}
    for grading in gradings:
        groups.setdefault(getattr(grading, attribute), []).append(grading)
    return groups


def summary(gradings: Sequence[Grading]) -> dict[str, Any]:
    """The figures that are kept with the single gradings."""
    return {
        by: {
            "all": counts(of_grader),
            "by_noise": {
                noise: counts(some) for noise, some in grouped(of_grader, "noise").items()
            },
            "by_kata": {
                kata: counts(some) for kata, some in sorted(grouped(of_grader, "kata").items())
            },
            "wrong": _details(grading for grading in of_grader if grading.is_wrong),
            "broken": _details(grading for grading in of_grader if grading.verdict == "broken"),
            "inconclusive": _details(
                grading for grading in of_grader if grading.verdict == "inconclusive"
            ),
            "wrong_checks": _details(grading for grading in of_grader if grading.has_wrong_checks),
        }
        for by, of_grader in grouped(gradings, "by").items()
    }


def _details(gradings: Iterable[Grading]) -> list[dict[str, Any]]:
    """Equal gradings as one entry with their number."""

    def alike(grading: Grading) -> tuple[str, ...]:
        return (
            grading.kata,
            grading.example,
            grading.noise,
            grading.verdict,
            " ".join(grading.failed),
            " ".join(grading.unsure),
        )

    groups = [list(group) for _, group in groupby(sorted(gradings, key=alike), alike)]
    return [{"times": len(group), **msgspec.to_builtins(group[0])} for group in groups]


def table(title: str, groups: dict[str, list[Grading]]) -> str:
    """A markdown table of counts; if it has several rows, the last one has the totals."""
    everything = [grading for gradings in groups.values() for grading in gradings]
    rows = [(name, counts(gradings)) for name, gradings in groups.items()]
    if len(rows) > 1:
        rows.append(("all", counts(everything)))
    lines = [
        f"| {title} | gradings | wrong | at most (95 %) | inconclusive | broken | other checks | repeated | median |",
        "| :-- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for name, figures in rows:
        gradings = groups.get(name, everything)
        lines.append(
            f"| {name} | {figures['gradings']} | {figures['wrong']} | {percent(figures['wrong_at_most'])} "
            f"| {figures['inconclusive']} "
            f"| {figures['broken']} | {figures['wrong_checks']} "
            f"| {figures['repeated_of_right_apps']} | {median_s(gradings):.1f} s |"
        )
    return "\n".join(lines)


def detection_table(gradings: Sequence[Grading]) -> str:
    """A markdown table of the wrong examples of each kata: how many were detected, and how many at exactly the declared
    checks.
    """
    lines = [
        "| kata | wrong apps graded | failed | at exactly the declared checks |",
        "| :-- | --: | --: | --: |",
    ]
    wrong_apps = [
        grading
        for grading in gradings
        if grading.expected == "failed" and grading.declared is not None
    ]
    for kata, some in (*sorted(grouped(wrong_apps, "kata").items()), ("all", wrong_apps)):
        failed = [grading for grading in some if grading.verdict == "failed"]
        exactly = sum(not grading.has_wrong_checks for grading in failed)
        lines.append(f"| {kata} | {len(some)} | {len(failed)} | {exactly} |")
    return "\n".join(lines)


def percent(bound: float | str | None) -> str:
    """A bound as text: "0.4 %", "seen"."""
    return f"{bound:.2%}".replace("%", " %") if isinstance(bound, float) else str(bound or "-")


def told(grading: Grading) -> str:
    """One grading in one line, for the log."""
    checks = ", ".join((*grading.failed, *(f"{name}?" for name in grading.unsure))) or "none"
    return (
        f"{grading.by}: {grading.kata} {grading.example} at noise {grading.noise}: "
        f"{grading.verdict}; checks: {checks}"
    )
