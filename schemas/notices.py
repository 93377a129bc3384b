"""A notice: the words of one alert transition for one recipient, ready to be handed to a sink (`kpi.notices`)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from schemas.alerts import Alert

MAX_NOTICE_BYTES = 64 * 1024
"""A notice is a few sentences; anything longer is a fault upstream."""

# No control characters: ids travel as an HTTP header.
Id = Annotated[str, StringConstraints(min_length=1, max_length=600, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Notice(BaseModel):
    """One message for one recipient.

    `id` is the same however often upstream repeats the notice. `title` is one line, `text` a few, both already in
    `lang`. It goes to the sink that `sink` names; without one to the sink that `recipient` names, and where the
    recipient is nobody's name, to every sink that is configured.
    """

    model_config = ConfigDict(frozen=True)

    id: Id
    recipient: Id
    alert: Alert
    title: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    text: Annotated[str, StringConstraints(max_length=8_000)]
    lang: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] = "vi"
    sink: Id | None = None
