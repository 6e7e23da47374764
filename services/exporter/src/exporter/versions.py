"""Versions of a transcript that an export asks for."""

from common.errors import ValidationError
from exporter.formats.catalog import FORMATS
from exporter.formats.format import Format
from exporter.transcripts import Version
from securetranscribe.v1 import export_pb2


def requested(request: export_pb2.ExportTranscriptionRequest, target: Format) -> Version:
    """Return the version to export.

    Raises:
        ValidationError: fields contradict each other, or the format has no tracked changes.
    """
    tracked = request.changes == export_pb2.EXPORT_CHANGES_TRACKED
    machine = request.version == export_pb2.EXPORT_VERSION_MACHINE
    if request.revision < 0:
        raise ValidationError.of("revision", "revision must not be negative.")
    if request.since_revision < 0:
        raise ValidationError.of("since_revision", "since_revision must not be negative.")
    if machine and request.revision:
        raise ValidationError.of("version", "Request a revision or the machine version, not both.")
    if request.version not in export_pb2.ExportVersion.values():
        raise ValidationError.of("version", "There is no such version. Supported: machine.")
    if request.changes not in export_pb2.ExportChanges.values():
        raise ValidationError.of("changes", "Changes can be shown as: tracked.")
    if tracked and not target.tracks_changes:
        formats = ", ".join(name for name, one in FORMATS.items() if one.tracks_changes)
        raise ValidationError.of(
            "changes", f"This format has no tracked changes. Use one of: {formats}."
        )
    if tracked and machine:
        raise ValidationError.of("changes", "The machine version has no changes.")
    if request.since_revision and not tracked:
        raise ValidationError.of("since_revision", "since_revision is for tracked changes.")
    return Version(revision=request.revision, machine=machine)


def since(request: export_pb2.ExportTranscriptionRequest) -> Version:
    """Return the version since which changes are tracked."""
    return Version(revision=request.since_revision, machine=not request.since_revision)


def of_summary(request: export_pb2.SummarizeTranscriptionRequest) -> Version:
    """Return the version to summarize. Raise ValidationError for a negative revision."""
    if request.revision < 0:
        raise ValidationError.of("revision", "revision must not be negative.")
    return Version(revision=request.revision)
