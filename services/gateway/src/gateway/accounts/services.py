"""The gRPC services of accounts."""

from collections.abc import Mapping
from functools import partial

from common.grpc_server import AddToServer
from common.rate_limits import RateLimits
from gateway.accounts.access_token_servicer import AccessTokenServicer
from gateway.accounts.account_servicer import AccountServicer
from gateway.accounts.composition import Accounts
from gateway.accounts.workspace_servicer import WorkspaceServicer
from gateway.accounts.workspace_settings import WorkspaceSettings
from gateway.sessions.registry import SessionRegistry
from securetranscribe.v1 import identity_pb2_grpc


def services(
    accounts: Accounts,
    registry: SessionRegistry,
    limits: RateLimits,
    providers: Mapping[str, str],
    settings: WorkspaceSettings,
) -> Mapping[str, AddToServer]:
    """Return how each service is added to a server, by its full name."""
    return {
        "securetranscribe.v1.AccountService": partial(
            identity_pb2_grpc.add_AccountServiceServicer_to_server,
            AccountServicer(accounts, registry, limits, providers),
        ),
        "securetranscribe.v1.WorkspaceService": partial(
            identity_pb2_grpc.add_WorkspaceServiceServicer_to_server,
            WorkspaceServicer(accounts, settings),
        ),
        "securetranscribe.v1.AccessTokenService": partial(
            identity_pb2_grpc.add_AccessTokenServiceServicer_to_server,
            AccessTokenServicer(accounts),
        ),
    }
