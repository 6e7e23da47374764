"""Rate limits that tests do not reach. They send more requests than users."""

from collections.abc import Mapping

from common.rate_limits import Group

#: Variables of services.
UNLIMITED: Mapping[str, str] = {f"RATE_LIMIT_{group.name}": "100000/minute" for group in Group}
#: The same as fields of settings.
UNLIMITED_FIELDS: Mapping[str, str] = {name.lower(): rate for name, rate in UNLIMITED.items()}
