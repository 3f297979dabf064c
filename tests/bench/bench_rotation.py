"""T7: rotating N data keys, killed at random moments, while a reader opens them all the time; and status and shred.

Run by name: `python tests/bench/bench_rotation.py --keys 10000 --kills 100`. Nothing here asserts a time; a value that
cannot be read, or a data key that ends under the old key, ends it with an error.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from measuring import fdatasync

from connector import config, wiring
from connector.domain import keys
from connector.domain.ledger import SYSTEM
from connector.domain.ports import Services
from connector.storage import make_engine, upgrade

KILLED = Path(__file__).parents[1] / "keys" / "killed_rotations.py"
PLACE = ("con", "refresh")


def filled(settings: config.Settings, count: int) -> tuple[Services, dict[str, bytes]]:
    """An instance with that many owners, each with one sealed value."""
    engine = make_engine(settings.database_url)
    upgrade(engine)
    engine.dispose()
    svc, sealed = wiring.services(settings), {}
    for start in range(0, count, 1000):
        with svc.store.write() as tx:
            for number in range(start, min(start + 1000, count)):
                owner = f"cus_{number:06}"
                sealed[owner] = svc.vault.seal(tx, owner, PLACE, owner.encode())
    return svc, sealed


def read_on(svc: Services, sealed: dict[str, bytes], over: threading.Event, found: dict[str, int], seed: int) -> None:
    """Open values at random, each data key unwrapped afresh."""
    owners, chance = list(sealed), random.Random(seed)  # noqa: S311
    while not over.is_set():
        owner = chance.choice(owners)
        svc.vault.forget(owner)
        with svc.store.read() as tx:
            good = svc.vault.open(tx, owner, PLACE, sealed[owner]) == owner.encode()
        found["read" if good else "wrong"] += 1
        over.wait(0.001)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="On which disk; a temporary folder if left out.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        environ = {**clean, "CONNECTOR_INSTANCE": str(Path(folder) / "instance")}
        settings = config.load(environ)
        settings.instance.mkdir(mode=0o700)
        print(f"{asked.keys} data keys, {asked.kills} kills, seed {asked.seed}; SQLite, WAL, FULL")
        print(f"4 KiB and fdatasync on this disk: {fdatasync(Path(folder), append=True)} µs")
        svc, sealed = filled(settings, asked.keys)
        began = time.perf_counter()
        done = keys.rotate(svc, SYSTEM)
        whole = time.perf_counter() - began
        print(f"rotation, undisturbed: {whole:.2f} s, {1e6 * whole / done.rewrapped:.0f} µs a key")
        over, found = threading.Event(), {"read": 0, "wrong": 0}
        reader = threading.Thread(target=read_on, args=(svc, sealed, over, found, asked.seed))
        reader.start()
        began = time.perf_counter()
        killed = subprocess.run(
            [sys.executable, str(KILLED), str(asked.kills), str(keys.BATCH), str(asked.seed)],
            env=environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
        over.set()
        reader.join()
        print(f"killed in the middle: {json.loads(killed.stdout)} in {time.perf_counter() - began:.0f} s")
        print(f"opened meanwhile: {found['read']}, wrong: {found['wrong']}")
        last = keys.rotate(svc, SYSTEM)
        fresh = wiring.services(settings)
        with fresh.store.read() as tx:
            left = {kek: count for kek, count in tx.keys.by_kek().items() if kek != last.current}
            unread = sum(fresh.vault.open(tx, o, PLACE, value) != o.encode() for o, value in sealed.items())
        print(f"under another key than {last.current}: {left or 0}; not opened at the end: {unread}")
        began = time.perf_counter()
        standing = keys.status(fresh)
        print(f"status (every data key tried): {time.perf_counter() - began:.2f} s, good: {standing.good}")
        began = time.perf_counter()
        shredded = keys.shred(fresh, SYSTEM, "cus_000001")
        print(f"shred of one: {time.perf_counter() - began:.2f} s, {shredded.scrubbed}")
        fresh.store.close()
        svc.store.close()
        if found["wrong"] or left or unread or not standing.good or shredded.scrubbed.copies:
            raise SystemExit(1)


main()
