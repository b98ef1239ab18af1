"""What every test in a browser has."""

from browsing import chromium, enter  # noqa: F401 - two fixtures
