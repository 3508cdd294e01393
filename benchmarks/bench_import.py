"""What `import flowws` costs, beside `import anyio`, on which it stands.

Fresh interpreters, one after the other in turns, so that a busy machine slows both alike; the median of the ratios of
neighbours is the figure, without the start of the interpreter. Both are read as bytecode, as an installer leaves
them, from a folder of its own, so that a machine told to write no bytecode measures the same. Bound: 1.5 times.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 21
BOUND = 1.5


def seconds(module: str, environment: dict[str, str]) -> float:
    """How long a fresh interpreter takes over `import module`, measured inside it."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def main() -> int:
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = bytecode
        for module in ("anyio", "flowws"):  # once unmeasured: compiles the bytecode, warms the disk cache
            seconds(module, environment)
        pairs = [(seconds("anyio", environment), seconds("flowws", environment)) for _ in range(ROUNDS)]
    ratio = statistics.median(flowws / anyio for anyio, flowws in pairs)
    anyio_ms, flowws_ms = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    print(f"import anyio   {anyio_ms:7.1f} ms")
    print(f"import flowws  {flowws_ms:7.1f} ms")
    print(f"ratio          {ratio:7.2f}     (bound {BOUND}; median of {ROUNDS} pairs of fresh interpreters)")
    return 0 if ratio <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
