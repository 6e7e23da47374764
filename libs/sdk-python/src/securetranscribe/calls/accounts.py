"""Sign-in, users, workspaces and access tokens, where people sign in."""

from collections.abc import Sequence
from typing import Any

from securetranscribe import results
from securetranscribe.methods import flow, nothing, operation, record, records
from securetranscribe.steps import Data, Flow, Parts, present

_MEMBER = "/workspaces/{workspace_id}/members/{user_id}"


class AccountCalls:
    """Calls about accounts."""

    session_token: str | None

    @operation("GET", "/auth/providers", record(results.ProvidersData))
    def get_sign_in_options(self) -> Parts:
        """Return how people sign in: `mode`, `passwords` and `providers`. Needs no session."""
        return Parts()

    @flow(record(results.SignedInData))
    def sign_in(self, name: str, password: str, *, claim: bool = True) -> Flow[Data]:
        """Sign in, and use the session from now on.

        With `claim`, the work of the session of the open mode that was used so far is taken over.
        """
        body = {"name": name, "password": password, "claim": claim}
        return (yield from _welcomed(self, AccountCalls.request_sign_in.flow(self, body)))

    @operation("POST", "/auth/sign-in", record(results.SignedInData))
    def request_sign_in(self, body: Data) -> Parts:
        """Sign in with the fields of the API, without using the session."""
        return Parts(json=body)

    @flow(record(results.SignedInData))
    def set_up(self, /, setup_token: str, name: str, password: str, **fields: Any) -> Flow[Data]:
        """Create the first administrator, and use the session from now on.

        `fields` are `display_name` and `email`.
        """
        body = {"setup_token": setup_token, "name": name, "password": password, **fields}
        return (yield from _welcomed(self, AccountCalls.request_setup.flow(self, body)))

    @operation("POST", "/auth/setup", record(results.SignedInData))
    def request_setup(self, body: Data) -> Parts:
        """Create the first administrator with the fields of the API."""
        return Parts(json=body)

    @flow(record(results.SignedInData))
    def reset_password(self, reset_token: str, new_password: str) -> Flow[Data]:
        """Set a password with the token of a link, and use the session from now on."""
        body = {"reset_token": reset_token, "new_password": new_password}
        return (yield from _welcomed(self, AccountCalls.request_reset.flow(self, body)))

    @operation("POST", "/auth/reset", record(results.SignedInData))
    def request_reset(self, body: Data) -> Parts:
        """Set a password with the fields of the API."""
        return Parts(json=body)

    @operation("POST", "/auth/sign-out", record(results.SignedOutData))
    def sign_out(self) -> Parts:
        """End the session."""
        return Parts()

    @operation("GET", "/auth/me", record(results.AccountData))
    def get_account(self) -> Parts:
        """Return the own `user`, `workspaces` and `scopes`."""
        return Parts()

    @operation("PUT", "/auth/me", record(results.UserData))
    def update_account(self, /, **changes: Any) -> Parts:
        """Change the own `display_name`."""
        return Parts(json=changes)

    @operation("POST", "/auth/password", record(results.PasswordChangedData))
    def change_password(self, current_password: str, new_password: str) -> Parts:
        """Change the own password. Other sign-ins end."""
        return Parts(json={"current_password": current_password, "new_password": new_password})

    @operation("GET", "/auth/sessions", records(results.SignInData, key="sign_ins"))
    def list_sign_ins(self) -> Parts:
        """Return the own sign-ins."""
        return Parts()

    @operation("DELETE", "/auth/sessions", record(results.EndedSignInsData))
    def end_other_sign_ins(self) -> Parts:
        """End all sign-ins but this one."""
        return Parts()

    @operation("DELETE", "/auth/sessions/{session_id}", record(results.EndedSignInsData))
    def end_sign_in(self, session_id: str) -> Parts:
        """End a sign-in."""
        return Parts()

    @operation("GET", "/users", record(results.UserList))
    def list_users(self, *, page: int = 1, per_page: int = 100) -> Parts:
        """Return one page of `users`."""
        return Parts(query={"page": page, "per_page": per_page})

    @operation("POST", "/users", record(results.CreatedUserData))
    def create_user(self, /, name: str, **fields: Any) -> Parts:
        """Create a user. Return it with a `link` to set the first password.

        `fields` are `display_name`, `email` and `administrator`.
        """
        return Parts(json={"name": name, **fields})

    @operation("PUT", "/users/{user_id}", record(results.UserData))
    def update_user(self, /, user_id: str, **changes: Any) -> Parts:
        """Change `display_name`, `email`, `administrator` or `disabled` of a user."""
        return Parts(json=changes)

    @operation("DELETE", "/users/{user_id}", record(results.DeletedUserData))
    def delete_user(self, user_id: str) -> Parts:
        """Delete a user, and erase the workspaces without another member."""
        return Parts()

    @operation("POST", "/users/{user_id}/reset-link", record(results.AccountLinkData))
    def create_reset_link(self, user_id: str) -> Parts:
        """Return a link to set a new password."""
        return Parts()

    @operation("GET", "/workspaces", records(results.WorkspaceData, key="workspaces"))
    def list_workspaces(self) -> Parts:
        """Return the own workspaces."""
        return Parts()

    @operation("POST", "/workspaces", record(results.WorkspaceData))
    def create_workspace(self, name: str) -> Parts:
        """Create a workspace."""
        return Parts(json={"name": name})

    @operation("PUT", "/workspaces/{workspace_id}", record(results.WorkspaceData))
    def update_workspace(self, workspace_id: str, name: str) -> Parts:
        """Rename a workspace."""
        return Parts(json={"name": name})

    @operation("DELETE", "/workspaces/{workspace_id}", record(results.DeletedWorkspaceData))
    def delete_workspace(self, workspace_id: str) -> Parts:
        """Delete a workspace. Everything in it is erased within minutes."""
        return Parts()

    @operation("GET", "/workspaces/{workspace_id}/settings", record(results.WorkspaceSettingsData))
    def get_workspace_settings(self, workspace_id: str) -> Parts:
        """Return retention, quotas and further settings of a workspace."""
        return Parts()

    @operation("PUT", "/workspaces/{workspace_id}/settings", record(results.WorkspaceSettingsData))
    def update_workspace_settings(self, /, workspace_id: str, **settings: Any) -> Parts:
        """Change settings of a workspace, for administrators. None restores the default."""
        return Parts(json=settings)

    @operation("POST", "/workspaces/{workspace_id}/switch", record(results.WorkspaceData))
    def switch_workspace(self, workspace_id: str) -> Parts:
        """Make a workspace the active one of the session."""
        return Parts()

    @operation(
        "GET", "/workspaces/{workspace_id}/members", records(results.MemberData, key="members")
    )
    def list_members(self, workspace_id: str) -> Parts:
        """Return the members of a workspace."""
        return Parts()

    @operation("PUT", _MEMBER, record(results.MemberData))
    def set_member(self, workspace_id: str, user_id: str, role: str) -> Parts:
        """Add a member, or change the role. `user_id` may be a name or an e-mail address."""
        return Parts(json={"role": role})

    @operation("DELETE", _MEMBER, record(results.RemovedMemberData))
    def remove_member(self, workspace_id: str, user_id: str) -> Parts:
        """Remove a member."""
        return Parts()

    @operation("GET", "/tokens", records(results.TokenData, key="access_tokens"))
    def list_access_tokens(self) -> Parts:
        """Return the own access tokens, and for managers all of the workspace."""
        return Parts()

    @operation("POST", "/tokens", record(results.CreatedTokenData))
    def create_access_token(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        workspace_id: str | None = None,
        expires_in_days: int | None = None,
    ) -> Parts:
        """Create an access token. Return `access_token` and its `secret`, shown only here.

        `scopes` are `read`, `export`, `write` and `admin`.
        """
        body = present(
            name=name,
            scopes=list(scopes),
            workspace_id=workspace_id,
            expires_in_days=expires_in_days,
        )
        return Parts(json=body)

    @operation("DELETE", "/tokens/{token_id}", nothing())
    def revoke_access_token(self, token_id: str) -> Parts:
        """Revoke an access token."""
        return Parts()


def _welcomed(client: AccountCalls, signing_in: Flow[Data]) -> Flow[Data]:
    """Use the session of a sign-in."""
    signed_in = yield from signing_in
    client.session_token = str(signed_in["session_token"])
    return signed_in
