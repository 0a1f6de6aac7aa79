"""A distributed hyperparameter study of transfer learning: regime, freezing depth, learning rate, labels."""
