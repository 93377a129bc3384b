"""What a measure's number is (money, seconds, a plain number, a share) and which units may stand behind it."""

from collections.abc import Iterator
from enum import StrEnum

from schemas.catalogue.measures import (
    Attainment,
    Conversion,
    Count,
    Difference,
    Elapsed,
    Growth,
    Latest,
    Mean,
    Measure,
    Quantile,
    Quantity,
    Ratio,
    Repeat,
    Retention,
    Sum,
    SumOf,
)
from schemas.catalogue.measures_journeys import AsShareWithin, Clock
from schemas.catalogue.problems import Finding, Loc
from schemas.events.registry import FieldKind, Registry

DURATION_UNITS = frozenset({"s", "second", "seconds", "min", "minute", "minutes", "h", "hour", "hours", "day", "days"})
"""Units that seconds are converted to."""

_NOT_CONVERTED = {
    "sec": "seconds", "secs": "seconds", "giây": "seconds", "mins": "minutes", "phút": "minutes",
    "hr": "hours", "hrs": "hours", "giờ": "hours", "d": "days", "ngày": "days",
}  # fmt: skip

_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES
VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
"""Active ISO 4217 codes of countries and currency unions."""


class Dimension(StrEnum):
    """What a quantity is made of; only like may be added to like."""

    NUMBER = "number"  # counts, scores, plain numbers
    MONEY = "money"
    SECONDS = "seconds"
    SHARE = "share"  # like divided by like
    RATE = "rate"  # one dimension by another, such as money a lead


_OF_KIND = {
    FieldKind.MONEY: Dimension.MONEY,
    FieldKind.SECONDS: Dimension.SECONDS,
    FieldKind.INTEGER: Dimension.NUMBER,
    FieldKind.NUMBER: Dimension.NUMBER,
}
NUMERIC = frozenset(_OF_KIND)
_VI = {Dimension.NUMBER: "số đếm", Dimension.MONEY: "tiền", Dimension.SECONDS: "thời lượng", Dimension.SHARE: "tỷ lệ",
       Dimension.RATE: "thương số"}  # fmt: skip


_EN = {Dimension.NUMBER: "a plain number", Dimension.MONEY: "money", Dimension.SECONDS: "a duration",
       Dimension.SHARE: "a share", Dimension.RATE: "a rate"}  # fmt: skip


class _MixedError(Exception):
    """Unlike quantities where like ones are needed."""

    def __init__(self, loc: Loc, first: Dimension, second: Dimension) -> None:
        self.loc, self.first, self.second = loc, first, second


def check_unit(measure: Measure, unit: str, loc: Loc, registry: Registry, currency: str) -> Iterator[Finding]:
    """What does not fit between a KPI's measure, whose fields are known to exist, and its unit. `loc` is the KPI's."""
    try:
        dimension = _dimension(measure, (*loc, "measure"), registry)
    except _MixedError as mixed:
        yield Finding(
            "KPI023",
            mixed.loc,
            None,
            f"không thể cộng hay trừ {_VI[mixed.first]} với {_VI[mixed.second]}",
            f"{_EN[mixed.first]} and {_EN[mixed.second]} cannot be added or subtracted",
        )
        return
    words = _objection(dimension, measure, unit, currency)
    if words:
        yield Finding("KPI023", (*loc, "unit"), unit, *words)


