"""How many official cases a test ran."""

import pytest


@pytest.fixture
def official(counted):
    """Tell how many official MLS cases a test ran, once all of them passed; a run that found none says so."""
    counted("official MLS cases", 0)
    return lambda count: counted("official MLS cases", count)
