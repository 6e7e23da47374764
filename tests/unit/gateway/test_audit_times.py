"""Times in requests for the audit log."""

import pytest

from common.errors import ValidationError
from gateway.audit.servicer import _selection
from securetranscribe.v1 import audit_pb2


@pytest.mark.parametrize("seconds", [2**63 - 1, -(2**63), 253402300800])
@pytest.mark.parametrize("field", ["start_time", "end_time"])
def test_time_of_no_year_is_refused(field: str, seconds: int) -> None:
    asked = audit_pb2.AuditFilter()
    getattr(asked, field).seconds = seconds
    with pytest.raises(ValidationError, match=field):
        _selection(asked)


def test_times_may_be_left_out() -> None:
    found = _selection(audit_pb2.AuditFilter())
    assert (found.start, found.end) == (None, None)
