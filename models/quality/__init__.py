"""How good a classifier is on the labels that there are. Torch-free."""
