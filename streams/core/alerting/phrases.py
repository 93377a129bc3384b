"""Every sentence that an alert can say, in Vietnamese and English, and the words that none may contain.

A message follows one order: the fact, the gap in working time, one or two concrete next steps, an offer of help
(PRODUCT 1E, M1). It names what happened and never judges the person (E5); the tests read every phrase for that.
"""

from collections.abc import Mapping

from streams.core.alerting.voice import Lang

# Fact, gap, next step and help are separate phrases, so that a message without the numbers for one leaves it out.
PHRASES: Mapping[Lang, Mapping[str, str]] = {
    "vi": {
        "stalled.title": "{kpi}: {subject} đang tạm lắng",
        "stalled.team.title": "{kpi}: cả {subject} đang tạm lắng",
        "stalled.fact": "{subject} chưa có {noun} mới nào từ {since}, tức khoảng {silence} (thường khoảng {rate}).",
        "stalled.team.fact": "Cả {subject} chưa có {noun} mới nào từ {since}, tức khoảng {silence} (thường khoảng"
        " {rate}).",
        "stalled.next": "Gợi ý: chọn một việc nhỏ làm được ngay trong giờ tới; nếu đang vướng nguồn khách hàng, công cụ"
        " hay dữ liệu, hãy nhắn ngay để được gỡ.",
        "stalled.team.next": "Gợi ý: kiểm tra trước tổng đài, đường dữ liệu và nguồn khách hàng; khi cả nhóm cùng im,"
        " nguyên nhân thường nằm ở đó.",
        "behind.title": "{kpi}: {subject} đang sau nhịp kế hoạch",
        "behind.fact": "{kpi} của {subject}: {value} trên mục tiêu {target} của {period}; theo nhịp kế hoạch, đến nay"
        " là khoảng {expected}.",
        "behind.gap": "Khoảng cách này tương đương {gap}.",
        "behind.next": "Gợi ý: từ nay đến cuối kỳ còn {left}, cần khoảng {needed} mỗi ngày làm việc; nếu nhịp này khó"
        " giữ, hãy cùng quản lý chọn lại việc ưu tiên.",
        "budget.title": "{kpi}: {subject} đang chi nhanh hơn kế hoạch",
        "budget.fact": "{kpi} của {subject}: đã dùng {value} trên mức {target} của {period}; theo nhịp thời gian, đến"
        " nay là khoảng {expected}.",
        "budget.gap": "Mức này đến sớm hơn kế hoạch {gap}.",
        "budget.next": "Gợi ý: xem lại các khoản lớn gần đây và khoản nào có thể dời sang kỳ sau.",
        "losing.title": "{kpi}: {subject} đang hao hụt nhanh hơn kế hoạch",
        "losing.fact": "{kpi} của {subject}: còn giữ {value}, mục tiêu của {period} là {target}; theo nhịp thời gian,"
        " đến nay nên còn khoảng {expected}.",
        "losing.gap": "Mức này đến sớm hơn kế hoạch {gap}.",
        "losing.next": "Gợi ý: hỏi những người vừa rời đi điều gì lẽ ra đã giữ được họ, rồi liên hệ trước với những"
        " người có thể rời đi tiếp theo.",
        "anomaly.title": "{kpi}: một giờ khác thường của {subject}",
        "anomaly.fact": "{kpi} của {subject}: {count} {hour}, thường khoảng {expected}.",
        "anomaly.next": "Gợi ý: xem dữ liệu và hệ thống có đang chạy bình thường không, rồi xem có sự kiện nào giải"
        " thích được không.",
        "paused.title": "Đã tạm dừng đọc {subject} của {kpi}",
        "paused.fact": "{rejected} trong {records} bản ghi gần nhất của {kpi}, {subject}, bị từ chối (giới hạn"
        " {limit}), nhiều nhất vì: {why} Đã tạm dừng đọc từ vị trí {offset}; các phân vùng khác vẫn được đọc.",
        "paused.next": "Gợi ý: sửa hệ thống gửi dữ liệu (hoặc danh mục), rồi chạy “kpi resume {partition}” để đọc tiếp;"
        " “kpi dead-letter list” cho biết những gì đã bị từ chối.",
        "favourable.title": "{kpi}: một giờ nổi bật của {subject}",
        "favourable.next": "Tin vui! Nếu biết điều gì đã giúp, hãy chia sẻ để cả đội cùng áp dụng.",
        "help": "Cần hỗ trợ gì, cứ nhắn lại để quản lý cùng gỡ.",
        "watching.title": "Đang theo dõi – {title}",
        "stalled.recovered.title": "{kpi}: {subject} đã hoạt động trở lại",
        "stalled.recovered": "{subject} đã có {noun} trở lại. Cảm ơn, cứ giữ nhịp như vậy!",
        "behind.recovered.title": "{kpi}: {subject} đã trở lại nhịp",
        "behind.recovered": "{kpi} của {subject} đã trở lại nhịp kế hoạch. Cảm ơn, cứ giữ nhịp như vậy!",
        "budget.recovered.title": "{kpi}: {subject} đã trở lại trong kế hoạch",
        "budget.recovered": "{kpi} của {subject} đã trở lại trong kế hoạch. Cảm ơn bạn!",
        "losing.recovered.title": "{kpi}: {subject} đã trở lại trong kế hoạch",
        "losing.recovered": "{kpi} của {subject} đã trở lại trong kế hoạch. Cảm ơn bạn!",
        "anomaly.recovered.title": "{kpi}: {subject} đã trở lại mức thường thấy",
        "anomaly.recovered": "{kpi} của {subject} đã trở lại mức thường thấy.",
        "paused.recovered.title": "Đã đọc tiếp {subject} của {kpi}",
        "paused.recovered": "Đã đọc tiếp {subject} của {kpi} từ đúng chỗ đã dừng.",
        "corrected.title": "{kpi}: thông báo về {subject} được rút lại",
        "corrected": "Dữ liệu vừa được chỉnh sửa, nên thông báo trước đó về “{kpi}” của {subject} được rút lại. Không"
        " cần làm gì thêm.",
        "period_closed.title": "{kpi}: {period} đã khép lại",
        "period_closed": "{period} đã khép lại, nên thông báo về “{kpi}” của {subject} cũng khép theo. Kỳ mới bắt đầu"
        " lại từ đầu.",
        "since_period": "đầu {period}",
        "hour": "trong khoảng {hour}",
        "last_hour": "trong giờ vừa qua",
    },
    "en": {
        "stalled.title": "{kpi}: {subject} has gone quiet",
        "stalled.team.title": "{kpi}: all of {subject} has gone quiet",
        "stalled.fact": "No new {nouns} from {subject} since {since}, about {silence} (usually about {rate}).",
        "stalled.team.fact": "No new {nouns} from all of {subject} since {since}, about {silence} (usually about"
        " {rate}).",
        "stalled.next": "Suggestion: pick one small step for the next hour; if leads, a tool or data is in the way, say"
        " so now and it will be cleared.",
        "stalled.team.next": "Suggestion: check telephony, the data feed and the supply of leads first; when a whole"
        " team is quiet, the cause is usually there.",
        "behind.title": "{kpi}: {subject} is behind the plan's pace",
        "behind.fact": "{kpi}, {subject}: {value} of the target of {target} for {period}; at the plan's pace it would"
        " be about {expected} by now.",
        "behind.gap": "That gap is worth {gap}.",
        "behind.next": "Suggestion: with {left} left, about {needed} a working day closes it; if that pace is hard to"
        " keep, choose new priorities together with your manager.",
        "budget.title": "{kpi}: {subject} is spending faster than planned",
        "budget.fact": "{kpi}, {subject}: {value} used of {target} for {period}; in step with time it would be about"
        " {expected} by now.",
        "budget.gap": "That is {gap} ahead of the plan.",
        "budget.next": "Suggestion: look at the latest large items and which of them can move to the next period.",
        "losing.title": "{kpi}: {subject} is losing faster than planned",
        "losing.fact": "{kpi}, {subject}: {value} is left, the target for {period} is {target}; in step with time it"
        " would be about {expected} by now.",
        "losing.gap": "That is {gap} ahead of the plan.",
        "losing.next": "Suggestion: ask those who have left what would have kept them, and talk to those who may be"
        " next.",
        "anomaly.title": "{kpi}: an unusual hour for {subject}",
        "anomaly.fact": "{kpi}, {subject}: {count} {hour}, usually about {expected}.",
        "anomaly.next": "Suggestion: see whether data and systems run as usual, then whether an event explains it.",
        "paused.title": "{subject} of {kpi} is paused",
        "paused.fact": "{rejected} of the last {records} records of {kpi}, {subject}, were rejected (limit {limit}),"
        " most for this reason: {why} Nothing is read from offset {offset} on; the other partitions are.",
        "paused.next": "Suggestion: mend what sends them (or the catalogue), then run “kpi resume {partition}”;"
        " “kpi dead-letter list” shows what was rejected.",
        "favourable.title": "{kpi}: an outstanding hour for {subject}",
        "favourable.next": "Good news! If you know what helped, share it so that the whole team can use it.",
        "help": "Whatever you need, just reply and your manager will help to clear the way.",
        "watching.title": "Watching – {title}",
        "stalled.recovered.title": "{kpi}: {subject} is moving again",
        "stalled.recovered": "There are new {nouns} from {subject}. Thank you, keep that rhythm!",
        "behind.recovered.title": "{kpi}: {subject} is back on pace",
        "behind.recovered": "{kpi}, {subject}: back on the plan's pace. Thank you, keep that rhythm!",
        "budget.recovered.title": "{kpi}: {subject} is back within plan",
        "budget.recovered": "{kpi}, {subject}: back within plan. Thank you!",
        "losing.recovered.title": "{kpi}: {subject} is back within plan",
        "losing.recovered": "{kpi}, {subject}: back within plan. Thank you!",
        "anomaly.recovered.title": "{kpi}: {subject} is back to the usual level",
        "anomaly.recovered": "{kpi}, {subject}: back to the usual level.",
        "paused.recovered.title": "{subject} of {kpi} is read on",
        "paused.recovered": "{subject} of {kpi} is read on from exactly where it was paused.",
        "corrected.title": "{kpi}: the message about {subject} is withdrawn",
        "corrected": "The data has been corrected, so the earlier message about “{kpi}” for {subject} is withdrawn."
        " Nothing needs to be done.",
        "period_closed.title": "{kpi}: {period} has closed",
        "period_closed": "{period} has closed, and the message about “{kpi}” for {subject} closes with it."
        " The new period starts afresh.",
        "since_period": "the start of {period}",
        "hour": "in {hour}",
        "last_hour": "in the last hour",
    },
}

BLAMING: Mapping[Lang, str] = {
    "vi": (
        "lười, kém, yếu kém, tệ, tồi, thất bại, lỗi của, đổ lỗi, đáng trách, khiển trách, cảnh cáo, phạt, kỷ luật,"
        " chậm chạp, lề mề, vô trách nhiệm, thiếu trách nhiệm, thua, tụt hậu, giải trình, không đạt, bắt buộc, đe dọa,"
        " xấu hổ"
    ),
    "en": (
        "lazy, poor, poorly, bad, fail, failed, failing, failure, fault, blame, guilty, punish, penalty, discipline,"
        " warning, underperform, underperforming, underperformer, slacking, worst, loser, weak, unacceptable,"
        " disappointing, ashamed, must, immediately"
    ),
}
"""Whole words that no phrase contains."""
