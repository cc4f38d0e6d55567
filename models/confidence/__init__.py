"""How far an answer can be believed: sets that hold the class, images like none. Torch-free."""
