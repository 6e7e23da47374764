"""Settings whose values stand in files: `NAME_FILE` names the file that holds NAME."""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsError

SUFFIX = "_FILE"


class FileVariables(PydanticBaseSettingsSource):
    """Reads the files that `NAME_FILE` variables name; blanks around the value are dropped.

    Calling it raises SettingsError, naming the variable, when a file cannot be read or a value is
    given twice. Nothing of a file's content is ever part of the message.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)

    def __call__(self) -> dict[str, Any]:
        """Values by field name, of those fields that have a file."""
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                found[name] = value
        return found

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - by contract
        """The value of one field, None where no file is named."""
        variable = field_name.upper()
        path = os.environ.get(variable + SUFFIX, "")
        if not path:
            return None, field_name, False
        if os.environ.get(variable):
            raise SettingsError(f"{variable}: is set twice, also by {variable}{SUFFIX}")
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise SettingsError(f"{variable}{SUFFIX}: cannot read {path}: {reason}") from None
        return text or None, field_name, False
