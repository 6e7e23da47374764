"""Commands about jobs of the queue."""

import argparse
from typing import Any

from securetranscribe.cli import arguments, output
from securetranscribe.cli.credentials import connect

_MOST = 50


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    jobs = arguments.add_command(commands, "jobs", _list, help="list, cancel and reorder jobs")
    _add_list_options(jobs)
    actions = jobs.add_subparsers(dest="action", metavar="ACTION")
    listed = arguments.add_command(
        actions, "list", _list, help="list jobs, the newest first (default)"
    )
    _add_list_options(listed)
    cancel = arguments.add_command(
        actions, "cancel", _cancel, help="cancel waiting or running jobs"
    )
    cancel.add_argument("ids", nargs="+", metavar="JOB", help="ids of the jobs")
    priority = arguments.add_command(
        actions, "priority", _priority, help="change the priority of a waiting job"
    )
    priority.add_argument("id", metavar="JOB", help="id of the job")
    priority.add_argument(
        "priority",
        type=int,
        metavar="N",
        help="from 1 (last) to 5 (first). Administrators may set up to 10",
    )


def _add_list_options(parser: argparse.ArgumentParser) -> None:
    words = ("queued", "processing", "completed", "failed", "cancelled")
    parser.add_argument("--status", choices=words, help="only jobs in this state")
    parser.add_argument(
        "--limit", type=int, default=_MOST, metavar="N", help=f"most jobs (default: {_MOST})"
    )


def _list(options: argparse.Namespace) -> int:
    with connect(options) as client:
        jobs = client.list_jobs(limit=options.limit, status_filter=options.status)["jobs"]
    output.show(options, jobs, map(_line, jobs))
    return 0


def _line(job: dict[str, Any]) -> str:
    place = f"place {job['queue_position']}" if job["queue_position"] else job["current_step"]
    return (
        f"{job['job_id']}  {job['transcription_id']:>8}  {job['status']:<10}  "
        f"{job['progress_percentage']:3.0f} %  priority {job['priority']}  {place}"
    )


def _cancel(options: argparse.Namespace) -> int:
    with connect(options) as client:
        done = [client.cancel_job(job_id) for job_id in options.ids]
    output.show(options, done, (f"cancelled {one['job_id']}" for one in done))
    return 0


def _priority(options: argparse.Namespace) -> int:
    with connect(options) as client:
        job = client.update_job(options.id, priority=options.priority)
    output.show(options, job, [_line(job)])
    return 0
