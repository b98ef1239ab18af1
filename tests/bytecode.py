"""Programs that tests start again and again are compiled once for a whole test session, outside the checkout."""

import contextlib

import pytest


@contextlib.contextmanager
def kept(tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "bytecode"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPYCACHEPREFIX", str(folder))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield
