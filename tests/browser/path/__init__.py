"""The chapters of the main path, each by the right person."""
