"""What `import flowws` costs, beside `import anyio`, on which it stands; and what the first name out of it costs.

Fresh interpreters, one after the other in turns, so that a busy machine slows all alike; the median of the ratios of
neighbours is the figure, without the start of the interpreter. All is read as bytecode, as an installer leaves it, from
a folder of its own, so that a machine told to write no bytecode measures the same. Bound for `import flowws`: 1.5. Its
names are loaded when they are asked for, so the other lines say what a program really pays.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 21
BOUND = 1.5
STATEMENTS = ("import anyio", "import flowws", "from flowws import Channel", "from flowws import Flow")


def seconds(statement: str, environment: dict[str, str]) -> float:
    """How long a fresh interpreter takes over `statement`, measured inside it."""
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def main() -> int:
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = bytecode
        for statement in STATEMENTS:  # once unmeasured: compiles the bytecode, warms the disk cache
            seconds(statement, environment)
        rounds = [[seconds(statement, environment) for statement in STATEMENTS] for _ in range(ROUNDS)]
    columns = list(zip(*rounds, strict=True))
    ratios = [statistics.median(own / anyio for anyio, own in zip(columns[0], times, strict=True)) for times in columns]
    for statement, ratio, times in zip(STATEMENTS, ratios, columns, strict=True):
        print(f"{statement:28}{statistics.median(times) * 1e3:8.1f} ms   {ratio:5.2f} times `import anyio`")
    print(f"Bound for `import flowws`: {BOUND}; medians of {ROUNDS} fresh interpreters each.")
    return 0 if ratios[1] <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
