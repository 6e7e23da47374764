"""Options of processing in JSON bodies, the same for everything that starts a job."""

from typing import Annotated

from pydantic import Field

from gateway.api.parameters import JsonBody, Text
from gateway.processing_options import (
    DIARIZE,
    LONGEST_MODEL,
    LONGEST_PHRASE,
    MODEL,
    MOST_PHRASES,
    MOST_PRIORITY,
    PHRASES,
    PRIORITY,
    requested_model,
)
from gateway.speaker_numbers import EXACT, GREATEST, LEAST, SpeakerNumber, SpeakerNumbers
from securetranscribe.v1 import transcription_pb2

_Phrase = Annotated[Text, Field(max_length=LONGEST_PHRASE)]


class OptionsBody(JsonBody):
    """Options that a request may name. Null leaves an option as it was, or at its default."""

    num_speakers: SpeakerNumber | None = Field(
        None, description=f"{EXACT} Any of the three numbers replaces all of them."
    )
    min_speakers: SpeakerNumber | None = Field(None, description=LEAST)
    max_speakers: SpeakerNumber | None = Field(None, description=GREATEST)
    diarize: bool | None = Field(None, description=DIARIZE)
    phrases: Annotated[list[_Phrase], Field(max_length=MOST_PHRASES)] | None = Field(
        None, description=PHRASES
    )
    model: Annotated[Text, Field(max_length=LONGEST_MODEL)] | None = Field(None, description=MODEL)
    priority: int = Field(0, ge=0, le=MOST_PRIORITY, description=PRIORITY)

    def speaker_numbers(self) -> SpeakerNumbers:
        """Return the numbers of speakers.

        Raises:
            ValidationError: they contradict each other.
        """
        return SpeakerNumbers(
            exact=self.num_speakers, least=self.min_speakers, greatest=self.max_speakers
        )

    def phrase_list(self) -> transcription_pb2.PhraseList | None:
        """Return the phrases, None if the request does not name any."""
        if self.phrases is None:
            return None
        return transcription_pb2.PhraseList(phrases=self.phrases)

    def requested_model(self) -> str | None:
        """Return the name of the model for the transcriber, None if the request names none."""
        return None if self.model is None else requested_model(self.model)
