"""Heads measured with few labels a class, on any encoder's features."""
