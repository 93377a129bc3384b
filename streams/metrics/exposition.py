"""Samples of one scrape, gathered metric by metric and given out as prometheus_client families."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric as Family

from streams.metrics.definitions import METRICS, Metric, Type
from streams.metrics.timings import Distribution

Labels = tuple[str, ...]


class Exposition:
    """What one scrape shows. Two samples of a metric with the same labels void a scrape: the later stays."""

    def __init__(self) -> None:
        self._samples: dict[Metric, dict[Labels, float | Distribution]] = {metric: {} for metric in METRICS}

    def put(self, metric: Metric, value: float | Distribution | None, *labels: str) -> None:
        """One sample; label values in the order the metric declares. None is no sample."""
        if len(labels) != len(metric.labels):
            raise ValueError(f"{metric.name}: {len(labels)} label values (expected: {', '.join(metric.labels)})")
        if value is not None:
            self._samples[metric][labels] = value

    def add(self, metric: Metric, value: float, *labels: str) -> None:
        """Adds to a sample that may be there already."""
        before = self._samples[metric].get(labels, 0.0)
        assert not isinstance(before, Distribution)
        self.put(metric, before + value, *labels)

    def families(self) -> Iterator[Family]:
        """All metrics in the order of their declaration, also those without a sample."""
        for metric, samples in self._samples.items():
            yield _family(metric, samples.items())


def _family(metric: Metric, samples: Iterable[tuple[Labels, float | Distribution]]) -> Family:
    if metric.type is Type.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, value in samples:
            assert isinstance(value, Distribution)
            histogram.add_metric(labels, value.buckets(), value.sum)
        return histogram
    if metric.type is Type.INFO:
        info = InfoMetricFamily(metric.name.removesuffix("_info"), metric.help)
        for labels, _ in samples:
            info.add_metric([], dict(zip(metric.labels, labels, strict=True)))
        return info
    kind = CounterMetricFamily if metric.type is Type.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        assert not isinstance(value, Distribution)
        family.add_metric(labels, value)
    return family
