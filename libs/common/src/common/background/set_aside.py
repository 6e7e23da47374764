"""List and retry items set aside: `python -m SERVICE set-aside ...`."""

import argparse
from collections.abc import Awaitable, Callable

from common.background.attempts import ItemAttempts, SetAside
from common.postgres import Connection, Database

#: Returns what a service keeps besides, to be listed and not to be retried.
Listing = Callable[[Connection], Awaitable[list[SetAside]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list items that are set aside")
    listing.add_argument("--step", help="only items of this step")
    retrying = actions.add_parser("retry", help="retry items that are set aside")
    retrying.add_argument("step", nargs="?", help="only items of this step")
    retrying.add_argument("item", nargs="?", help="only this item")
    retrying.add_argument("--all", action="store_true", help="items of every step")
    discarding = actions.add_parser("discard", help="remove a message for good")
    discarding.add_argument("step")
    discarding.add_argument("item")


async def run(
    database: Database, arguments: argparse.Namespace, also: Listing | None = None
) -> int:
    """Run the command and return its exit status. `list` includes the items of `also`."""
    async with database.transaction() as connection:
        attempts = ItemAttempts(connection)
        if arguments.action == "list":
            others = await also(connection) if also else []
            named = [item for item in others if arguments.step in (None, item.step)]
            _show([*await attempts.aside(arguments.step), *named])
            return 0
        if arguments.action == "discard":
            if await attempts.discard(arguments.step, arguments.item):
                print("1 message removed")
                return 0
            print("There is no such message. Items that are rows of a table cannot be discarded.")
            return 1
        if arguments.step is None and not arguments.all:
            print("Name a step, or give --all to retry the items of every step.")
            return 2
        count = await attempts.retry(arguments.step, arguments.item)
    print(f"{count} {'item' if count == 1 else 'items'} will be retried within seconds")
    return 0 if count or arguments.item is None else 1


def _show(items: list[SetAside]) -> None:
    if not items:
        print("Nothing is set aside.")
        return
    print(f"{'STEP':<14}{'ITEM':<40}{'ATTEMPTS':>8}  {'SET ASIDE':<20}  REASON")
    for item in items:
        moment = f"{item.set_aside_at:%Y-%m-%d %H:%M:%S}"
        print(f"{item.step:<14}{item.item:<40}{item.attempts:>8}  {moment:<20}  {item.error}")
