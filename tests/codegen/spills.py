#!/usr/bin/env python3
"""No innermost loop of a hot kernel keeps a vector in memory: the tile has to fit the registers.

    spills.py kernels --source FACEIO --work FOLDER --cxx COMPILER [--flags "-O3 ..."] [-v]
    spills.py self_test ...

kernels    compiles kernels.cpp as a program without -m flags gets it, disassembles it, and looks in
           the convolution kernels of the AVX2 and AVX-512 targets for vector instructions that write
           to the stack (spill) or read it (reload) in the innermost loops that multiply and add
self_test  the same look finds the loop of spilling.cpp that must spill, and none in its neighbour

Loops are natural loops of the control flow graph, so code that merely lies between a jump and its
earlier target does not count. Exit codes: 0 passed, 1 failed, 77 skipped.
"""

import argparse
import pathlib
import platform
import re
import shlex
import shutil
import subprocess
import sys

_HERE = pathlib.Path(__file__).resolve().parent
_SKIP = 77

# Kernels that have to be there, per target: a renamed or vanished one must not pass unseen.
_FAMILIES = {
    "avx2": ("conv_tile", "depthwise3x3", "global_depthwise", "winograd"),
    "avx512": ("conv_tile", "depthwise3x3", "global_depthwise", "winograd"),
    "int8_avx2": ("conv_tile", "depthwise_tile", "global_depthwise", "winograd_tile"),
    "int8_avxvnni": ("conv_tile", "depthwise_tile", "global_depthwise", "winograd_tile"),
    "int8_avx512vnni": ("conv_tile", "depthwise_tile", "global_depthwise", "winograd_tile"),
}

# Functions that need more vectors at a time than the target has registers, with the most spills and
# reloads in one pass through their loop: (target, function, spills, reloads).
#   winograd_*    64 (input) and 48 (output) half-transformed vectors pass through the stack on
#                 purpose, eight or six a turn of the loop; with 16 registers constants are read there too
#   depthwise3x3  nine weights, bias, slope and zero beside the sums: 16 registers are full before
#                 an input is loaded. AVX-512 has 32
#   depthwise_tile  sums of three columns of two rows, twenty weights in pairs and the constants of the
#                 output: int8 needs more than 32
#   conv_tile     twelve sums, two weights, a value and its product fill 16 registers; dot4() without
#                 VNNI wants ones too. A tile of four pixels has room for them and is no faster
_ALLOWED = (
    ("avx2", "winograd_input", 8, 14),
    ("avx2", "winograd_transform", 8, 14),
    ("avx2", "winograd_store_part", 6, 14),
    ("avx2", "depthwise3x3", 1, 4),
    ("avx512", "winograd_input", 8, 8),
    ("avx512", "winograd_transform", 8, 8),
    ("avx512", "winograd_store_part", 6, 8),
    ("int8_avx2", "depthwise_tile", 8, 44),
    ("int8_avx2", "conv_tile", 1, 1),
    ("int8_avxvnni", "depthwise_tile", 8, 45),
    ("int8_avx512vnni", "depthwise_tile", 2, 27),
)


class Failure(Exception):
    pass


def run(command):
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(
            f"{shlex.join(map(str, command))}\nended with {done.returncode}:\n{done.stdout}"
        )
    return done.stdout


class Instruction:
    __slots__ = ("address", "mnemonic", "operands")

    def __init__(self, address, mnemonic, operands):
        self.address = address
        self.mnemonic = mnemonic
        self.operands = operands

    def target(self):
        """Address that a direct jump goes to, or None."""
        match = re.match(r"([0-9a-f]+) <", self.operands)
        return int(match.group(1), 16) if match else None

    def is_jump(self):
        return self.mnemonic.startswith("j") or self.mnemonic in ("notrack", "bnd")

    def is_unconditional(self):
        return self.mnemonic in ("jmp", "notrack", "bnd") or self.mnemonic.startswith(
            ("ret", "ud2")
        )

    def __str__(self):
        return f"{self.address:x}: {self.mnemonic} {self.operands}"


