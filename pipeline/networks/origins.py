"""Where the published recipes come from, and on which rows their scores were measured."""

EXERCISE = "Exercise: Convolutional Neural Networks"
EXERCISE_5 = "Exercise 5, CNN and MNIST"
ASSIGNMENT_7 = "Assignment 7"
TECHNIQUES = "Convolutional Neural Networks and practical techniques"
IN_CLASS = "Digits classification, a more complicated MNIST (in-class Kaggle competition)"

MNIST_TEST = "MNIST, 10,000 test rows"
IN_CLASS_VALIDATION = "in-class competition, 2,400 validation rows"
