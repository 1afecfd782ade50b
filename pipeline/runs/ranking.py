"""What a run is ranked by: a metric of its validation rows."""

from dataclasses import replace

from pipeline.metrics.metric import ACCURACY, DEFAULT_METRIC, METRICS, Metric
from pipeline.runs.metrics import number_images
from pipeline.runs.record import recorded
from pipeline.runs.run import Run


def metric_of(run: Run) -> Metric:
    return METRICS[run.record.data.metric or DEFAULT_METRIC.name]


def ranked_by(run: Run, metric: Metric) -> Run:
    """The run, ranked by this metric; the file of its record stays as it is."""
    if metric is metric_of(run):
        return run
    data = replace(run.record.data, metric=recorded(metric))
    return replace(run, record=replace(run.record, data=data))


def value_of(run: Run) -> float:
    """The metric on the validation rows."""
    metric = metric_of(run)
    if (saved := metric.saved(run.scores)) is not None:
        return saved
    return metric.value(run.validation.probabilities, run.validation.labels)


def interval_of(run: Run) -> tuple[float, float]:
    """The 95 % interval of the value."""
    metric = metric_of(run)
    if metric is ACCURACY:
        return run.scores.low, run.scores.high
    found = run.validation
    images = number_images([found.probabilities], run.scores.copies)
    return metric.interval(metric.rows(found.probabilities, found.labels, images))


def loss_of(run: Run) -> float:
    """What choices among similar runs minimise, see `Metric.loss`."""
    if not metric_of(run).balanced:
        return run.scores.loss
    return metric_of(run).loss(run.validation.probabilities, run.validation.labels)
