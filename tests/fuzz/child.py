"""One target under atheris: `child.py NAME FLAGS... CORPUS`, with the flags of libFuzzer.

Only what is imported inside of the `with` reports what it reaches, so nothing of Detente is imported before.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

with atheris.instrument_imports(include=["detente", "fuzz"]):
    from fuzz.targets import EVERY


def main() -> None:
    """Hunt until the time is over; a fault is an exception, and ends it."""
    name, *flags = sys.argv[1:]
    target = EVERY[name]
    for number, raw in enumerate(target.seeds):
        (Path(flags[-1]) / f"seed-{number}").write_bytes(raw)

    def hostile(raw: bytes) -> None:
        target.takes(raw)

    atheris.Setup([sys.argv[0], *flags], hostile)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
