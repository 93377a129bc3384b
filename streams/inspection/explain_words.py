"""Every word of an explanation, in Vietnamese and English."""

from typing import Final

from schemas.values import Scope, Status
from streams.core.corrections import Role
from streams.core.explain.evidence import Effect
from streams.core.explain.explaining import Note
from streams.core.explain.put_down import Put
from streams.core.explain.scene import Reason
from streams.core.explain.working_time import Odd

LOCALES: Final = ("vi", "en")

REASONS: Final[dict[Reason, dict[str, str]]] = {
    Reason.CONDITION: {"vi": "không thỏa điều kiện {detail}", "en": "does not meet {detail}"},
    Reason.FIELD: {"vi": "thiếu trường {detail}", "en": "lacks the field {detail}"},
    Reason.REVERSED: {"vi": "đã bị hoàn toàn bộ", "en": "taken back as a whole"},
    Reason.RETRACTED: {"vi": "đã bị rút lại", "en": "retracted"},
    Reason.CORRECTED_AWAY: {
        "vi": "đã được đính chính, nay không còn tính ở đây",
        "en": "corrected, and does not count here any more",
    },
    Reason.OTHER_PERIOD: {"vi": "thuộc kỳ khác ({detail})", "en": "of another period ({detail})"},
    Reason.MOVED: {
        "vi": "lúc đó người thực hiện thuộc đội khác ({detail})",
        "en": "its person belonged elsewhere at that time ({detail})",
    },
    Reason.OUTSIDE_MEMBERSHIP: {
        "vi": "lúc đó người này không thuộc đội nào; tính cho {detail}",
        "en": "at that time this person belonged to no team; credited to {detail}",
    },
    Reason.OTHER_SUBJECT: {"vi": "tính cho người hoặc đội khác", "en": "credited to others"},
    Reason.OTHER_SERIES: {"vi": "thuộc dãy khác: {detail}", "en": "of another series: {detail}"},
    Reason.NO_START: {
        "vi": "chưa có sự kiện bắt đầu của lượt này",
        "en": "what its item begins with is not there",
    },
    Reason.OPEN: {
        "vi": "chưa có câu trả lời, hoặc đã bị dừng hay làm lại",
        "en": "not answered yet, or stopped or undone",
    },
    Reason.WAITING: {
        "vi": "{detail} đang chờ sự kiện gốc, chưa được tính",
        "en": "{detail} waits for the event that it amends, uncounted",
    },
}

GROUPS: Final[dict[Put, dict[str, str]]] = {
    Put.CONVERTED: {"vi": "đã đi tiếp", "en": "went on"},
    Put.NOT_CONVERTED: {"vi": "không đi tiếp trong thời hạn", "en": "did not go on within the window"},
    Put.NOT_YET: {"vi": "chưa đi tiếp, vẫn trong thời hạn", "en": "have not gone on yet, the window is open"},
    Put.ANSWERED: {"vi": "đã có câu trả lời", "en": "answered"},
    Put.GOOD: {"vi": "đúng hạn", "en": "in time"},
    Put.BAD: {"vi": "trễ hạn hoặc không đạt", "en": "late, or not good"},
    Put.STILL: {"vi": "vẫn còn", "en": "still there"},
    Put.LOST: {"vi": "đã rời đi", "en": "lost"},
    Put.LEAD: {"vi": "khách hàng tiềm năng khác nhau", "en": "different leads"},
    Put.LEVEL: {"vi": "mức đang giữ", "en": "levels"},
    Put.SUM: {"vi": "mục được xếp hạng", "en": "ranked"},
    Put.REACHED: {"vi": "đã hoàn thành KPI cá nhân", "en": "reached their KPIs"},
    Put.NOT_REACHED: {"vi": "chưa hoàn thành KPI cá nhân", "en": "did not reach their KPIs"},
}

ROLES: Final[dict[Role, dict[str, str]]] = {
    Role.ROOT: {"vi": "gốc", "en": "root"},
    Role.CORRECTION: {"vi": "đính chính", "en": "correction"},
    Role.REVERSAL: {"vi": "hoàn", "en": "reversal"},
    Role.RETRACTION: {"vi": "rút lại", "en": "retraction"},
}

