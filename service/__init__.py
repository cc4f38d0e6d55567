"""Handful's web application, and what it shares with the worker."""

__version__ = "0.1.0"
