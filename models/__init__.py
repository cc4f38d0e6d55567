"""Machine learning alone: encoders, features, classifiers and their training."""
