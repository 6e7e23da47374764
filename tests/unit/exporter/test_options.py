from exporter.options import ExportOptions, Option


def test_every_option_has_a_field() -> None:
    for option in Option:
        chosen = ExportOptions.of([option, option])
        assert getattr(chosen, option.value)
        assert sum(getattr(chosen, other.value) for other in Option) == 1


def test_only_two_options_need_a_summary() -> None:
    assert ExportOptions(meeting_summary=True).needs_summary
    assert ExportOptions(action_items=True).needs_summary
    assert not ExportOptions(speaker_stats=True, words=True).needs_summary
