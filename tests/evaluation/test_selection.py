"""Ensembles of made-up runs whose truth is known: what is chosen, and what is said of it."""

import numpy as np
import pytest

from pipeline.evaluation.calibration import fit_temperature
from pipeline.evaluation.selection import select_all, select_greedily
from pipeline.metrics.metric import accuracy, log_loss
from pipeline.runs.metrics import apply_temperature

ROWS, CLASSES = 600, 4
LABELS = np.random.default_rng(0).integers(0, CLASSES, ROWS)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def member(skill: float | np.ndarray, draw: int) -> np.ndarray:
    """(n, k) probabilities with errors of their own; a negative skill avoids the label."""
    logits = np.random.default_rng(draw).normal(size=(ROWS, CLASSES))
    logits[np.arange(ROWS), LABELS] += skill
    return softmax(logits)


def calibrate(probabilities: np.ndarray) -> np.ndarray:
    return apply_temperature(probabilities, fit_temperature(probabilities, LABELS))


def test_a_harmful_member_and_a_copy_of_another_are_left_out() -> None:
    good = member(3, 1)
    selection = select_greedily([good, member(-3, 2), good, member(2.5, 3)], LABELS)
    assert selection.counts[0] > 0
    assert selection.counts[1:3].tolist() == [0, 0]
    assert selection.counts[3] > 0
    assert selection.loss_gains[1] == selection.row_gains[1] == 0


def test_two_members_that_know_different_rows_are_better_than_each() -> None:
    half = np.arange(ROWS) < ROWS / 2
    members = [member(np.where(half, 4, 0.5), 1), member(np.where(half, 0.5, 4), 2)]
    selection = select_greedily(members, LABELS)
    assert (selection.counts > 0).all()
    assert log_loss(selection.probabilities, LABELS) < min(log_loss(m, LABELS) for m in members)
    mean = np.average(members, axis=0, weights=selection.counts)
    for one, loss_gain, row_gain in zip(
        members[::-1], selection.loss_gains, selection.row_gains, strict=True
    ):
        alone, together = (log_loss(calibrate(each), LABELS) for each in (one, mean))
        assert loss_gain == pytest.approx(alone - together, abs=1e-5)
        gained = accuracy(mean, LABELS) - accuracy(one, LABELS)
        assert row_gain == pytest.approx(ROWS * gained)


def test_an_estimate_among_random_runs_is_not_too_good() -> None:
    naive, nested = [], []
    for draw in range(30):
        random = np.random.default_rng(draw)
        labels = random.integers(0, 3, 60)
        members = [random.dirichlet(np.ones(3), 60).astype(np.float32) for _ in range(20)]
        selection = select_greedily(members, labels)
        mean = np.average(members, axis=0, weights=selection.counts)
        naive.append(accuracy(mean, labels) - 1 / 3)
        nested.append(accuracy(selection.probabilities, labels) - 1 / 3)
    assert np.mean(naive) > 0.08
    assert abs(np.mean(nested)) < 0.03


def test_no_row_is_scored_with_its_own_label_or_that_of_a_copy() -> None:
    copies = np.arange(ROWS) // 2
    members = [member(0.5, draw) for draw in range(5)]
    before = select_greedily(members, LABELS, copies).probabilities
    labels = LABELS.copy()
    labels[1] = (labels[1] + 1) % CLASSES
    after = select_greedily(members, labels, copies).probabilities
    np.testing.assert_array_equal(after[:2], before[:2])
    assert (after[2:] != before[2:]).any()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_wrongly_scaled_probabilities_is_found(temperature: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(20_000, CLASSES))
    truth = softmax(logits)
    labels = (truth.cumsum(axis=1) < random.random((20_000, 1))).sum(axis=1).clip(0, CLASSES - 1)
    scaled = softmax(logits * temperature)
    assert fit_temperature(scaled, labels) == pytest.approx(temperature, rel=0.05)
    np.testing.assert_allclose(apply_temperature(scaled, temperature), truth, atol=1e-3)


def test_few_rows_without_an_error_do_not_make_predictions_overconfident() -> None:
    labels = np.arange(200) % CLASSES
    right = np.full((200, CLASSES), 0.03 / (CLASSES - 1), np.float32)
    right[np.arange(200), labels] = 0.97
    assert 0.7 < fit_temperature(right, labels) < 1


@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_a_temperature_changes_no_predicted_class(temperature: float) -> None:
    above = np.nextafter(np.float32(0.3), np.float32(1))
    close = np.float32([[0.3, above, 0.3, 0.1], [0, 0, 1, 0]])
    probabilities = np.concatenate([close, member(1, 1)])
    scaled = apply_temperature(probabilities, temperature)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled.argmax(axis=1), probabilities.argmax(axis=1))
    np.testing.assert_allclose(scaled.sum(axis=1), 1, atol=1e-6)


def test_calibration_makes_a_too_confident_ensemble_less_so() -> None:
    members = [apply_temperature(member(2, draw), 0.1) for draw in (1, 2)]
    selection = select_greedily(members, LABELS)
    assert selection.temperature > 1
    plain = select_all(members, LABELS)
    assert (plain.counts.tolist(), plain.temperature) == ([1, 1], 1)
    assert log_loss(selection.probabilities, LABELS) < log_loss(plain.probabilities, LABELS)


def test_runs_that_are_not_confident_enough_are_averaged_too() -> None:
    members = [apply_temperature(member(1.5, draw), 4) for draw in range(3)]
    selection = select_greedily(members, LABELS)
    assert (selection.counts > 0).all()
    assert accuracy(selection.probabilities, LABELS) > max(accuracy(m, LABELS) for m in members)
