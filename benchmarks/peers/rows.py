"""Rows of results: what is in one, how it is worked out, and the table of all."""

from __future__ import annotations

import dataclasses
import math
import statistics

PRECISIONS = ("fp32", "bf16", "int8")
OUR_PRECISIONS = ("fp32", "int8")
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
    outputs_ok: bool             # within the tolerance of its precision
    peak_rss_mb: float           # MiB of the process, VmHWM
    start_ms: float              # from spawning the process to its first result
    install_mb: float            # 10^6 bytes
    drawing: str = ""            # which file of the network, where the engine had several
    cosine: float | None = None  # with the same outputs, of the tensor that is farthest off
    isa: str = ""                # FACEIO_ISA of our rows; empty for the library's own choice
    ratio_to_fastest_peer: float | None = None   # medians; see yardstick()
    ratio_to_floor: float | None = None          # multiply-adds by definition at the fp32 peak rate
    ratio_to_own_fp32: float | None = None       # our int8 rows

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


def yardstick(rows: list[Row], model: str, precision: str) -> Row | None:
    """The peer that rows of this precision are compared with; None when there is none.

    That is the fastest whose outputs are right: for int8 of all precisions, otherwise in fp32.
    """
    peers = [row for row in rows if row.model == model and not row.is_ours and row.outputs_ok
             and (precision == "int8" or row.precision == "fp32")]
    return min(peers, key=lambda row: row.median_ms, default=None)


def own_fp32(rows: list[Row], row: Row) -> Row | None:
    """Our fp32 row of the same network, scope and FACEIO_ISA."""
    return next((other for other in rows if other.is_ours and other.precision == "fp32" and
                 (other.model, other.scope, other.isa) == (row.model, row.scope, row.isa)), None)


def fill_ratios(rows: list[Row], floors_ms: dict[str, float]) -> None:
    """Sets the ratios of every row; floors_ms has one entry per model.

    int8 has no floor: its multiply-adds have another peak rate.
    """
    for row in rows:
        peer = yardstick(rows, row.model, row.precision)
        if peer:
            row.ratio_to_fastest_peer = row.median_ms / peer.median_ms
        if row.model in floors_ms and row.precision != "int8":
            row.ratio_to_floor = row.median_ms / floors_ms[row.model]
        own = own_fp32(rows, row) if row.is_ours and row.precision == "int8" else None
        if own:
            row.ratio_to_own_fp32 = row.median_ms / own.median_ms


def verdict(rows: list[Row]) -> list[str]:
    """Why the comparison counts as failed; empty when it does not."""
    faults = [f"{row.engine} gives wrong outputs for {row.model}: they differ from the recorded "
              f"ones by {_number(row.max_abs_diff, '.2g')}, cosine {_number(row.cosine, '.4f')}"
              for row in rows if row.is_ours and not row.outputs_ok]
    for model in sorted({row.model for row in rows}):
        of_model = [row for row in rows if row.model == model]
        for precision in OUR_PRECISIONS:
            if not any(row.is_ours and row.precision == precision for row in of_model):
                faults.append(f"faceio did not run for {model} in {precision}")
        if all(row.is_ours for row in of_model):
            faults.append(f"no other engine ran for {model}")
    return faults or ([] if rows else ["nothing ran"])


HEADINGS = ("engine", "precision", "scope", "median ms", "min ms", "÷ fastest peer", "÷ floor",
            "÷ own fp32", "cosine", "max abs diff", "peak RSS MiB", "start ms", "install MB")


def cells(row: Row) -> list[str]:
    """The texts of a row under HEADINGS."""
    difference = _number(row.max_abs_diff, ".1e")
    if not row.outputs_ok:
        difference += " (over tolerance)" if row.precision == "fp32" else " (unusable)"
    return [row.engine, row.precision, row.scope, f"{row.median_ms:.2f}", f"{row.min_ms:.2f}",
            _number(row.ratio_to_fastest_peer, ".2f"), _number(row.ratio_to_floor, ".2f"),
            _number(row.ratio_to_own_fp32, ".2f"), _number(row.cosine, ".4f"),
            difference, f"{row.peak_rss_mb:.0f}", f"{row.start_ms:.0f}", f"{row.install_mb:.1f}"]


def yardsticks(rows: list[Row], model: str) -> str:
    """A sentence on the peers that the column "÷ fastest peer" has in mind."""
    def named(peer: Row | None) -> str:
        return f"{peer.engine}, {peer.median_ms:.2f} ms" if peer else "none"
    return (f"Fastest peer in fp32: {named(yardstick(rows, model, 'fp32'))}; at any precision, for "
            f"the rows in int8: {named(yardstick(rows, model, 'int8'))}.")


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
        lines += ["", yardsticks(rows, model), ""]
    return "\n".join(lines)


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
