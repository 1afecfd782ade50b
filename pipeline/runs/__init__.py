"""What is known of finished work, read from run folders: no model, no TensorFlow."""
