"""The report: tables as Markdown, and one HTML file with charts that needs nothing else."""

from __future__ import annotations

import dataclasses
import statistics
from html import escape

import rows as table
from rows import Row

METHOD = (
    "The same weights and the same picture for every engine; one thread; a process each, all on "
    "one core, taking turns round by round. Times are medians of all timed runs. An engine gets "
    "the network as a clean graph and its input ready as floats, and gives boxes, scores after "
    "softmax and landmarks, or the embedding. faceio's “network” rows start from 8-bit pixels and "
    "end at the head maps without softmax, its “whole” rows end at faces or at a unit embedding. "
    "Memory and start-up are those of the process: Python with numpy for the engines, a native "
    "program for faceio. “Floor” is the time that the multiply-adds take at the peak rate in fp32 "
    "measured in the same run, when convolutions are computed by their definition; Winograd's "
    "algorithm needs fewer. “Fastest peer” is the fastest other engine with usable outputs: for "
    "rows in int8 at any precision, for the others in fp32. Outputs in fp32 are usable within a "
    "tolerance, those of less precision by their cosine with onnxruntime's in fp32. int8 networks "
    "of OpenVINO are quantised after training by nncf.")

WIDTH, LABEL, VALUE, BAR, STEP = 660, 216, 108, 14, 22


@dataclasses.dataclass(frozen=True)
class Bar:
    label: str
    value: float
    text: str
    kind: str                                 # "ours", "peer" or "less" (less than fp32)
    spread: tuple[float, float] | None = None


def markdown(rows: list[Row], machine: dict) -> str:
    lines = [_machine_line(machine), "", table.markdown(rows)]
    lines += [f"* {_warning(model)}" for model in machine["disturbed"]]
    lines += [f"* {engine} was left out: {error}" for engine, error in machine["failures"].items()]
    return "\n".join(lines).rstrip() + "\n"


def html(rows: list[Row], machine: dict) -> str:
    """A complete page, light or dark as the reader's system is."""
    models = sorted({row.model for row in rows})

    def panels(form, measure, with_floor=False) -> str:
        charts = []
        for model in models:
            of_model = sorted(table.sorted_rows(rows, model), key=measure)
            floor = machine["floor_ms"].get(model) if with_floor else None
            bars = [Bar(row.engine, measure(row), form(measure(row)), _kind(row),
                        middle_half(row.round_medians_ms) if with_floor else None)
                    for row in of_model]
            charts.append(f"<figure><figcaption>{escape(model)}</figcaption>"
                          f"{bar_chart(model, bars, floor)}</figure>")
        return f'<div class="pair">{"".join(charts)}</div>'

    sections = [
        ("Latency, milliseconds", "The thin line spans the middle half of the rounds"
         + ("; the dashed one is the floor." if machine["floor_ms"] else "."),
         panels(lambda v: f"{v:.2f} ms", lambda row: row.median_ms, True)),
        ("Start-up, milliseconds", "From spawning the process to its first result.",
         panels(lambda v: f"{v:.0f} ms", lambda row: row.start_ms)),
        ("Memory, MiB", "Peak resident set of the process.",
         panels(lambda v: f"{v:.0f} MiB", lambda row: row.peak_rss_mb)),
        ("Size on disk, MB", "The installed package without its dependencies; for faceio the "
         "program with both networks' code and the weights of the larger one.",
         f'<div class="pair"><figure>{bar_chart("Size on disk", install_bars(rows))}</figure></div>'
         )]
    body = "".join(f"<section><h2>{title}</h2><p>{note}</p>{chart}</section>"
                   for title, note, chart in sections if rows)
    remarks = "".join(f"<li>{escape(text)}</li>" for text in [
        *(_warning(model) for model in machine["disturbed"]),
        *(f"{engine} was left out: {error}" for engine, error in machine["failures"].items())])
    return (f"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"/>"
            f"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
            f"<title>faceio beside other engines</title><style>{STYLE}</style></head><body>"
            f"<h1>faceio beside other engines, one core</h1><p>{escape(_machine_line(machine))}</p>"
            f"<p class=\"keys\"><span class=\"key ours\"></span>faceio <span class=\"key peer\">"
            f"</span>others, fp32 <span class=\"key less\"></span>others, less than fp32</p>"
            f"{body}<section><h2>All rows</h2>{_tables(rows)}<ul>{remarks}</ul></section>"
            f"<section><h2>Method</h2><p>{escape(METHOD)}</p></section></body></html>\n")


def install_bars(rows: list[Row]) -> list[Bar]:
    """One bar for each package: rows of an engine share it."""
    largest: dict[str, Row] = {}
    for row in rows:
        package = row.engine.split("_")[0]
        if package not in largest or row.install_mb > largest[package].install_mb:
            largest[package] = row
    return [Bar(package, row.install_mb, f"{row.install_mb:.1f} MB",
                "ours" if row.is_ours else "peer")
            for package, row in sorted(largest.items(), key=lambda item: item[1].install_mb)]


