"""A recipe -> a Keras model."""