EFFECTS: Final[dict[Effect, dict[str, str]]] = {
    Effect.COUNTS: {"vi": "có hiệu lực", "en": "holds"},
    Effect.OUTRANKED: {"vi": "bị một đính chính sau thay thế", "en": "superseded by a later correction"},
    Effect.UNDONE: {"vi": "đã bị rút lại", "en": "was itself retracted"},
    Effect.MOOT: {"vi": "sự kiện gốc đã bị rút lại", "en": "its root was retracted"},
}

ODD: Final[dict[Odd, dict[str, str]]] = {
    Odd.HOLIDAY: {"vi": "ngày lễ", "en": "public holiday"},
    Odd.MADE_UP: {"vi": "làm bù", "en": "made-up working day"},
    Odd.OVERRIDE: {"vi": "lịch riêng của công ty", "en": "company calendar"},
    Odd.LEAVE: {"vi": "nghỉ phép", "en": "on leave"},
    Odd.NOT_A_MEMBER: {"vi": "không thuộc đội nào", "en": "belongs to no team"},
}

WHOSE: Final[dict[Scope, dict[str, str]]] = {
    Scope.ORG: {"vi": "của công ty", "en": "the company's"},
    Scope.DEPARTMENT: {"vi": "của công ty", "en": "the company's"},
    Scope.TEAM: {"vi": "của đội", "en": "the team's"},
    Scope.PERSON: {"vi": "của riêng người này", "en": "the person's own"},
}

STATUS: Final[dict[Status, dict[str, str]]] = {
    Status.NONE: {"vi": "chưa đánh giá", "en": "not rated"},
    Status.ON_TRACK: {"vi": "đúng tiến độ", "en": "on track"},
    Status.BEHIND: {"vi": "chậm tiến độ", "en": "behind"},
    Status.HIT: {"vi": "đạt", "en": "hit"},
    Status.MISSED: {"vi": "không đạt", "en": "missed"},
    Status.HOLLOW: {"vi": "đủ lượng, thiếu chất", "en": "hit, quality low"},
}

UNITS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "vi": {
        "events": ("sự kiện", "sự kiện"),
        "keys": ("khóa khác nhau", "khóa khác nhau"),
        "s": ("giây", "giây"),
        "persons": ("người", "người"),
    },
    "en": {
        "events": ("event", "events"),
        "keys": ("key", "different keys"),
        "s": ("s", "s"),
        "persons": ("person", "persons"),
    },
}
"""Units of leaves: of one, and of another number."""