def bar_chart(title: str, bars: list[Bar], mark: float | None = None) -> str:
    """Horizontal bars from zero as one <svg>; mark draws a dashed line at a value."""
    longest = max([bar.value for bar in bars] + [bar.spread[1] for bar in bars if bar.spread]
                  + ([mark] if mark else []) + [1e-9])
    scale = (WIDTH - LABEL - VALUE) / longest
    height = STEP * len(bars) + 8
    parts = []
    for index, bar in enumerate(bars):
        y = 4 + index * STEP
        middle = y + BAR / 2
        right = LABEL + max(bar.value * scale, 1)
        parts.append(f'<text x="{LABEL - 8}" y="{middle + 4:.1f}" class="label">'
                     f"{escape(bar.label)}</text>"
                     f'<rect x="{LABEL}" y="{y}" width="{right - LABEL:.1f}" height="{BAR}" rx="2" '
                     f'class="{bar.kind}"/>')
        if bar.spread:
            low, high = (LABEL + value * scale for value in bar.spread)
            parts.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle:.1f}" '
                         f'y2="{middle:.1f}" class="spread"/>')
            right = max(right, high)
        parts.append(f'<text x="{right + 6:.1f}" y="{middle + 4:.1f}" class="value">'
                     f"{escape(bar.text)}</text>")
    if mark:
        x = LABEL + mark * scale
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}" class="mark"/>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
            f"<title>{escape(title)}</title>{''.join(parts)}</svg>")


def middle_half(values: list[float]) -> tuple[float, float]:
    """First and third quartile."""
    if len(values) < 2:
        return values[0], values[0]
    quartiles = statistics.quantiles(values, n=4, method="inclusive")
    return quartiles[0], quartiles[2]


def _kind(row: Row) -> str:
    if row.is_ours:
        return "ours"
    return "peer" if row.precision == "fp32" else "less"


def _warning(model: str) -> str:
    return (f"The core was disturbed during {model}: other programs used it, or its peak rate moved "
            "by more than a tenth between rounds. Run it again on an idle machine.")


def _machine_line(machine: dict) -> str:
    versions = ", ".join(f"{package} {version}" for package, version in
                         sorted(machine["versions"].items(), key=lambda item: item[0].lower()))
    peaks = "; ".join(
        f"{model}: " + ", ".join(f"{isa} {peak:.1f}" for isa, peak in of_model.items())
        for model, of_model in machine["fma_peak_gmac_s"].items())
    floors = ", ".join(f"{model} {floor:.2f} ms" for model, floor in machine["floor_ms"].items())
    return (f"{machine['cpu']}, core {machine['core']}, {machine['rounds']} rounds of "
            f"{machine['runs_a_round']} runs. Versions: {versions}. Peak multiply-adds, 10⁹ a "
            f"second: {peaks}. Floor: {floors}.")


def _tables(rows: list[Row]) -> str:
    result = []
    for model in sorted({row.model for row in rows}):
        head = "".join(f"<th>{escape(heading)}</th>" for heading in table.HEADINGS)
        lines = "".join(
            f'<tr class="{_kind(row)}-row">'
            + "".join(f"<td>{escape(text)}</td>" for text in table.cells(row)) + "</tr>"
            for row in table.sorted_rows(rows, model))
        result.append(f"<h3>{escape(model)}</h3><div class=\"scroll\"><table><thead><tr>{head}"
                      f"</tr></thead><tbody>{lines}</tbody></table></div>"
                      f"<p>{escape(table.yardsticks(rows, model))}</p>")
    return "".join(result)


STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --dim: #5a636e;
  --line: #d7dce2; --ours: #0b6bcb; --peer: #9aa4b1; --less: #d0a54a; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e8ebef; --dim: #a3adb8;
  --line: #363d46; --ours: #4ea1f5; --peer: #6c7784; --less: #a8812e; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
  max-width: 1180px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 0.2rem; }
p { margin: 0.2rem 0 0.8rem; color: var(--dim); max-width: 75ch; }
.pair { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 460px), 1fr));
  gap: 1rem 2rem; }
figure { margin: 0; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; font-size: 13px; }
svg text { fill: var(--ink); } .label { text-anchor: end; } .value { fill: var(--dim); }
rect.ours { fill: var(--ours); } rect.peer { fill: var(--peer); } rect.less { fill: var(--less); }
.spread { stroke: var(--ink); stroke-width: 1.2; }
.mark { stroke: var(--dim); stroke-dasharray: 4 3; }
.key { display: inline-block; width: 0.9em; height: 0.9em; border-radius: 2px; margin: 0 0.3em 0
  0.8em; vertical-align: -0.1em; } .key.ours { background: var(--ours); }
.key.peer { background: var(--peer); } .key.less { background: var(--less); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 0.6rem; text-align: right; }
th:nth-child(-n+3), td:nth-child(-n+3) { text-align: left; }
.ours-row td:first-child { font-weight: 700; color: var(--ours); }
"""
