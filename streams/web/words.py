"""Every fixed word of the pages, in Vietnamese and English."""

from typing import Final

from schemas.values import Status

LOCALES: Final = ("vi", "en")

WORDS: Final[dict[str, dict[str, str]]] = {
    "vi": {
        "title": "Bảng KPI",
        "company": "Toàn công ty",
        "live": "Trực tiếp",
        "connecting": "Đang kết nối…",
        "lost": "Mất kết nối, đang thử lại…",
        "static": "Ảnh chụp: trang không tự cập nhật khi tắt JavaScript",
        "updated": "Cập nhật lúc",
        "never": "chưa có dữ liệu",
        "waiting": "Đang chờ những số liệu đầu tiên…",
        "waiting_why": "Bảng sẽ tự hiện khi hệ thống tính xong giá trị KPI đầu tiên.",
        "target": "Mục tiêu",
        "limit": "Giới hạn",
        "expected": "Cần đạt lúc này",
        "expected_down": "Cho phép đến lúc này",
        "raw": "Đã có đến nay",
        "matured": "Nhóm đã đủ thời hạn",
        "counted_from": "Đếm từ",
        "no_value": "Chưa có số liệu",
        "teams": "Các đội",
        "series": "Các dãy",
        "other": "khác",
        "leading": "Dẫn dắt",
        "lagging": "Kết quả",
        "metric": "Theo dõi",
        "closed": "đã chốt",
        "alerts": "Cảnh báo",
        "no_alerts": "Không có cảnh báo nào",
        "more_alerts": "và {n} cảnh báo khác",
        "praise": "Ghi nhận",
        "hit": "đạt {share} mục tiêu",
        "hit_down": "đạt mục tiêu",
        "leads": "đang dẫn đầu",
        "team": "đội {name}",
        "department": "bộ phận {name}",
        "crew": "{n} người cần hỗ trợ ở {place}",
        "crew_org": "{n} người cần hỗ trợ",
        "all_departments": "Tất cả bộ phận",
        "metrics": "Số đo kỹ thuật (/metrics)",
        "other_language": "English",
        "of_target": "mục tiêu",
        "of_limit": "giới hạn",
        "ago_now": "vừa xong",
    },
    "en": {
        "title": "KPI board",
        "company": "Whole company",
        "live": "Live",
        "connecting": "Connecting…",
        "lost": "Connection lost, trying again…",
        "static": "Snapshot: without JavaScript the page does not update itself",
        "updated": "Updated at",
        "never": "no data yet",
        "waiting": "Waiting for the first numbers…",
        "waiting_why": "The board fills by itself as soon as the first KPI value has been computed.",
        "target": "Target",
        "limit": "Limit",
        "expected": "Expected by now",
        "expected_down": "Allowed by now",
        "raw": "Seen so far",
        "matured": "Of full age",
        "counted_from": "Counted from",
        "no_value": "No data yet",
        "teams": "Teams",
        "series": "Series",
        "other": "other",
        "leading": "Leading",
        "lagging": "Lagging",
        "metric": "Metric",
        "closed": "closed",
        "alerts": "Alerts",
        "no_alerts": "No alerts",
        "more_alerts": "and {n} more",
        "praise": "Well done",
        "hit": "{share} of target",
        "hit_down": "on target",
        "leads": "in the lead",
        "team": "team {name}",
        "department": "{name}",
        "crew": "{n} {people} could use support in {place}",
        "crew_org": "{n} {people} could use support",
        "all_departments": "All departments",
        "metrics": "Technical metrics (/metrics)",
        "other_language": "Tiếng Việt",
        "of_target": "of target",
        "of_limit": "of limit",
        "ago_now": "just now",
    },
}

STATUS: Final[dict[str, dict[Status, str]]] = {
    "vi": {
        Status.NONE: "Chưa đánh giá",
        Status.ON_TRACK: "Đúng tiến độ",
        Status.BEHIND: "Chậm tiến độ",
        Status.HIT: "Đạt mục tiêu",
        Status.MISSED: "Chưa đạt",
        Status.HOLLOW: "Đủ lượng, thiếu chất",
    },
    "en": {
        Status.NONE: "Not rated yet",
        Status.ON_TRACK: "On track",
        Status.BEHIND: "Behind",
        Status.HIT: "Target hit",
        Status.MISSED: "Missed",
        Status.HOLLOW: "Hit, quality low",
    },
}
NO_TARGET: Final = {"vi": "Không đặt mục tiêu", "en": "No target"}

DEPARTMENTS: Final = {
    "sales": {"vi": "Kinh doanh", "en": "Sales"},
    "marketing": {"vi": "Marketing", "en": "Marketing"},
    "service": {"vi": "Chăm sóc khách hàng", "en": "Customer service"},
    "support": {"vi": "Chăm sóc khách hàng", "en": "Customer support"},
    "people": {"vi": "Nhân sự", "en": "People"},
    "hr": {"vi": "Nhân sự", "en": "Human resources"},
}
"""Titles of departments by the ids that the shipped templates use; any other id is shown as it is."""

UNITS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "calls": {"vi": ("cuộc gọi", "cuộc gọi"), "en": ("call", "calls")},
    "contacts": {"vi": ("lượt", "lượt"), "en": ("contact", "contacts")},
    "meetings": {"vi": ("cuộc gặp", "cuộc gặp"), "en": ("meeting", "meetings")},
    "leads": {"vi": ("khách", "khách"), "en": ("lead", "leads")},
    "contracts": {"vi": ("hợp đồng", "hợp đồng"), "en": ("contract", "contracts")},
    "customers": {"vi": ("khách hàng", "khách hàng"), "en": ("customer", "customers")},
    "sales": {"vi": ("đơn", "đơn"), "en": ("sale", "sales")},
    "tickets": {"vi": ("yêu cầu", "yêu cầu"), "en": ("ticket", "tickets")},
    "sessions": {"vi": ("lượt truy cập", "lượt truy cập"), "en": ("session", "sessions")},
    "conversions": {"vi": ("lượt", "lượt"), "en": ("conversion", "conversions")},
    "people": {"vi": ("người", "người"), "en": ("person", "people")},
    "score": {"vi": ("điểm", "điểm"), "en": ("point", "points")},
    "seconds": {"vi": ("giây", "giây"), "en": ("second", "seconds")},
    "minutes": {"vi": ("phút", "phút"), "en": ("minute", "minutes")},
    "hours": {"vi": ("giờ", "giờ"), "en": ("hour", "hours")},
    "days": {"vi": ("ngày", "ngày"), "en": ("day", "days")},
}


def unit_word(unit: str, value: int | float, locale: str) -> str:
    """The word beside a number; a unit that is not in the list stands as the catalogue writes it."""
    if unit not in UNITS:
        return unit
    one, many = UNITS[unit][locale]
    return one if value == 1 else many


def department_title(department: str | None, locale: str) -> str:
    """Heading of a section; None is the whole company."""
    if department is None:
        return WORDS[locale]["company"]
    known = DEPARTMENTS.get(department)
    return known[locale] if known else department


def crew_sentence(people: int, place: str | None, locale: str) -> str:
    """How many people of a place need help, naming nobody; None is the whole company.

    >>> crew_sentence(1, "đội hn-1", "vi"), crew_sentence(2, None, "en")
    ('1 người cần hỗ trợ ở đội hn-1', '2 people could use support')
    """
    pattern = WORDS[locale]["crew_org" if place is None else "crew"]
    return pattern.format(n=people, place=place, people="person" if people == 1 else "people")
