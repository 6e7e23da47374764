"""The service of `grpc_service` as a process. Prints its port."""

import asyncio

from tests.integration.common.grpc_service import serving


async def main() -> None:
    """Serve until killed."""
    async with serving() as connection:
        print(connection.server.port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
