"""The one place that knows every class."""
