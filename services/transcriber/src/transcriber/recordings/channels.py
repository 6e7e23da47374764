"""Plans of the channels of recordings. No recording is refused because of its channels."""

from collections.abc import Callable
from dataclasses import asdict

from common import logging
from common.audio import channel_plan
from common.audio.signals import ChannelMode, ChannelPlan
from common.audio.survey import Survey
from common.postgres import Connection
from transcriber.domain.transcriptions import Transcription
from transcriber.store.json_values import check_storable
from transcriber.store.surveys import Surveys

_log = logging.get(__name__)


def plan(survey: Survey | None, mode: ChannelMode) -> ChannelPlan | None:
    """Return the plan of a recording, None if its channels were not or cannot be judged."""
    return None if survey is None else _planned(lambda: survey, mode)


async def plan_of(
    connection: Connection, transcription: Transcription, mode: ChannelMode
) -> ChannelPlan | None:
    """Return the plan of a stored recording in a mode.

    A plan already made in this mode is kept, so that results are found again.
    """
    made = transcription.channel_plan
    if made is not None and made.requested is mode:
        return made
    stored = await Surveys(connection).find(transcription.id)
    # During an upgrade, it may have been stored by a later version in another form.
    return None if stored is None else _planned(lambda: Survey.from_json(stored), mode)


def _planned(read: Callable[[], Survey], mode: ChannelMode) -> ChannelPlan | None:
    try:
        survey = read()
        planned = channel_plan.plan(survey.tracks, survey.evidence, mode)
        check_storable(asdict(planned))
        return planned
    except Exception:
        _log.exception("channels of a recording not planned", mode=mode)
        return None