NOTES: Final[dict[Note, dict[str, str]]] = {
    Note.ANONYMOUS: {
        "vi": "KPI này ẩn danh: chỉ nêu số câu trả lời, không nêu giá trị được tính từ đâu.",
        "en": "The KPI is anonymous: only how many answers there are is told, not what its value is made of.",
    },
    Note.FOLDED: {
        "vi": "“other” gộp các dãy nhỏ không có dòng riêng; hãy hỏi từng dãy theo tên. Khi một khóa có thể nằm ở nhiều "
        "dãy (`distinct`, `per`), các dãy không cộng lại được nên “other” không có giá trị, và n đếm khóa đó một lần "
        "trong mỗi dãy.",
        "en": "“other” is the smaller series that have no row of their own; ask for each by its name. Where one key "
        "may be in several (`distinct`, `per`), they do not add up: “other” then has no value, and its n counts the "
        "key once in each.",
    },
    Note.UNTOLD: {
        "vi": "Không diễn giải phép tính ở đây, chỉ nêu các sự kiện được đọc: kỳ gốc của tăng trưởng mà sự kiện không "
        "còn được lưu, hoặc quá nhiều người để đếm lại (hãy hỏi từng đội).",
        "en": "The arithmetic is not told here, only the events that it reads are: growth against a baseline whose "
        "events are no longer kept, or too many people to count anew (ask for each team).",
    },
    Note.NOTHING: {
        "vi": "Không có sự kiện nào và cũng chưa có giá trị nào cho kỳ này.",
        "en": "There is no event, and no value, for this period.",
    },
    Note.DIFFERS: {
        "vi": "Giá trị đếm lại ở đây khác giá trị đã công bố; xem các ghi chú khác để biết điều gì thiếu.",
        "en": "What is counted here differs from what is published; the other notes say what may be missing.",
    },
    Note.FORGOTTEN: {
        "vi": "Sự kiện trước {kept_from} không còn được lưu: phần đầu của kỳ không thể diễn giải.",
        "en": "Events before {kept_from} are no longer kept: the beginning of the period cannot be told.",
    },
    Note.COUNTED_FROM: {
        "vi": "Giá trị đã công bố chỉ đếm từ {counted_from}: khi danh mục được sửa, các sự kiện cũ hơn không còn được "
        "lưu.",
        "en": "What is published counts from {counted_from} on: older events were no longer kept when the catalogue "
        "was edited.",
    },
    Note.IDENTITIES: {
        "vi": "Trạng thái chỉ lưu số lượng sự kiện trùng, quá cũ hoặc bị từ chối (của mọi KPI), không lưu đó là sự "
        "kiện nào; sự kiện bị từ chối nằm ở kpi.dead-letter.",
        "en": "Of duplicates, events too old and refused ones the state keeps only how many there were, of all KPIs, "
        "not which; what was refused is on kpi.dead-letter.",
    },
    Note.ARRIVAL: {
        "vi": "Kỳ đã chốt được công bố lại. Trạng thái không lưu lúc sự kiện đến nơi, nên chỉ các thay đổi có ngày sau "
        "khi chốt mới được đánh dấu; một sự kiện đến muộn cũng có thể là lý do.",
        "en": "The closed period was published again. The state does not keep when an event came, so only amendments "
        "dated after the close are marked; an event that came late may be the reason too.",
    },
    Note.MINOR: {
        "vi": "Số tiền tính bằng đơn vị nhỏ nhất của {currency}: 100 là {hundred}.",
        "en": "Money is told in the smallest unit of {currency}: 100 is {hundred}.",
    },
    Note.ELSEWHERE: {
        "vi": "Thiếu sự kiện của các phân vùng {elsewhere} (do worker khác giữ): các con số ở đây chưa đủ. "
        "`kpi explain` đọc tất cả từ Kafka.",
        "en": "The events of partitions {elsewhere}, which other workers hold, are missing: the numbers here are not "
        "whole. `kpi explain` reads all of them from Kafka.",
    },
}

