"""Checks of the figures for administrators."""

from collections.abc import Iterator, Mapping
from typing import Any

from securetranscribe.cli.findings import Finding

_RECOGNIZING = ("transcribe", "diarize")
_GIB = 2**30


def system(system: Mapping[str, Any]) -> Iterator[Finding]:
    """Check services, their versions, workers and waiting messages."""
    for service in system["services"]:
        is_well = service["state"] == "serving"
        yield Finding(
            check=f"service {service['name']}",
            state="ok" if is_well else "problem",
            text=f"{service['state']}, version {service['version'] or 'unknown'}",
            advice="" if is_well else "Look at its logs. It starts, stops, or waits for a server.",
        )
    if len({service["version"] for service in system["services"] if service["version"]}) > 1:
        yield Finding(
            check="versions",
            state="warning",
            text="The services have different versions.",
            advice="Finish the upgrade of all of them.",
        )
    for load in system["stages"]:
        workers = [one for one in system["workers"] if one["stage"] == load["stage"]]
        devices = ", ".join(sorted({one["device"] for one in workers})) or "none"
        needs = load["stage"] in _RECOGNIZING
        yield Finding(
            check=f"workers {load['stage']}",
            state="ok" if load["workers"] or not needs else "problem",
            text=f"{load['workers']} with their models loaded, on: {devices}"
            if needs
            else f"{load['running']} at work",
            advice=""
            if load["workers"] or not needs
            else "Start one, and check its models: securetranscribe models verify",
        )
    if count := system["unpublished_messages"]:
        yield Finding(
            check="messages",
            state="warning",
            text=f"{count} messages wait for NATS.",
            advice="If the number does not fall, look at NATS.",
        )


def storage(storage: Mapping[str, Any]) -> Iterator[Finding]:
    """Check the disk."""
    disk = storage["disk"]
    if disk is None:
        yield Finding(
            check="disk",
            state="skipped",
            text="The object store is on another machine.",
            advice="Watch its free space there.",
        )
    else:
        full = disk["free_bytes"] <= disk["reserve_bytes"]
        yield Finding(
            check="disk",
            state="problem" if full else "ok",
            text="{free_bytes:.1f} of {total_bytes:.1f} GiB are free, {reserve_bytes:.1f} GiB are "
            "reserved.".format(**{name: value / _GIB for name, value in disk.items()}),
            advice="Uploads are refused. Delete recordings, or enlarge the disk." if full else "",
        )
    recordings = storage["recordings"]
    yield Finding(
        check="storage",
        state="ok",
        text=f"{recordings['count']} recordings, {recordings['bytes'] / _GIB:.1f} GiB.",
    )


def set_aside(found: Mapping[str, Any]) -> Iterator[Finding]:
    """Report set-aside items."""
    for item in found["items"]:
        yield Finding(
            check=f"set aside {item['service']}",
            state="warning",
            text=f"{item['step']} {item['item']}: {item['reason']}",
            advice="Remove the cause, then retry it on the page of the system.",
        )
