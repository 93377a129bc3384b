"""A notice as JUDGE writes it."""

from schemas.alerts import Alert, AlertClass, Severity, Transition
from schemas.notices import Notice

START_US = 1_795_399_200_000_000  # 2026-11-23T02:00:00Z


def notice(
    fingerprint: str = "f1",
    transition: Transition = Transition.FIRING,
    number: int = 0,
    recipient: str = "an",
    sink: str | None = None,
) -> Notice:
    """One notice; (fingerprint, number, transition) make its id."""
    alert = Alert(
        at="2026-11-23T09:15:00+07:00",
        fingerprint=fingerprint,
        cls=AlertClass.STALLED,
        kpi="contacts",
        subject="an",
        period="2026-11",
        transition=transition,
        severity=Severity.WARNING,
        reason="Chưa có cuộc gọi nào từ 08:00.",
    )
    return Notice(
        id=f"{fingerprint}-{number}-{transition.value}",
        recipient=recipient,
        alert=alert,
        title=f"An: cuộc gọi đang chững lại ({fingerprint} {number} {transition.value})",
        text="Chưa có cuộc gọi nào từ 08:00; bình thường đã có khoảng 6.",
        lang="vi",
        sink=sink,
    )
