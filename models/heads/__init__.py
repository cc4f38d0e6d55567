"""Small classifiers over frozen features and the graph of the pool they learn from. Torch-free."""
