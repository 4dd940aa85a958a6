"""Imports every service that registers actions, importers, tasks or hooks, so that they exist."""