WORDS: Final[dict[str, dict[str, str]]] = {
    "vi": {
        "heading": "{title} ({kpi}) của {subject}, kỳ {period}",
        "period": "Kỳ: từ {start} đến {end}; tính đến {clock}",
        "published": "Đã công bố: {value} {unit}, n = {n}, {version}, {status}",
        "open": "kỳ đang mở",
        "closed": "đã chốt (phiên bản {version})",
        "restated": "đã chốt, sau đó công bố lại (phiên bản {version})",
        "unpublished": "Chưa có giá trị được công bố.",
        "hidden": "không công bố",
        "arithmetic": "Phép tính",
        "counted": "Đếm lại: {value} {unit}, n = {n}",
        "leaf": "[{number}] {what} = {amount}",
        "day": "Ngày",
        "type": "Loại sự kiện",
        "events": "Sự kiện",
        "adds": "Cộng thêm",
        "group": "{items} {name}{examples}",
        "left_out": "không tính {events}: {reason}{examples}",
        "excluded": "Không tính vào giá trị này",
        "changes": "Đính chính, hoàn và rút lại",
        "change": "{time}  {role} {id} ({type}) của {of} ngày {of_time}: {effect}{changed}{late}",
        "after_close": "; sau khi chốt kỳ",
        "whole": "toàn bộ",
        "target": "Mục tiêu: {value} {unit}{strict}",
        "strict": " (phải vượt qua)",
        "piece": "{subject}: {value} × {share} thời gian làm việc của kỳ ({start} đến {end}) = {adds}",
        "key_result": "Kết quả then chốt: ({value} − {start}) / ({target} − {start}) = {attained}",
        "no_target": "Không có mục tiêu.",
        "expected": "Cần đạt lúc này: {expected} (mục tiêu × {share} thời gian làm việc đã qua)",
        "expected_kept": "Cần còn giữ lúc này: {expected} (mức được phép mất × {share} thời gian làm việc đã qua)",
        "expected_grown": "Cần đạt lúc này: {expected} (lượng cần có cuối kỳ × {share} thời gian làm việc đã qua, so"
        " với kỳ gốc đến nay)",
        "time": "Lịch {whose}: {country}; {hours}",
        "default_hours": "giờ mặc định",
        "no_country": "không theo ngày lễ của quốc gia nào",
        "worked": "Thời gian làm việc của kỳ: {worked} / {whole} giờ ({share}), {days} ngày làm việc",
        "unconfirmed": "Lịch nghỉ lễ năm {years} chưa được xác nhận",
        "odd": "{day}: {why}{name}{spans}",
        "rests": ", nghỉ",
        "partitions": "Trạng thái của OBSERVE (mọi KPI)",
        "partition": "phân vùng {partition}: đến {watermark}; {outcomes}",
        "notes": "Ghi chú",
        "applied": "được tính {n}",
        "duplicate": "trùng {n}",
        "beyond_horizon": "quá cũ {n}",
        "dead_lettered": "bị từ chối {n}",
        "orphan": "mồ côi {n}",
        "pending": "đang chờ {n}",
        "nothing_read": "chưa đọc gì",
    },
    "en": {
        "heading": "{title} ({kpi}) of {subject}, {period}",
        "period": "Period: {start} to {end}; as of {clock}",
        "published": "Published: {value} {unit}, n = {n}, {version}, {status}",
        "open": "the period is open",
        "closed": "closed (version {version})",
        "restated": "closed, restated since (version {version})",
        "unpublished": "No value is published.",
        "hidden": "not published",
        "arithmetic": "Arithmetic",
        "counted": "Counted anew: {value} {unit}, n = {n}",
        "leaf": "[{number}] {what} = {amount}",
        "day": "Day",
        "type": "Event type",
        "events": "Events",
        "adds": "Adds",
        "group": "{items} {name}{examples}",
        "left_out": "{events} left out: {reason}{examples}",
        "excluded": "Not part of this value",
        "changes": "Corrections, reversals and retractions",
        "change": "{time}  {role} {id} ({type}) of {of} of {of_time}: {effect}{changed}{late}",
        "after_close": "; after the close",
        "whole": "all of it",
        "target": "Target: {value} {unit}{strict}",
        "strict": " (must be passed)",
        "piece": "{subject}: {value} × {share} of the period's working time ({start} to {end}) = {adds}",
        "key_result": "Key result: ({value} − {start}) / ({target} − {start}) = {attained}",
        "no_target": "There is no target.",
        "expected": "Expected by now: {expected} (target × {share} of the working time)",
        "expected_kept": "Expected by now: {expected} (what may be lost × {share} of the working time)",
        "expected_grown": "Expected by now: {expected} (the volume that makes the target × {share} of the working time,"
        " against the baseline to date)",
        "time": "Calendar, {whose}: {country}; {hours}",
        "default_hours": "default hours",
        "no_country": "no country's holidays",
        "worked": "Working time of the period: {worked} / {whole} hours ({share}), {days} working days",
        "unconfirmed": "The holidays of {years} are not confirmed",
        "odd": "{day}: {why}{name}{spans}",
        "rests": ", closed",
        "partitions": "State of OBSERVE (all KPIs)",
        "partition": "partition {partition}: until {watermark}; {outcomes}",
        "notes": "Notes",
        "applied": "applied {n}",
        "duplicate": "duplicates {n}",
        "beyond_horizon": "too old {n}",
        "dead_lettered": "refused {n}",
        "orphan": "orphans {n}",
        "pending": "waiting {n}",
        "nothing_read": "nothing read",
    },
}
