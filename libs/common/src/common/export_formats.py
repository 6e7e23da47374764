"""Export formats and options by their names in the JSON API, derived from the contract.

A format added to `export.proto` appears here, and with it in the gateway's parameters and OpenAPI
document, without further changes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from securetranscribe.v1 import export_pb2


def _values(enum: Any, prefix: str) -> Mapping[str, Any]:
    return MappingProxyType(
        {
            name.removeprefix(prefix).lower(): value
            for name, value in enum.items()
            if name != f"{prefix}UNSPECIFIED"
        }
    )


#: Enum value of each format: `{"pdf": EXPORT_FORMAT_PDF, …}`.
FORMAT_VALUES: Mapping[str, export_pb2.ExportFormat.ValueType] = _values(
    export_pb2.ExportFormat, "EXPORT_FORMAT_"
)
#: Enum value of each option: `{"meeting_summary": EXPORT_OPTION_MEETING_SUMMARY, …}`.
OPTION_VALUES: Mapping[str, export_pb2.ExportOption.ValueType] = _values(
    export_pb2.ExportOption, "EXPORT_OPTION_"
)
#: Enum value of each version: `{"machine": EXPORT_VERSION_MACHINE}`.
VERSION_VALUES: Mapping[str, export_pb2.ExportVersion.ValueType] = _values(
    export_pb2.ExportVersion, "EXPORT_VERSION_"
)
#: Enum value of each way to show changes: `{"tracked": EXPORT_CHANGES_TRACKED}`.
CHANGES_VALUES: Mapping[str, export_pb2.ExportChanges.ValueType] = _values(
    export_pb2.ExportChanges, "EXPORT_CHANGES_"
)
#: Enum value of each origin of turns: `{"diarizer": EXPORT_TURNS_DIARIZER}`.
TURNS_VALUES: Mapping[str, export_pb2.ExportTurns.ValueType] = _values(
    export_pb2.ExportTurns, "EXPORT_TURNS_"
)
#: Media type of each format, parameters included.
CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        name: export_pb2.ExportFormat.DESCRIPTOR.values_by_number[value]
        .GetOptions()
        .Extensions[export_pb2.export_content_type]
        for name, value in FORMAT_VALUES.items()
    }
)
#: Extension of the files of each format, without the dot.
EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        name: export_pb2.ExportFormat.DESCRIPTOR.values_by_number[value]
        .GetOptions()
        .Extensions[export_pb2.export_extension]
        or name
        for name, value in FORMAT_VALUES.items()
    }
)