def functions(object_file):
    """{demangled name: [Instruction]} of a relocatable object."""
    listing = run(["objdump", "-d", "-C", "--no-show-raw-insn", object_file])
    found, current = {}, None
    for line in listing.splitlines():
        header = re.match(r"^[0-9a-f]+ <(.+)>:$", line)
        if header:
            current = found.setdefault(header.group(1), [])
            continue
        line = re.sub(r"\s*#.*$", "", line)
        match = re.match(
            r"^\s+([0-9a-f]+):\s+(?:(?:lock|rep\w*|data16|cs|ds|\{vex\})\s+)*(\S+)\s*(.*)$", line
        )
        if match and current is not None:
            current.append(
                Instruction(int(match.group(1), 16), match.group(2), match.group(3).strip())
            )
    return found


def basic_blocks(code):
    """(blocks, successors): lists of instructions and of block numbers."""
    addresses = {i.address for i in code}
    starts = {code[0].address}
    for here, after in zip(code, code[1:] + [None]):
        if here.is_jump() or here.is_unconditional():
            if after is not None:
                starts.add(after.address)
            if here.is_jump() and here.target() in addresses:
                starts.add(here.target())
    blocks = []
    for instruction in code:
        if instruction.address in starts:
            blocks.append([])
        blocks[-1].append(instruction)
    number = {block[0].address: n for n, block in enumerate(blocks)}
    successors = [set() for _ in blocks]
    indirect = []
    for n, block in enumerate(blocks):
        last = block[-1]
        if last.is_jump():
            if last.target() in number:
                successors[n].add(number[last.target()])
            elif last.target() is None:
                indirect.append(n)
        if not last.is_unconditional() and n + 1 < len(blocks):
            successors[n].add(n + 1)
    # A jump through a table goes to blocks that nothing else leads to.
    reached = {0}.union(*successors)
    for n in indirect:
        successors[n].update(set(range(len(blocks))) - reached)
    return blocks, successors


def natural_loops(successors):
    """{header: blocks of the loop}."""
    count = len(successors)
    predecessors = [set() for _ in range(count)]
    for n, following in enumerate(successors):
        for s in following:
            predecessors[s].add(n)
    order, seen, stack = [], {0}, [(0, iter(successors[0]))]
    while stack:
        n, rest = stack[-1]
        for s in rest:
            if s not in seen:
                seen.add(s)
                stack.append((s, iter(successors[s])))
                break
        else:
            order.append(n)
            stack.pop()
    order.reverse()
    dominators = {n: set(order) for n in order}
    dominators[0] = {0}
    changed = True
    while changed:
        changed = False
        for n in order[1:]:
            sets = [dominators[p] for p in predecessors[n] if p in dominators]
            new = set.intersection(*sets) | {n}
            if new != dominators[n]:
                dominators[n] = new
                changed = True
    loops = {}
    for n in order:
        for header in successors[n] & dominators[n]:
            body, work = loops.setdefault(header, {header}), [n]
            while work:
                block = work.pop()
                if block not in body:
                    body.add(block)
                    work.extend(p for p in predecessors[block] if p in dominators)
    return loops


def multiplies(instructions):
    products = ("vfmadd", "vfnmadd", "vfmsub", "vpdpbusd", "vpdpwssd", "vpmaddwd")
    return any(i.mnemonic.startswith(products) for i in instructions)


def innermost_loops(code):
    """Instructions of every loop that multiplies and adds and holds no other such loop. A loop over
    three pointers inside a tile does not hide the tile."""
    blocks, successors = basic_blocks(code)
    loops = {
        header: body
        for header, body in natural_loops(successors).items()
        if any(multiplies(blocks[n]) for n in body)
    }
    for header, body in loops.items():
        if not any(other in body for other in loops if other != header):
            yield [i for n in sorted(body) for i in blocks[n]]


def stack_registers(code):
    """rsp, and rbp where it is the frame pointer and not a general register."""
    frame = any(i.mnemonic == "mov" and i.operands == "%rsp,%rbp" for i in code)
    return "(?:rsp|rbp)" if frame else "rsp"


