"""``make bench``: every benchmark of the main job, one after the other, in processes of their own.

About half an hour. Nothing else should run beside it; the reports begin with the machine's load.
"""

import os
import subprocess
import sys

BENCHMARKS = (
    ("tests.benchmarks.demo_cost", "--seconds=60"),
    ("tests.benchmarks.reading_to_message",),
    ("tests.benchmarks.ingest_rate", "--seconds=60"),
    ("tests.benchmarks.ingest_backlog",),
    ("tests.benchmarks.ingest_growth",),
    ("tests.benchmarks.journal_rate",),
    ("tests.benchmarks.influx_rate",),
    ("tests.benchmarks.series_store", "--days=4", "--plain-days=4"),
    ("tests.benchmarks.usual_stack",),
)

if __name__ == "__main__":
    failed = []
    for module, *arguments in BENCHMARKS:
        print(f"\n# {module} (load average {os.getloadavg()[0]:.1f})\n", flush=True)
        done = subprocess.run((sys.executable, "-m", module, *arguments), check=False)
        if done.returncode:
            failed.append(module)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
