"""The pool on a plane. Torch-free."""
