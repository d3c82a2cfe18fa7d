"""What the test programs reach of include/faceio: lines, outcomes of branches, and conditions (MC/DC) of the loader.

clang's tools add several programs up wrongly where a function is used in one and only seen by another, so this asks them
about one program at a time and adds up places: a line or an outcome is reached when any program reaches it, in any
instance of a template.
"""

import json
import os
import pathlib
import subprocess

# Headers, and the least share of lines, branches and conditions in per cent that tests have to reach.
LEAST = [
    ("weights/validate.hpp weights/blob.hpp weights/format.hpp", dict(lines=100.0, branches=100.0, mcdc=95.0)),
    ("host/image_io.hpp host/exif.hpp host/image/", dict(branches=100.0)),
    ("", dict(lines=90.0)),
]


class Coverage:
    def __init__(self, include):
        self.include = f"{include}/"
        # kind -> file -> place -> reached
        self.reached = {"lines": {}, "branches": {}, "mcdc": {}}

    def add(self, kind, path, place, reached):
        places = self.reached[kind].setdefault(path.removeprefix(self.include), {})
        places[place] = places.get(place, False) or reached

    def add_program(self, program, profile, version):
        """Adds what one program says of itself."""
        export = [f"llvm-cov-{version}", "export", f"-instr-profile={profile}", str(program)]
        listing = subprocess.run([*export, "-format=lcov"], stdout=subprocess.PIPE, check=True, text=True).stdout
        path = None
        for line in listing.splitlines():
            if line.startswith("SF:"):
                path = line[3:]
            elif line.startswith("DA:") and path.startswith(self.include):
                number, count = line[3:].split(",")[:2]
                self.add("lines", path, int(number), int(count) > 0)
        details = subprocess.run([*export, "-skip-functions", "-show-mcdc-summary"], stdout=subprocess.PIPE, check=True).stdout
        for file in json.loads(details)["data"][0]["files"]:
            if not file["filename"].startswith(self.include):
                continue
            for branch in file.get("branches", []):
                for outcome in (0, 1):
                    self.add("branches", file["filename"], (*branch[:4], outcome), branch[4 + outcome] > 0)
            for decision in file.get("mcdc_records", []):
                for condition, covered in enumerate(decision[-1]):
                    self.add("mcdc", file["filename"], (*decision[:4], condition), covered)

    def places(self, kind, names):
        """(file, place, reached) of the files whose paths begin with one of `names`."""
        return [(path, place, reached) for path, places in sorted(self.reached[kind].items())
                if any(path.startswith(name) for name in names) for place, reached in sorted(places.items())]

    def report(self):
        """Prints shares, and each place that a rule wants and no test reaches. Returns the rules that are broken."""
        broken = []
        for names, least in LEAST:
            for kind in self.reached:
                places = self.places(kind, names.split() or [""])
                covered = sum(reached for _, _, reached in places)
                share = 100.0 * covered / len(places) if places else 100.0
                short = share < least.get(kind, 0.0)
                mark = f"   LESS THAN {least[kind]}" if short else ""
                print(f"{names or 'all of include/faceio':<66} {kind:<9} {covered:>6} of {len(places):<6} {share:6.2f} %{mark}")
                if names and kind in least:
                    for path, place, reached in places:
                        if not reached:
                            print(f"    {path}:{place if kind == 'lines' else ' '.join(map(str, place))} is not reached")
                if short:
                    broken.append(f"{kind} of {names or 'all'}")
        return broken


def run_program(program, profile, version, root):
    """Runs one instrumented program. Returns its merged profile, or None when it fails."""
    raw = pathlib.Path(f"{profile}.raw")
    environment = dict(os.environ, LLVM_PROFILE_FILE=str(raw))
    if subprocess.run([program], cwd=root, env=environment, stdout=subprocess.DEVNULL, check=False).returncode != 0:
        return None
    subprocess.run([f"llvm-profdata-{version}", "merge", "-o", str(profile), str(raw)], check=True)
    return profile
