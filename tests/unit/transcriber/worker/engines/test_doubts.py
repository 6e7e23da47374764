from transcriber.worker.engines.doubts import Doubt, warnings


def doubt(start: float, end: float, *languages: str) -> Doubt:
    one, other = languages
    return Doubt(start=start, end=end, languages=(one, other))


def test_a_doubt_names_time_and_languages() -> None:
    assert warnings([doubt(29.9, 61.2, "de", "nl")]) == (
        "The language between 0:29 and 1:01 is uncertain: German or Dutch.",
    )


def test_times_beyond_an_hour_have_hours() -> None:
    (sentence,) = warnings([doubt(3605, 3665, "es", "pt")])
    assert "between 1:00:05 and 1:01:05" in sentence


def test_doubts_next_to_each_other_are_one() -> None:
    found = warnings([doubt(70, 80, "nl", "de"), doubt(10, 20, "de", "nl")])
    assert found == ("The language between 0:10 and 1:20 is uncertain: German or Dutch.",)


def test_other_languages_are_another_doubt() -> None:
    assert len(warnings([doubt(0, 9, "de", "nl"), doubt(10, 20, "de", "en")])) == 2


def test_many_doubts_are_counted() -> None:
    found = warnings([doubt(100 * n, 100 * n + 9, "de", "nl") for n in range(7)])
    assert len(found) == 6
    assert found[-1] == "The language is uncertain in 2 more places."


def test_no_doubt_is_no_warning() -> None:
    assert warnings([]) == ()
