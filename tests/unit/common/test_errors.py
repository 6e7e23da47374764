from common import errors
from common.errors import (
    ApplicationError,
    ConflictError,
    FileTooLargeError,
    FileUploadError,
    NotFoundError,
    StateError,
    ValidationError,
    tree,
)


def test_error_has_message_and_details() -> None:
    error = ConflictError("There is one already.", {"name": "Ann"})

    assert str(error) == "There is one already."
    assert error.message == "There is one already."
    assert error.details == {"name": "Ann"}


def test_details_are_a_copy() -> None:
    given = {"field": "language"}
    error = ValidationError("Wrong.", given)

    given["field"] = "other"

    assert error.details == {"field": "language"}


def test_details_are_empty_by_default() -> None:
    assert NotFoundError("Gone.").details == {}


def test_validation_error_names_its_field() -> None:
    error = ValidationError.of("language", "Unknown language.")

    assert error.details == {"field": "language"}
    assert error.code == "VALIDATION_ERROR"


def test_tree_lists_every_class_once_parents_first() -> None:
    found = tree()
    declared = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, ApplicationError)
    }

    assert declared <= set(found)
    assert len(found) == len(set(found))
    for place, cls in enumerate(found[1:], start=1):
        assert found.index(cls.__bases__[0]) < place


def test_subclasses_share_the_documented_code() -> None:
    assert FileTooLargeError.code == FileUploadError.code == "FILE_UPLOAD_ERROR"
    assert StateError.code == ConflictError.code == "CONFLICT"
    assert ApplicationError.code == "INTERNAL_ERROR"
