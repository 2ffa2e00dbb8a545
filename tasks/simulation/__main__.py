"""`python -m tasks.simulation --planted FILE --port N`: serve a planted world."""

import argparse
import sys
from pathlib import Path

from tasks.simulation.planted import PlantedError, load_planted
from tasks.simulation.serve import serve


def main() -> int:
    """Serve until signalled; exit status 2 where the planted file or the port is unusable."""
    parser = argparse.ArgumentParser(prog="python -m tasks.simulation", description=__doc__)
    parser.add_argument("--planted", type=Path, required=True, help="YAML of the planted world")
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; 0 for any")
    parser.add_argument("--journal", type=Path, help="file that keeps counts across restarts")
    arguments = parser.parse_args()
    try:
        world = load_planted(arguments.planted)
        serve(world, port=arguments.port, journal=arguments.journal)
    except PlantedError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"cannot listen on port {arguments.port}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
