"""What the gate costs: one read through `connector.use` beside the plain call, and beside how people do it today.

Run by name: `python tests/bench/bench_gated_call.py`. README.md beside this file says what the columns are.
"""

import argparse
import os
import platform
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from random import Random

import certificates
import upstream
import ways
from measuring import Spread, fdatasync, in_rounds, per_second, spread, syncing
from steps import NAMES, watched

from connector.domain.ports import Services
from connector.storage.engine import sqlite_module

LIBRARIES = ("google-api-python-client", "httplib2", "urllib3", "SQLAlchemy", "cryptography", "Flask-Dance")
PLAIN, WIRE, GATED = "plain call", "our wire alone", "gated, `use` kept"
TODAY, DISK = "today's way", "one fdatasync of this disk"


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=60)
    arguments.add_argument("--each", type=int, default=20, help="calls of each kind in a round")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--folder", type=Path, help="on the disk to measure; a temporary folder there is used")
    arguments.add_argument("--only-gated", type=int, metavar="N", help="make N gated calls and print nothing")
    arguments.add_argument("--no-https", action="store_true", help="leave the https table out")
    arguments.add_argument("--certificates", type=Path, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as made:
        folder = Path(made)
        if asked.only_gated is not None:
            only_gated(folder, asked.only_gated)
            return
        if not asked.no_https and asked.certificates is None:
            # httplib2 looks for its authorities when it is imported, so the run is a process that begins with them.
            certificates.write(folder)
            again = [sys.executable, __file__, *sys.argv[1:], "--certificates", made]
            sys.exit(subprocess.run(again, env=os.environ | certificates.trusted(folder)).returncode)
        introduce(folder, f"seed {asked.seed}, {asked.rounds} rounds of {asked.each} calls each")
        random = Random(asked.seed)  # noqa: S311
        plain_http(folder / "http", rounds=asked.rounds, each=asked.each, random=random)
        if asked.certificates is not None:
            over_tls(folder / "https", asked.certificates, rounds=asked.rounds, each=asked.each, random=random)


def only_gated(folder: Path, calls: int) -> None:
    """So many, for strace to watch."""
    with upstream.running() as root, ways.product(root, folder) as svc, ways.gated_kept(svc) as gated:
        for _ in range(calls):
            gated()


def introduce(folder: Path, asked: str) -> None:
    """What was asked, what runs, and on which disk."""
    print(f"{asked}, Python {platform.python_version()}, SQLite {sqlite_module().sqlite_version}, ", end="")
    print(", ".join((ssl.OPENSSL_VERSION, *(f"{name} {version(name)}" for name in LIBRARIES))))
    over, behind = (fdatasync(folder, append=append) for append in (False, True))
    print(f"this disk, 4 KiB and fdatasync: overwrite {over} µs, append {behind} µs; answers of {len(upstream.BODY)} B")


def plain_http(folder: Path, *, rounds: int, each: int, random: Random) -> None:
    """The calls over plain http, where nothing hides what each way costs itself; then steps and threads."""
    folder.mkdir()
    with (
        upstream.running() as root,
        ways.today(root, folder / "today") as today,
        ways.product(root, folder / "instance") as svc,
    ):
        plain = ways.Plain(root)
        with ways.gated_kept(svc) as gated, plain.kept() as bare, syncing(folder, append=True) as disk:
            calls = {
                PLAIN: bare,
                DISK: disk,
                WIRE: ways.sending(svc, root),
                GATED: gated,
                "gated, `use` per call": lambda: ways.gated_each(svc),
                TODAY: today.call,
                "  of it, Flask-Dance's load": today.load,
            }
            compare("1 thread, http", in_rounds(calls, rounds=rounds, each=each, random=random))
            syncs()
            break_down(svc, gated, rounds=rounds, each=each)
        crowd("http", svc, plain, rounds=7, each=10 * each)


def over_tls(folder: Path, made: Path, *, rounds: int, each: int, random: Random) -> None:
    """The calls over https, as Google's API has it: here a new transport is a bundle to parse and a handshake."""
    folder.mkdir()
    with (
        upstream.running(certificates.server(made)) as root,
        ways.today(root, folder / "today") as today,
        ways.product(root, folder / "instance") as svc,
        ways.gated_kept(svc) as gated,
        syncing(folder, append=True) as disk,
    ):
        plain = ways.Plain(root)
        with plain.kept() as bare:
            calls = {PLAIN: bare, DISK: disk, WIRE: ways.sending(svc, root), GATED: gated, TODAY: today.call}
            compare("1 thread, https", in_rounds(calls, rounds=rounds, each=each, random=random, costly=(TODAY,)))
        crowd("https", svc, plain, rounds=7, each=10 * each)
    size = certificates.bundle(made).stat().st_size
    print(f"today's way, called a fifth as often, reads {size:,} B of certificates in each call")


def compare(title: str, taken: Mapping[str, Sequence[float]]) -> None:
    """µs a call, what it adds to the plain call of its own round, and how today's way compares with it."""
    print(f"\n{title:28}{'µs a call':>24}{'added over plain':>24}{'today / this':>14}")
    for name, seconds in taken.items():
        added = spread([one - floor for one, floor in zip(seconds, taken[PLAIN], strict=True)])
        times = statistics.median(now / one for one, now in zip(seconds, taken[TODAY], strict=True))
        print(f"{name:28}{spread(seconds)!s:>24}{'' if name in (PLAIN, DISK) else str(added):>24}{times:>13.1f}x")
    added = spread([one - floor for one, floor in zip(taken[GATED], taken[PLAIN], strict=True)])
    disk = spread(taken[DISK])
    print(f"the gate adds {added} µs with its intent on disk first; in the same rounds one fdatasync took {disk} µs")


def syncs() -> None:
    """How often the disk is waited for in one gated call, by strace where there is one."""
    strace = shutil.which("strace")
    if strace is None:
        print("fdatasync a gated call: not observed, strace is not installed (of two commits one waits)")
        return
    few, many = 100, 600
    counted = [_syncs(strace, calls) for calls in (few, many)]
    print(f"fdatasync and fsync a gated call: {(counted[1] - counted[0]) / (many - few):.2f} (strace)")


def _syncs(strace: str, calls: int) -> int:
    with tempfile.NamedTemporaryFile("r") as log:
        watching = [strace, "-f", "-qq", "-e", "trace=fdatasync,fsync", "-e", "signal=none", "-o", log.name]
        subprocess.run([*watching, sys.executable, __file__, "--only-gated", str(calls)], check=True)
        return sum("sync(" in line for line in log)


def break_down(svc: Services, gated: Callable[[], object], *, rounds: int, each: int) -> None:
    """The steps of the gated call."""
    by_step: dict[str, list[float]] = {name: [] for name in NAMES}
    with watched(svc) as steps:
        gated()
        for _ in range(rounds):
            steps.clear()
            for _ in range(each):
                gated()
            for name, taken in steps.taken.items():
                by_step[name].append(taken / each)
    print(f"\n{'steps of the gated call':28}{'µs':>24}")
    for name, seconds in by_step.items():
        print(f"{name:28}{spread(seconds)!s:>24}")


def crowd(title: str, svc: Services, plain: ways.Plain, *, rounds: int, each: int) -> None:
    """Calls a second, alone and with eight threads; both ways in every round, in turn."""
    print(f"\n{f'calls/s, {title}':28}{'plain':>22}{'gated':>22}{'gated / plain':>22}")
    ways_of = {"plain": plain.kept, "gated": lambda: ways.gated_kept(svc)}
    for threads in (1, 8):
        found: dict[str, list[float]] = {name: [] for name in ways_of}
        for number in range(rounds):
            for name in sorted(ways_of, reverse=bool(number % 2)):
                found[name].append(per_second(ways_of[name], threads=threads, each=each // threads + 1))
        shares = [100 * ours / bare for bare, ours in zip(found["plain"], found["gated"], strict=True)]
        told = f"{threads} thread{'s' if threads > 1 else ''}"
        print(f"{told:28}{Spread(found['plain'])!s:>22}{Spread(found['gated'])!s:>22}{Spread(shares)!s:>20} %")


if __name__ == "__main__":
    main()
