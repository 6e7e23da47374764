"""In-process wake-ups of background steps. Changes by other replicas are found by polling."""

from dataclasses import dataclass, field

from common.background.wakeups import WakeUp


@dataclass(frozen=True, kw_only=True)
class WakeUps:
    """One wake-up per background step with work from elsewhere."""

    outbox: WakeUp = field(default_factory=WakeUp)
    dispatch: WakeUp = field(default_factory=WakeUp)
    settle: WakeUp = field(default_factory=WakeUp)
    partial: WakeUp = field(default_factory=WakeUp)
    progress: WakeUp = field(default_factory=WakeUp)
    queue: WakeUp = field(default_factory=WakeUp)
    clips: WakeUp = field(default_factory=WakeUp)
    captures: WakeUp = field(default_factory=WakeUp)

    def jobs_changed(self) -> None:
        """Wake the steps that follow changes of jobs."""
        self.outbox.notify()
        self.dispatch.notify()
        self.settle.notify()
        self.partial.notify()
