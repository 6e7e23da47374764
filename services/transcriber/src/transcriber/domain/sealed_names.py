"""Names of objects that were encrypted after they had been stored."""

_MARK = "sealed/"


def sealed_name(key: str) -> str:
    """Return the name of the encrypted copy of a plain object.

    >>> sealed_name("7/source")
    '7/sealed/source'
    """
    transcription, _, rest = key.partition("/")
    return key if rest.startswith(_MARK) else f"{transcription}/{_MARK}{rest}"


def is_sealed(key: str) -> bool:
    """Return whether a name is that of an encrypted copy."""
    return key.partition("/")[2].startswith(_MARK)


def both_names(key: str) -> tuple[str, str]:
    """Return the names of a plain object and of its encrypted copy, given either."""
    transcription, _, rest = key.partition("/")
    rest = rest.removeprefix(_MARK)
    return f"{transcription}/{rest}", f"{transcription}/{_MARK}{rest}"
