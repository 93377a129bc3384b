"""Measures that join events by a key: items that begin with one event and go on, or do not, with another."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from schemas.catalogue.durations import Elapsing
from schemas.catalogue.forms import refuse
from schemas.catalogue.measures_parts import Names, Node, Select


class Credit(StrEnum):
    """Whose value an item goes into: that of the owner of its first event, or of the event that answers it."""

    FROM = "from"
    TO = "to"


class Cohort(StrEnum):
    """How a share of a cohort treats items that are still within their window."""

    PROJECTED = "projected"  # corrected for what is still to come
    MATURED = "matured"  # only items whose window is over
    RAW = "raw"  # as it stands


class Clock(StrEnum):
    """What time runs on."""

    BUSINESS = "business"
    WALL = "wall"


class Late(StrEnum):
    """What an answer after the due instant is worth."""

    BAD = "bad"
    GOOD = "good"


class ConversionParts(Node):
    """From which events to which, told as one item by `key`, the second at most `within` after the first."""

    from_: Select = Field(alias="from")
    to: Select
    key: Names
    within: Elapsing
    credit: Credit = Credit.FROM


class Conversion(Node):
    """Share of the items of a cohort that went on to `to`."""

    conversion: ConversionParts
    as_: Cohort = Field(default=Cohort.PROJECTED, alias="as")


def _pair(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, list | tuple) and (len(value) != 2 or value[0] == value[1])):
        raise refuse(
            "`pause` cần đúng hai loại sự kiện khác nhau: [bắt đầu dừng, chạy tiếp]",
            "`pause` needs two different event types: [the pause begins, it ends]",
        )
    return value


class ElapsedParts(Node):
    """Time from `from` to the first `to` of one `key`.

    It stands still between the two types of `pause`; `stop` ends an item without an answer; `undo` takes an answer
    back if it comes within `hold` (wall time), or at any time where there is no `hold`.
    """

    from_: Select = Field(alias="from")
    to: Select
    key: Names
    clock: Clock = Clock.BUSINESS
    pause: Annotated[tuple[str, str], BeforeValidator(_pair)] | None = None
    stop: Select | None = None
    undo: Select | None = None
    hold: Elapsing | None = None
    credit: Credit = Credit.FROM


class AsQuantile(Node):
    """The time that a share of the items stays within: 0.9 is the 90th percentile."""

    quantile: Annotated[float, Field(strict=True, gt=0, le=1)]


class AsShareWithin(Node):
    """Share of the items due that were answered in time; `late` says whether a later answer makes an item good."""

    share_within: Elapsing
    late: Late = Late.BAD


def _form(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((key for key in ("quantile", "share_within") if key in value), None)
    if isinstance(value, AsQuantile | AsShareWithin):
        return "quantile" if isinstance(value, AsQuantile) else "share_within"
    return "mean" if value == "mean" else None


ElapsedAs = Annotated[
    Annotated[Literal["mean"], Tag("mean")]
    | Annotated[AsQuantile, Tag("quantile")]
    | Annotated[AsShareWithin, Tag("share_within")],
    Discriminator(
        _form,
        custom_error_type="form",
        custom_error_message="unknown form",
        custom_error_context={
            "vi": "`as` của elapsed phải là mean, {quantile: 0.9} hoặc {share_within: 4h}",
            "en": "`as` of elapsed should be mean, {quantile: 0.9} or {share_within: 4h}",
        },
    ),
]


class Elapsed(Node):
    """Time that items took, or the share of them that was in time."""

    elapsed: ElapsedParts
    as_: ElapsedAs = Field(default="mean", alias="as")


class RetentionParts(Node):
    """Who belongs by `base` and no longer by `lost`; `idle` also loses whom nothing was heard of for so long."""

    base: Select
    lost: Select
    key: Names
    idle: Elapsing | None = None


class Retention(Node):
    """Share of those there at the period's start who are there still."""

    retention: RetentionParts


class RepeatParts(Node):
    """A further event of one `key` on a later local day, at most `within` after the first."""

    of: Names
    key: Names
    within: Elapsing


class Repeat(Node):
    """Share of those who came for the first time that came again."""

    repeat: RepeatParts
    as_: Cohort = Field(default=Cohort.PROJECTED, alias="as")
