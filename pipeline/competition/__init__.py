"""Tables -> a competition: schema, labels, folds, cache."""
