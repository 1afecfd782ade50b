"""From CSV files to images: competition, schema, reader, images, augmentation, splits."""
