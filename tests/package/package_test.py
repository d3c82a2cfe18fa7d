#!/usr/bin/env python3
"""Uses faceio the ways its users do: installed (CMake, pkg-config) and inside another project
(CMake, Meson). Each case builds and runs a consumer in a folder whose name has a space.

    package_test.py CASE --source FACEIO --work FOLDER --cxx COMPILER [--cmake CMAKE]

Exit codes: 0 passed, 1 failed, 77 skipped (a program that the case needs is not installed).
"""

import argparse
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

_HERE = pathlib.Path(__file__).resolve().parent
_SKIP = 77


class Failure(Exception):
    pass


def run(command, expect_failure=False, **kwargs):
    """Output of `command`; raises Failure when it ends otherwise than expected."""
    command = [str(part) for part in command]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        **kwargs,
    )
    if (done.returncode != 0) != expect_failure:
        outcome = "succeeded, it must fail" if expect_failure else f"ended with {done.returncode}"
        raise Failure(f"{shlex.join(command)}\n{outcome}:\n{done.stdout}")
    return done.stdout


def expect(condition, text):
    if not condition:
        raise Failure(text)


class Case:
    def __init__(self, options):
        self.cmake = options.cmake
        self.cxx = options.cxx
        self.source = pathlib.Path(options.source).resolve()
        self.work = pathlib.Path(options.work).resolve() / options.case / "with space"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        sys.path.insert(0, str(self.source / "tools"))
        from print_version import read_version

        self.version = read_version()
        self.ctest = str(pathlib.Path(self.cmake).with_name("ctest"))

    def configure(self, source, build, *definitions, **kwargs):
        return run(
            [
                self.cmake,
                "-S",
                source,
                "-B",
                build,
                f"-DCMAKE_CXX_COMPILER={self.cxx}",
                *definitions,
            ],
            **kwargs,
        )

    def build_and_test(self, build):
        run([self.cmake, "--build", build])
        output = run([self.ctest, "--test-dir", build, "--verbose", "--no-tests=error"])
        expect(
            f"faceio {self.version}" in output,
            f"the consumer did not print version {self.version}:\n{output}",
        )

    def install(self):
        """Installs faceio, then moves the prefix: nothing in the package may be absolute."""
        build, prefix, moved = self.work / "faceio", self.work / "prefix", self.work / "moved"
        self.configure(
            self.source,
            build,
            f"-DCMAKE_INSTALL_PREFIX={prefix}",
            *(
                f"-DFACEIO_BUILD_{part}=OFF"
                for part in ("TESTS", "TOOLS", "BENCHMARKS", "EXAMPLES")
            ),
        )
        run([self.cmake, "--install", build])
        prefix.rename(moved)
        for file in moved.rglob("*"):
            if file.suffix in (".cmake", ".pc") and str(self.work) in file.read_text():
                raise Failure(f"{file} holds the path of the build machine")
        want = {
            p.relative_to(self.source / "include")
            for p in (self.source / "include").rglob("*")
            if p.is_file()
        }
        have = {
            p.relative_to(moved / "include") for p in (moved / "include").rglob("*") if p.is_file()
        }
        expect(want == have, f"installed headers differ from include/: {sorted(want ^ have)}")
        return moved

    def find_package(self):
        prefix = self.install()
        wanted = ".".join(self.version.split(".")[:2])
        build = self.work / "consumer"
        self.configure(
            _HERE / "consumer", build, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DFACEIO_WANTED={wanted}"
        )
        self.build_and_test(build)

    def wrong_version(self):
        prefix = self.install()
        major, minor, patch = (int(part) for part in self.version.split("."))
        wrong = [f"{major}.{minor + 1}", f"{major + 1}.0", f"{major}.{minor}.{patch + 1}"]
        if minor > 0:
            wrong.append(f"{major}.{minor - 1}")
        for number, version in enumerate(wrong):
            output = self.configure(
                _HERE / "consumer",
                self.work / f"consumer{number}",
                f"-DCMAKE_PREFIX_PATH={prefix}",
                f"-DFACEIO_WANTED={version}",
                expect_failure=True,
            )
            expect(
                re.search(r"faceioConfig\.cmake, version: " + re.escape(self.version), output),
                f"asking for {version} failed for another reason than the version:\n{output}",
            )

    def add_subdirectory(self):
        build, prefix = self.work / "parent", self.work / "prefix"
        self.configure(
            _HERE / "add_subdirectory",
            build,
            f"-DFACEIO_SOURCE_DIR={self.source}",
            f"-DCMAKE_INSTALL_PREFIX={prefix}",
        )
        self.build_and_test(build)
        run([self.cmake, "--install", build])
        installed = sorted(p.name for p in prefix.rglob("*") if p.is_file())
        expect(
            installed in (["consumer"], ["consumer.exe"]),
            f"installing the parent also installed parts of faceio: {installed}",
        )

    def pkg_config(self):
        program = shutil.which("pkg-config") or sys.exit(skip("pkg-config"))
        prefix = self.install()
        environment = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "share" / "pkgconfig"))
        query = lambda *args: run([program, *args, "faceio"], env=environment).strip()
        expect(
            query("--modversion") == self.version,
            f"--modversion is {query('--modversion')}, not {self.version}",
        )
        weights = pathlib.Path(query("--variable=weightsdir").replace("\\ ", " "))
        expect(any(weights.glob("*.fiow")), f"weightsdir {weights} holds no weights")
        flags = shlex.split(query("--cflags", "--libs"))
        expect(len(flags) == 1 and flags[0].startswith("-I"), f"flags are {flags}, not one -I")
        program = self.work / "consumer"
        run(
            [
                self.cxx,
                "-std=c++17",
                "-Wall",
                "-Wextra",
                "-Werror",
                _HERE / "consumer" / "main.cpp",
                *flags,
                "-o",
                program,
            ]
        )
        output = run([program])
        expect(f"faceio {self.version}" in output, f"the consumer printed: {output}")

    def meson(self, source, build):
        program = shutil.which("meson") or sys.exit(skip("meson"))
        environment = dict(os.environ, CXX=self.cxx)
        run([program, "setup", "--wrap-mode=nodownload", build, source], env=environment)
        run([program, "test", "-C", build], env=environment)
        log = (build / "meson-logs" / "testlog.txt").read_text()
        expect(
            f"faceio {self.version}" in log,
            f"the consumer did not print version {self.version}:\n{log}",
        )

    def meson_project(self):
        self.meson(self.source, self.work / "build")

    def meson_subproject(self):
        project = self.work / "project"
        shutil.copytree(_HERE / "consumer", project)
        build_file = project / "meson.build"
        build_file.write_text(
            "project('consumer', 'cpp', default_options: ['cpp_std=c++17'])\n"
            f"faceio_dep = dependency('faceio', version: '=={self.version}', "
            "fallback: ['faceio', 'faceio_dep'])\n" + build_file.read_text()
        )
        (project / "subprojects").mkdir()
        (project / "subprojects" / "faceio").symlink_to(self.source, target_is_directory=True)
        self.meson(project, self.work / "build")


def skip(program):
    print(f"SKIPPED: {program} is not installed")
    return _SKIP


def main():
    cases = [
        "find_package",
        "wrong_version",
        "add_subdirectory",
        "pkg_config",
        "meson_project",
        "meson_subproject",
    ]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=cases)
    parser.add_argument("--source", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--cmake", default=shutil.which("cmake"))
    options = parser.parse_args()
    try:
        getattr(Case(options), options.case)()
    except Failure as failure:
        print(f"FAILED {options.case}: {failure}")
        return 1
    print(f"passed: {options.case}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
