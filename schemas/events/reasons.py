"""Why a record becomes a dead letter: every reason code, declared once with its meaning."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Stable codes: metrics, dead letters and producers rely on them."""

    BAD_JSON = "bad_json"
    BAD_ENVELOPE = "bad_envelope"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    WRONG_FIELD = "wrong_field"
    OVERSIZE = "oversize"
    FOREIGN_CURRENCY = "foreign_currency"
    KEY_MISMATCH = "key_mismatch"
    FUTURE_TIME = "future_time"
    NOT_SUPERSEDABLE = "not_supersedable"
    BAD_NOTICE = "bad_notice"
    UNKNOWN_SINK = "unknown_sink"
    UNDELIVERABLE = "undeliverable"
    INTERNAL_ERROR = "internal_error"


class Meaning(NamedTuple):
    """What a reason says, for the people who read dead letters."""

    en: str
    vi: str


MEANINGS: Mapping[Reason, Meaning] = {
    Reason.BAD_JSON: Meaning(
        "The value is not JSON in UTF-8 (NaN, Infinity and more than 200 levels of nesting are not either).",
        "Nội dung không phải JSON mã hoá UTF-8 (NaN, Infinity và lồng sâu quá 200 cấp cũng không hợp lệ).",
    ),
    Reason.BAD_ENVELOPE: Meaning(
        "Not a CloudEvents 1.0 event: an attribute is missing or wrong, `time` has no offset, or the data is not JSON.",
        "Không phải sự kiện CloudEvents 1.0: thiếu hoặc sai thuộc tính, `time` không có múi giờ, hoặc dữ liệu không "
        "phải JSON.",
    ),
    Reason.UNKNOWN_TYPE: Meaning(
        "Neither a shipped event type nor one that the catalogue declares.",
        "Loại sự kiện không có sẵn và cũng không được khai báo trong danh mục.",
    ),
    Reason.MISSING_FIELD: Meaning(
        "A field of `data` that this type requires is absent or null.",
        "Thiếu một trường bắt buộc trong `data` (hoặc trường đó là null).",
    ),
    Reason.WRONG_FIELD: Meaning(
        "A field of `data` has the wrong type or lies outside its range.",
        "Một trường trong `data` sai kiểu hoặc nằm ngoài khoảng cho phép.",
    ),
    Reason.OVERSIZE: Meaning(
        "The value is larger than 64 KiB (65,536 bytes).",
        "Nội dung lớn hơn 64 KiB (65.536 byte).",
    ),
    Reason.FOREIGN_CURRENCY: Meaning(
        "`data.currency` is not the tenant's currency; amounts are never converted.",
        "`data.currency` không phải tiền tệ của tổ chức; số tiền không được quy đổi.",
    ),
    Reason.KEY_MISMATCH: Meaning(
        "The Kafka key is not the event's `subject`; replaying the dead letter re-keys it.",
        "Khoá Kafka khác với `subject` của sự kiện; phát lại bản ghi lỗi này sẽ đặt lại khoá.",
    ),
    Reason.FUTURE_TIME: Meaning(
        "`time` is more than 5 minutes ahead of the broker's append time.",
        "`time` đi trước thời điểm máy chủ Kafka ghi nhận quá 5 phút.",
    ),
    Reason.NOT_SUPERSEDABLE: Meaning(
        "`supersedes` names an event that this one may not correct, reverse or retract.",
        "`supersedes` trỏ tới một sự kiện mà sự kiện này không được phép sửa, đảo hoặc huỷ.",
    ),
    Reason.BAD_NOTICE: Meaning(
        "A record of `kpi.notices` that is no notice.",
        "Bản ghi trong `kpi.notices` không phải là một thông báo.",
    ),
    Reason.UNKNOWN_SINK: Meaning(
        "A notice for a sink that is not configured.",
        "Thông báo gửi tới một kênh chưa được cấu hình.",
    ),
    Reason.UNDELIVERABLE: Meaning(
        "A notice that its sink refused, or did not take before giving up; replaying it sends it again.",
        "Thông báo bị kênh nhận từ chối hoặc gửi mãi không được; phát lại bản ghi này sẽ gửi lại.",
    ),
    Reason.INTERNAL_ERROR: Meaning(
        "A fault of this program, not of the event; the record is kept to be replayed.",
        "Lỗi của chương trình, không phải của sự kiện; bản ghi được giữ lại để phát lại.",
    ),
}
