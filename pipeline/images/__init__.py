"""Arrays -> arrays: reshape, resize, augment, shift. Knows shapes, and no schema."""
