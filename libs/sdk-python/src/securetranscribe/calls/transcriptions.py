"""Processing of transcriptions, and their documents and sound."""

from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

import httpx2

from securetranscribe import results, waiting
from securetranscribe.methods import content, flow, nothing, operation, plain, record, records
from securetranscribe.steps import Data, Flow, Parts, present


def _peaks(response: httpx2.Response) -> Data:
    data: Data = response.json()["data"]
    return data


class TranscriptionCalls:
    """Calls about transcriptions as a whole."""

    @operation("POST", "/transcription/start/{transcription_id}", record(results.StartData))
    def start_transcription(
        self,
        /,
        transcription_id: int,
        *,
        language: str | None = None,
        channels: str | None = None,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        **options: Any,
    ) -> Parts:
        """Queue a transcription. Return its `job_id`.

        A complete transcription is processed again if `channels` (`auto`, `mix` or `separate`)
        changes how its channels are recognized. Its recording must still be kept for that.
        Numbers of speakers replace those of the upload. A `num_speakers` of 0 finds it out.
        `options` are `diarize`, `phrases`, `model` and `priority`, as in an upload.
        """
        body = present(
            language=language or None,
            channels=channels or None,
            num_speakers=num_speakers,
            min_speakers=min_speakers,
            max_speakers=max_speakers,
            **options,
        )
        return Parts(json=body)

    @operation("GET", "/transcription/status/{transcription_id}", record(results.StatusData))
    def get_status(
        self, transcription_id: int, *, transcript: bool = True, words: bool = False
    ) -> Parts:
        """Return the state of a transcription. Once completed, it includes the transcript.

        Without `transcript`, reading the state of a long recording is faster. With `words`,
        segments have their words with times.
        """
        flags = {"transcript": None if transcript else "false", "words": "true" if words else None}
        return Parts(query=present(**flags))

    @flow(record(results.StatusData))
    def wait(
        self,
        transcription_id: int,
        *,
        on_progress: Callable[[float, str], None] | None = None,
        on_status: Callable[[Data], None] | None = None,
        poll_seconds: float = 2,
        timeout_seconds: float | None = None,
    ) -> Flow[Data]:
        """Wait until a transcription has completed or failed. Return its final state.

        Events of the WebSocket report progress. The state is read every `poll_seconds`, less often
        while events arrive. `on_progress` receives the percentage and the current step whenever
        they change, `on_status` each state that is read, without the transcript.

        Raises:
            WaitTimeoutError: The transcription did not finish within `timeout_seconds`.
            JobCancelledError: Its job was cancelled.
        """
        return waiting.wait(
            transcription_id,
            lambda transcript: TranscriptionCalls.get_status.flow(
                self, transcription_id, transcript=transcript
            ),
            watcher=waiting.Watcher(on_progress=on_progress, on_status=on_status),
            poll_seconds=poll_seconds,
            timeout_seconds=timeout_seconds,
        )

    @operation(
        "POST", "/transcription/speakers/assign/{transcription_id}", record(results.AssignData)
    )
    def assign_speakers(self, transcription_id: int, names: Mapping[str, str]) -> Parts:
        """Name speakers. `names` maps a label or current name to the new name."""
        return Parts(json=dict(names))

    @operation(
        "GET", "/transcription/speakers/{transcription_id}", records(results.TranscriptVoice)
    )
    def list_voices(self, transcription_id: int) -> Parts:
        """Return the voices of a transcription with their names and `name_source`."""
        return Parts()

    @operation("GET", "/transcription/speakers/{transcription_id}/{speaker_label}/clip", content())
    def get_voice_clip(self, transcription_id: int, speaker_label: str) -> Parts:
        """Return a few clean seconds of a voice of a transcription as a FLAC file."""
        return Parts()

    @operation("POST", "/transcription/export/{transcription_id}", content())
    def export_transcription(
        self,
        transcription_id: int,
        format: str = "pdf",  # noqa: A002 - the documented name
        include_options: Sequence[str] = (),
        *,
        revision: int | None = None,
        version: str | None = None,
        changes: str | None = None,
        since: int | None = None,
        turns: str | None = None,
        template: str | None = None,
    ) -> Parts:
        """Return a completed transcript as a document.

        `revision` is the newest by default. `version` is `machine` for the transcript as the
        recognizer made it. `changes` is `tracked` to mark the changes since the revision `since`,
        by default the machine version, in `docx` and `md`. `turns` is `diarizer` for the turns that
        diarization found, in `rttm`. `template` is a Jinja template of the layout, in `txt` and
        `md`.
        """
        query = present(
            export_format=format,
            revision=revision,
            version=version,
            changes=changes,
            since=since,
            turns=turns,
        )
        if include_options:
            query["include_options"] = list(include_options)
        return Parts(query=query, json=present(template=template) or None)

    @operation("GET", "/transcription/export/{transcription_id}", nothing())
    def download_export(
        self,
        /,
        transcription_id: int,
        file: IO[bytes],
        format: str = "pdf",  # noqa: A002 - as above
        **options: Any,
    ) -> Parts:
        """Write a document to an open file. The options are those of `export_transcription`."""
        return Parts(query=present(export_format=format, **options), sink=file)

    @operation("GET", "/transcription/{transcription_id}/summary", record(results.SummaryData))
    def get_summary(self, transcription_id: int, *, revision: int | None = None) -> Parts:
        """Return a summary and the action items, each with the segments that it cites."""
        return Parts(query=present(revision=revision))

    @operation("GET", "/transcription/{transcription_id}/playback", nothing())
    def download_playback(self, transcription_id: int, file: IO[bytes]) -> Parts:
        """Write the playback copy of a recording to an open file."""
        return Parts(sink=file)

    @operation("GET", "/transcription/{transcription_id}/peaks", plain(_peaks))
    def get_peaks(
        self,
        transcription_id: int,
        *,
        zoom: int = 20,
        start: float | None = None,
        end: float | None = None,
    ) -> Parts:
        """Return the waveform with 200, 20 or 2 peaks per second, between two seconds."""
        return Parts(query=present(zoom=zoom, **{"from": start, "to": end}))

    @operation("DELETE", "/transcription/{transcription_id}", record(results.DeletedTranscription))
    def delete_transcription(self, transcription_id: int) -> Parts:
        """Delete a transcription, its audio and its transcript."""
        return Parts()
