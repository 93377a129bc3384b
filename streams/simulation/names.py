"""Invented Vietnamese names, for the notes of leads, tickets and complaints."""

from random import Random

FAMILY = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Huỳnh",
    "Phan",
    "Vũ",
    "Võ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Dương",
)
WOMEN = ("Thu Hà", "Ngọc Mai", "Thanh Thảo", "Kim Ngân", "Bích Phượng", "Minh Châu", "Hồng Nhung", "Diễm My")
MEN = ("Minh Đức", "Quốc Huy", "Anh Tuấn", "Hoàng Nam", "Thành Công", "Văn Hùng", "Đình Phúc", "Gia Khánh")


def customer(dice: Random) -> str:
    """A customer as a colleague would speak of them: `chị Nguyễn Thu Hà`."""
    title, given = ("chị", WOMEN) if dice.random() < 0.5 else ("anh", MEN)
    return f"{title} {dice.choice(FAMILY)} {dice.choice(given)}"
