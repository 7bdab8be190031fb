"""Run the provider process: `python -m tinystacks.local.provider --endpoint http://127.0.0.1:4566`.

Prints one line of JSON, `{"aws": PORT, "awsx": PORT}`, once both services listen, and ends when its standard input
closes, so that it never outlives the process that started it.
"""

from __future__ import annotations

import argparse
import json
import sys

from tinystacks.local.provider.serving import ProviderProcess


def main() -> int:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(prog="python -m tinystacks.local.provider", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="URL of the local AWS")
    arguments = parser.parse_args()
    with ProviderProcess(arguments.endpoint) as served:
        sys.stdout.write(json.dumps(served.ports) + "\n")
        sys.stdout.flush()
        while sys.stdin.buffer.read(4096):
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
