"""Options of one worker."""

from dataclasses import dataclass, field

from common.bus import Delivery
from common.errors import ApplicationError


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """Identity of a worker, its stage, and the models that tasks can request of it."""

    worker_id: str
    stage: str
    device: str
    failure: type[ApplicationError]
    delivery: Delivery = field(default_factory=Delivery)
    shutdown_grace_seconds: float = 20
    models: tuple[str, ...] = ()
