"""Rows of results: what is in one, how it is worked out, and the table of all."""

from __future__ import annotations

import dataclasses
import math
import statistics

PRECISIONS = ("fp32", "bf16", "int8")
SCOPES = ("network", "whole")


@dataclasses.dataclass
class Row:
    """One engine with one network. Times in milliseconds, memory and disk in 10^6 bytes or MiB."""

    model: str
    engine: str                  # ours begin with "faceio"
    precision: str               # of PRECISIONS
    scope: str                   # of SCOPES
    median_ms: float             # of all timed runs
    min_ms: float
    round_medians_ms: list[float]
    max_abs_diff: float | None   # to the recorded outputs of onnxruntime; None: not comparable
    outputs_ok: bool | None      # within the tolerance; None where no tolerance is set
    peak_rss_mb: float           # MiB of the process, VmHWM
    start_ms: float              # from spawning the process to its first result
    install_mb: float            # 10^6 bytes
    drawing: str = ""            # which file of the network, where the engine had several
    ratio_to_fastest_peer: float | None = None   # medians; the fastest fp32 engine that is right
    ratio_to_floor: float | None = None          # multiply-adds by definition at the peak rate

    @property
    def is_ours(self) -> bool:
        return self.engine.startswith("faceio")

    def as_json(self) -> dict:
        """Its fields; JSON has no infinity, so a difference that is not finite is null."""
        fields = dataclasses.asdict(self)
        if self.max_abs_diff is not None and not math.isfinite(self.max_abs_diff):
            fields["max_abs_diff"] = None
        return fields


def timing(rounds_ms: list[list[float]]) -> tuple[float, float, list[float]]:
    """(median of all runs, fastest run, median of each round)."""
    every = [time for times in rounds_ms for time in times]
    if not every:
        raise ValueError("no run was timed")
    return statistics.median(every), min(every), [statistics.median(t) for t in rounds_ms if t]


def floor_ms(multiply_adds: int, gmac_s: float) -> float:
    """Time that the multiply-adds take at a peak rate of 10^9 a second."""
    return multiply_adds / gmac_s * 1e-6


def is_disturbed(peaks_gmac_s: list[float], ran_s: float, waited_s: float) -> bool:
    """Whether others used the core or its clock changed, so that ratios scatter too.

    That is, processes waited for the core for more than a twentieth of the time they ran, or the
    peak rate moved by more than a tenth, the slowest and fastest eighth of the rounds left aside.
    """
    if waited_s > 0.05 * ran_s:
        return True
    ordered = sorted(peaks_gmac_s)
    aside = len(ordered) // 8
    return ordered[aside] < 0.9 * ordered[len(ordered) - 1 - aside]


def fill_ratios(rows: list[Row], floors_ms: dict[str, float]) -> None:
    """Sets both ratios of every row; floors_ms has one entry per model.

    Peers whose outputs are wrong, or that compute in less than fp32, are nobody's yardstick.
    """
    for model in {row.model for row in rows}:
        of_model = [row for row in rows if row.model == model]
        peers = [row.median_ms for row in of_model
                 if not row.is_ours and row.precision == "fp32" and row.outputs_ok is not False]
        for row in of_model:
            if peers:
                row.ratio_to_fastest_peer = row.median_ms / min(peers)
            if model in floors_ms:
                row.ratio_to_floor = row.median_ms / floors_ms[model]


def verdict(rows: list[Row]) -> list[str]:
    """Why the comparison counts as failed; empty when it does not."""
    faults = [f"{row.engine} gives wrong outputs for {row.model}: they differ from the recorded "
              f"ones by {_number(row.max_abs_diff, '.2g')}"
              for row in rows if row.is_ours and not row.outputs_ok]
    for model in sorted({row.model for row in rows}):
        of_model = [row for row in rows if row.model == model]
        if not any(row.is_ours for row in of_model):
            faults.append(f"faceio did not run for {model}")
        if all(row.is_ours for row in of_model):
            faults.append(f"no other engine ran for {model}")
    return faults or ([] if rows else ["nothing ran"])


HEADINGS = ("engine", "precision", "scope", "median ms", "min ms", "÷ fastest peer", "÷ floor",
            "max abs diff", "peak RSS MiB", "start ms", "install MB")


def cells(row: Row) -> list[str]:
    """The texts of a row under HEADINGS."""
    difference = _number(row.max_abs_diff, ".1e")
    if row.outputs_ok is False:
        difference += " (over tolerance)"
    return [row.engine, row.precision, row.scope, f"{row.median_ms:.2f}", f"{row.min_ms:.2f}",
            _number(row.ratio_to_fastest_peer, ".2f"), _number(row.ratio_to_floor, ".2f"),
            difference, f"{row.peak_rss_mb:.0f}", f"{row.start_ms:.0f}", f"{row.install_mb:.1f}"]


def sorted_rows(rows: list[Row], model: str) -> list[Row]:
    """Rows of one model, fastest first."""
    return sorted((row for row in rows if row.model == model), key=lambda row: row.median_ms)


def markdown(rows: list[Row]) -> str:
    """A table for each model."""
    lines = []
    for model in sorted({row.model for row in rows}):
        lines += [f"### {model}", "", "| " + " | ".join(HEADINGS) + " |",
                  "|---|---|---|" + "---:|" * (len(HEADINGS) - 3)]
        for row in sorted_rows(rows, model):
            texts = cells(row)
            if row.is_ours:
                texts = [f"**{texts[0]}**", *texts[1:]]
            lines.append("| " + " | ".join(texts) + " |")
        lines.append("")
    return "\n".join(lines)


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
