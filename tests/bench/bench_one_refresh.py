"""T1: a hundred callers in four processes find a token ended, round after round, on SQLite and on PostgreSQL.

Run by name: `python tests/bench/bench_one_refresh.py`. It is the journey's test with more rounds, and ends with 1 when
a round cost more than one refresh or a caller got a bad answer.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent
TEST = "test_a_hundred_callers_in_four_processes_cost_one_refresh"


def main() -> int:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=50)
    asked = arguments.parse_args()
    command = [sys.executable, "-m", "pytest", "-q", "-s", "--timeout=3600", "-k", TEST]
    environ = os.environ | {"TEST_REFRESH_ROUNDS": str(asked.rounds)}
    journey = TESTS / "journeys" / "test_one_refresh.py"
    return subprocess.run([*command, str(journey)], cwd=TESTS.parent, env=environ).returncode


if __name__ == "__main__":
    sys.exit(main())