def stack_accesses(loop, registers):
    """(instructions that write a vector to the stack, instructions that read one from there)"""
    vector = re.compile(r"%[xyz]mm")
    stack = re.compile(rf"\(%{registers}[,)]")
    # vmovd and vmovq move an integer: the compiler parks addresses in idle vector registers.
    touching = [
        i
        for i in loop
        if i.mnemonic not in ("vmovd", "vmovq")
        and vector.search(i.operands)
        and stack.search(i.operands)
    ]
    # AT&T order: the last operand is the destination.
    spills = [i for i in touching if re.search(r"\(%[^()]*\)(?:\{%k\d\})?$", i.operands)]
    return spills, [i for i in touching if i not in spills]


def look(object_file, wanted):
    """[(function, instructions in the loop, spills, reloads)]"""
    loops = []
    for name, code in functions(object_file).items():
        if code and re.search(wanted, name):
            registers = stack_registers(code)
            for loop in innermost_loops(code):
                loops.append((name, len(loop), *stack_accesses(loop, registers)))
    return loops


def short(name):
    name = re.sub(r"faceio::v\w+?::(?=avx|int8_avx)", "", name)
    return re.sub(r"\(.*", "", name).replace("void ", "")


def compile_unit(options, unit):
    output = options.work / f"{unit}_{pathlib.Path(options.cxx).name}.o"
    command = [options.cxx, "-std=c++17", "-O2", *shlex.split(options.flags), "-c"]
    run([*command, "-I", options.source / "include", _HERE / f"{unit}.cpp", "-o", output])
    return output


def allowed(target, name):
    for for_target, function, spills, reloads in _ALLOWED:
        if for_target == target and f"::{function}" in name:
            return spills, reloads
    return 0, 0


def kernels(options):
    unit = compile_unit(options, "kernels")
    problems = []
    for target, families in _FAMILIES.items():
        loops = look(unit, rf"::{target}::\w*(?:{'|'.join(families)}|conv_row|conv\dx\d)")
        for family in families:
            if not any(f"::{family}" in name for name, *_ in loops):
                problems.append(
                    f"{target}: no loop with multiply-adds found in {family}*; was it renamed? "
                    "Then name it in _FAMILIES"
                )
        for name, length, spills, reloads in loops:
            line = (
                f"{short(name)}: {len(spills)} spills, {len(reloads)} reloads in {length} "
                "instructions"
            )
            if options.verbose:
                print(line)
            most_spills, most_reloads = allowed(target, name)
            if len(spills) > most_spills or len(reloads) > most_reloads:
                shown = "".join(f"\n    {i}" for i in (spills + reloads)[:4])
                problems.append(f"{line}; at most {most_spills} and {most_reloads}{shown}")
        print(f"{target}: {len(loops)} innermost loops with multiply-adds")
    if problems:
        raise Failure("\n".join(problems))


def self_test(options):
    unit = compile_unit(options, "spilling")
    loops = look(unit, "")
    seen = {name.split("(")[0]: (len(spills), len(reloads)) for name, _, spills, reloads in loops}
    if 0 in seen.get("tile_of_24", (0, 0)):
        raise Failure(
            f"tile_of_24 needs more registers than there are; its spills are not found: {seen}"
        )
    if seen.get("tile_of_8") != (0, 0):
        raise Failure(f"tile_of_8 fits the registers and must be seen as clean: {seen}")
    print(f"spills and reloads found: {seen}")


def main():
    cases = {"kernels": kernels, "self_test": self_test}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=cases)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--flags", default="", help="more compiler flags")
    parser.add_argument("-v", "--verbose", action="store_true", help="list every loop")
    options = parser.parse_args()
    if platform.machine() not in ("x86_64", "AMD64"):
        print(f"SKIPPED: this is {platform.machine()}, not x86-64")
        return _SKIP
    if shutil.which("objdump") is None:
        print("SKIPPED: objdump is not installed (Debian and Ubuntu: apt install binutils)")
        return _SKIP
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        cases[options.case](options)
    except Failure as failure:
        print(f"FAILED {options.case}: {failure}")
        return 1
    print(f"passed: {options.case}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
