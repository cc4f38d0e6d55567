"""Nearest neighbours among millions of features. Torch-free."""
