"""Where official vectors and real texts lie: outside the project, named by DETENTE_SHARED or beside the checkout."""

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("DETENTE_SHARED") or CHECKOUT.parent / "shared")


def shared(relative: str) -> Path:
    """The shared file, or a skip that says what is missing."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(
            f"no {relative} in the shared folder (DETENTE_SHARED): this test reads it and nothing else can stand in"
        )
    return path
