"""Whether both networks give the same outputs on all targets: `faceio selftest` of several builds, side by side.

    selftest_hashes.py --run 'x86-64: build/release/faceio' --run 'armv7: qemu-arm -cpu cortex-a7 build/armv7/faceio'

Each --run is a name, a colon, and how to start the program there. `selftest` goes through the targets that the CPU has,
replays recorded pixels, and prints for each network, precision and target how far the worst layer is from its recorded
answer, and a hash of the outputs. Demanded are (docs/dispatch.md):

* integers: one hash everywhere;
* fp32 and fp16: one hash among the targets that round a multiply-add once, one among those that round it twice;
* every layer within the tolerance that is recorded beside its answer, which bounds the difference between the two
  classes.
"""

import argparse
import re
import shlex
import subprocess
import sys

_LINE = re.compile(
    r"^(?P<network>\w+) +(?P<precision>\w+) +(?P<target>\S+) +(?P<layers>\d+) layers +worst (?P<worst>.+?) +at "
    r"(?P<ratio>[\d.e+-]+|inf|nan) of its tolerance +outputs (?P<hash>[0-9a-f]{16}) +"
    r"(?P<numeric_class>integers|rounds once|rounds twice) +(?P<verdict>.+)$",
    re.MULTILINE,
)


class Failed(Exception):
    pass


def parse(text):
    """The result lines of a selftest as dictionaries."""
    return [match.groupdict() for match in _LINE.finditer(text)]


def results_of(run, timeout_s):
    """(place, line) for every line that the program of `run` prints."""
    place, _, command = run.partition(":")
    if not command.strip():
        raise Failed(f"--run '{run}': write a name, a colon and a command")
    try:
        done = subprocess.run(
            shlex.split(command) + ["selftest"], capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{place}: {error}") from error
    lines = parse(done.stdout)
    if done.returncode != 0 or not lines:
        raise Failed(f"{place}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return [(place.strip(), line) for line in lines]


def complaints(results):
    """What the results do not keep of the promises above; `results` as from results_of()."""
    found = []
    first = {}
    for place, line in results:
        where = f"{line['network']} {line['precision']} on {line['target']} ({place})"
        # Not 'ratio > 1', which a NaN is not.
        if line["verdict"].strip() != "ok" or not float(line["ratio"]) <= 1.0:
            found.append(f"{where}: {line['worst']} at {line['ratio']} of its tolerance, {line['verdict'].strip()}")
        key = line["network"], line["precision"], line["numeric_class"]
        same_hash, same_where = first.setdefault(key, (line["hash"], where))
        if line["hash"] != same_hash:
            found.append(f"{where}: outputs {line['hash']}, but {same_hash} in {same_where}")
    subjects = {(line["network"], line["precision"]) for _, line in results}
    for place in dict.fromkeys(place for place, _ in results):
        have = {(line["network"], line["precision"]) for at, line in results if at == place}
        for network, precision in sorted(subjects - have):
            found.append(f"{place}: no line of the {network} in {precision}")
    for network in ("detector", "recogniser"):
        for precision in ("fp32", "int8"):
            if (network, precision) not in subjects:
                found.append(f"no line of the {network} in {precision}")
    return found


def print_table(results):
    rows = [("network", "weights", "numeric class", "outputs", "worst", "target, where")]
    order = sorted(results, key=lambda r: (r[1]["network"], r[1]["precision"], r[1]["numeric_class"], r[1]["hash"]))
    before = None
    for place, line in order:
        key = line["network"], line["precision"], line["numeric_class"], line["hash"]
        rows.append((*(key if key != before else ("",) * 4), line["ratio"], f"{line['target']}, {place}"))
        before = key
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


_SAMPLE = """\
detector    fp32  scalar   54 layers  worst c4 at 0.100 of its tolerance  outputs 0000000000000001  rounds twice  ok
detector    fp32  neon     54 layers  worst c4 at 0.100 of its tolerance  outputs 0000000000000002  rounds once   ok
detector    int8  scalar   54 layers  worst -              at 0.000 of its tolerance  outputs 0000000000000003  integers      ok
detector    int8  neon     54 layers  worst -              at 0.000 of its tolerance  outputs 0000000000000003  integers      ok
recogniser  fp32  scalar   64 layers  worst c4 at 0.100 of its tolerance  outputs 0000000000000004  rounds twice  ok
recogniser  int8  scalar   64 layers  worst -              at 0.000 of its tolerance  outputs 0000000000000005  integers      ok
"""
# (what, text replaced in the sample of a second place, replacement, part of the complaint)
_PLANTS = (
    ("nothing", "ok", "ok", None),
    ("another hash in a class", "0000000000000002", "000000000000000a", "on neon (b): outputs 000000000000000a"),
    ("another hash of integers", "0000000000000005", "000000000000000a", "recogniser int8 on scalar (b): outputs"),
    ("far from the recorded answer", "0.100", "1.100", "c4 at 1.100 of its tolerance"),
    ("a NaN", "0.100", "nan", "c4 at nan of its tolerance"),
    ("the program's own verdict", "  ok", "  DISAGREES, first in c4", "DISAGREES"),
    ("a precision that is missing", "recogniser  int8", "recogniser  int9", "b: no line of the recogniser in int8"),
)


def self_test():
    wrong = 0
    for what, old, new, expected in _PLANTS:
        results = [("a", line) for line in parse(_SAMPLE)]
        results += [("b", line) for line in parse(_SAMPLE.replace(old, new))]
        found = complaints(results)
        if (len(found) == 0) if expected is None else any(expected in text for text in found):
            continue
        wrong += 1
        print(f"misjudged: {what}: {found}")
    print(f"{len(_PLANTS) - wrong} of {len(_PLANTS)} planted cases judged rightly")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="append", default=[], help="'NAME: COMMAND', any number of times")
    parser.add_argument("--timeout_s", type=float, default=900.0, help="of one program")
    parser.add_argument("--self-test", action="store_true", help="planted differences are noticed")
    arguments = parser.parse_args()
    if arguments.self_test:
        return 1 if self_test() else 0
    if not arguments.run:
        parser.error("nothing to run; give --run")
    try:
        results = [result for run in arguments.run for result in results_of(run, arguments.timeout_s)]
    except Failed as error:
        print(f"selftest_hashes: {error}", file=sys.stderr)
        return 1
    print_table(results)
    found = complaints(results)
    for text in found:
        print(f"selftest_hashes: {text}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
