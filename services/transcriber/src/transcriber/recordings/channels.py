"""Plans of the channels of recordings."""

from common import logging
from common.audio import channel_plan
from common.audio.signals import ChannelMode, ChannelPlan
from common.audio.survey import Survey
from common.postgres import Connection
from transcriber.domain.transcriptions import Transcription
from transcriber.store.surveys import Surveys

_log = logging.get(__name__)


def plan(survey: Survey | None, mode: ChannelMode) -> ChannelPlan | None:
    """Return the plan of a recording, None if its channels were not or cannot be judged."""
    if survey is None:
        return None
    try:
        return channel_plan.plan(survey.tracks, survey.evidence, mode)
    except Exception:
        # No recording is refused because of its channels.
        _log.exception("channels of a recording not planned", mode=mode)
        return None


async def plan_of(
    connection: Connection, transcription: Transcription, mode: ChannelMode
) -> ChannelPlan | None:
    """Return the plan of a stored recording in a mode.

    A plan that was already made in this mode is kept, so that results are found again.
    """
    made = transcription.channel_plan
    if made is not None and made.requested is mode:
        return made
    return plan(await Surveys(connection).find(transcription.id), mode)