def _objection(dimension: Dimension, measure: Measure, unit: str, currency: str) -> tuple[str, str] | None:
    money = unit == currency or (isinstance(measure, Ratio) and unit.startswith(f"{currency}/"))
    if dimension is Dimension.MONEY and not money:
        return (
            f"phép đo cho ra tiền nên đơn vị phải là `{currency}`, không phải `{unit}`",
            f"the measure gives money, so the unit should be `{currency}`, not `{unit}`",
        )
    if unit == currency and dimension is not Dimension.MONEY:
        return (
            f"đơn vị `{unit}` là tiền, nhưng phép đo cho ra {_VI[dimension]}",
            f"the unit `{unit}` is money, but the measure gives {_EN[dimension]}",
        )
    share = dimension is Dimension.SHARE
    # A mean of a 0-100 score may call itself `%`; it stays as it is.
    scored = isinstance(measure, Mean | Quantile | Latest) and dimension is Dimension.NUMBER
    if unit == "%" and not (share or scored):
        return (
            f"đơn vị `%` cần một `ratio` của hai đại lượng cùng loại; phép đo này cho ra {_VI[dimension]}",
            f"the unit `%` needs a `ratio` of two like quantities; this measure gives {_EN[dimension]}",
        )
    # A ratio of any other unit is the plain quotient; what is a share by its nature is read in per cent.
    if share and unit != "%" and not isinstance(measure, Ratio):
        return (
            f"phép đo cho ra tỷ lệ nên đơn vị phải là `%`, không phải `{unit}`",
            f"the measure gives a share, so the unit should be `%`, not `{unit}`",
        )
    if unit in DURATION_UNITS and dimension is not Dimension.SECONDS:
        return (
            f"đơn vị `{unit}` là thời lượng, nhưng phép đo cho ra {_VI[dimension]}",
            f"the unit `{unit}` is a duration, but the measure gives {_EN[dimension]}",
        )
    if dimension is Dimension.SECONDS and unit.lower() in _NOT_CONVERTED:
        meant = _NOT_CONVERTED[unit.lower()]
        return (
            f"không đổi được giây sang `{unit}`; hãy viết `{meant}`",
            f"seconds are not converted to `{unit}`; write `{meant}`",
        )
    if unit in ("day", "days") and isinstance(measure, Elapsed) and measure.elapsed.clock is Clock.BUSINESS:
        return (
            f"đồng hồ làm việc tính bằng giờ, không bằng ngày; hãy viết `hours` thay cho `{unit}`",
            f"the business clock takes hours, never days; write `hours` instead of `{unit}`",
        )
    return None


def _dimension(measure: Measure | Quantity, loc: Loc, registry: Registry) -> Dimension:
    if isinstance(measure, Count):
        return Dimension.NUMBER
    if isinstance(measure, Sum):
        return _of_fields((measure.sum,), measure.of, (*loc, "sum"), registry)
    if isinstance(measure, Latest):
        return _of_fields((measure.latest,), measure.of, (*loc, "latest"), registry)
    if isinstance(measure, Quantile):
        return _of_fields(measure.quantile, measure.of, (*loc, "quantile"), registry)
    if isinstance(measure, Mean):
        return _of_fields(measure.mean, measure.of, (*loc, "mean"), registry)
    if isinstance(measure, SumOf):
        return _alike([(part, (*loc, "sum_of", i)) for i, part in enumerate(measure.sum_of)], registry)
    if isinstance(measure, Difference):
        inside = (*loc, "difference")
        sides = measure.difference
        return _alike([(sides.of, (*inside, "of")), (sides.minus, (*inside, "minus"))], registry)
    if isinstance(measure, Ratio):
        return _quotient(measure, (*loc, "ratio"), registry)
    return _of_items(measure, loc, registry)


def _of_items(
    measure: Conversion | Elapsed | Retention | Repeat | Growth | Attainment, loc: Loc, registry: Registry
) -> Dimension:
    if isinstance(measure, Growth):  # what grows must be sound in itself, whatever it is made of
        _dimension(measure.growth.of, (*loc, "growth", "of"), registry)
    if isinstance(measure, Elapsed) and not isinstance(measure.as_, AsShareWithin):
        return Dimension.SECONDS
    return Dimension.SHARE


def _quotient(measure: Ratio, loc: Loc, registry: Registry) -> Dimension:
    top = _dimension(measure.ratio.of, (*loc, "of"), registry)
    bottom = _dimension(measure.ratio.to, (*loc, "to"), registry)
    if top is bottom:
        return Dimension.SHARE
    return top if bottom is Dimension.NUMBER else Dimension.RATE


def _alike(parts: list[tuple[Quantity, Loc]], registry: Registry) -> Dimension:
    first = _dimension(*parts[0], registry)
    for part, loc in parts[1:]:
        if (other := _dimension(part, loc, registry)) is not first:
            raise _MixedError(loc, first, other)
    return first


def _of_fields(fields: tuple[str, ...], types: tuple[str, ...], loc: Loc, registry: Registry) -> Dimension:
    kinds = [known[field] for field in fields for known in map(registry.fields_of, types) if field in known]
    found = list(dict.fromkeys(_OF_KIND[kind] for kind in kinds))
    if len(found) > 1:
        raise _MixedError(loc, found[0], found[1])
    return found[0]
