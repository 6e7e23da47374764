import type { CallRow } from "./operation-types.js";

/** Calls about owners of recordings: the session, accounts, webhooks, operation. */
export const OWNERS = {
  /**
   * Change the priority of a waiting job, from 1 (last) to 10 (first). Return
   * the job.
   */
  updateJob: ["PUT", "/api/queue/jobs/{job_id}", "body"],
  /**
   * Return how people sign in: `mode`, `passwords` and `providers`. Needs no
   * session.
   */
  getSignInOptions: ["GET", "/api/auth/providers", "nothing"],
  /** End the session. */
  signOut: ["POST", "/api/auth/sign-out", "nothing"],
  /** Return the own `user`, `workspaces` and `scopes`. */
  getAccount: ["GET", "/api/auth/me", "nothing"],
  /** Change the own `displayName`. */
  updateAccount: ["PUT", "/api/auth/me", "body"],
  /** Change the own password. Other sign-ins end. */
  changePassword: ["POST", "/api/auth/password", "body"],
  /** Return the own sign-ins. */
  listSignIns: ["GET", "/api/auth/sessions", "nothing"],
  /** End all sign-ins but this one. */
  endOtherSignIns: ["DELETE", "/api/auth/sessions", "nothing"],
  /** End a sign-in. */
  endSignIn: ["DELETE", "/api/auth/sessions/{session_id}", "nothing"],
  /** Create a user. Return it with a `link` to set the first password. */
  createUser: ["POST", "/api/users", "body"],
  /** Change `displayName`, `email`, `administrator` or `disabled` of a user. */
  updateUser: ["PUT", "/api/users/{user_id}", "body"],
  /** Delete a user, and erase the workspaces without another member. */
  deleteUser: ["DELETE", "/api/users/{user_id}", "nothing"],
  /** Return a link to set a new password. */
  createResetLink: ["POST", "/api/users/{user_id}/reset-link", "nothing"],
  /** Return the own workspaces. */
  listWorkspaces: ["GET", "/api/workspaces", "nothing"],
  /** Create a workspace. */
  createWorkspace: ["POST", "/api/workspaces", "body"],
  /** Rename a workspace. */
  updateWorkspace: ["PUT", "/api/workspaces/{workspace_id}", "body"],
  /** Delete a workspace. Everything in it is erased within minutes. */
  deleteWorkspace: ["DELETE", "/api/workspaces/{workspace_id}", "nothing"],
  /** Return retention, quotas and further settings of a workspace. */
  getWorkspaceSettings: [
    "GET",
    "/api/workspaces/{workspace_id}/settings",
    "nothing",
  ],
  /**
   * Change settings of a workspace, for administrators. Null restores the
   * default.
   */
  updateWorkspaceSettings: [
    "PUT",
    "/api/workspaces/{workspace_id}/settings",
    "body",
  ],
  /** Make a workspace the active one of the session. */
  switchWorkspace: ["POST", "/api/workspaces/{workspace_id}/switch", "nothing"],
  /** Return the members of a workspace. */
  listMembers: ["GET", "/api/workspaces/{workspace_id}/members", "nothing"],
  /**
   * Add a member, or change the role. `userId` may be a name or an e-mail
   * address.
   */
  setMember: [
    "PUT",
    "/api/workspaces/{workspace_id}/members/{user_id}",
    "body",
  ],
  /** Remove a member. */
  removeMember: [
    "DELETE",
    "/api/workspaces/{workspace_id}/members/{user_id}",
    "nothing",
  ],
  /** Return the own access tokens, and for managers all of the workspace. */
  listAccessTokens: ["GET", "/api/tokens", "nothing"],
  /**
   * Create an access token. Return `accessToken` and its `secret`, shown only
   * here.
   */
  createAccessToken: ["POST", "/api/tokens", "body"],
  /** Revoke an access token. */
  revokeAccessToken: ["DELETE", "/api/tokens/{token_id}", "nothing"],
  /** Return the webhooks of the workspace. */
  listWebhooks: ["GET", "/api/webhooks", "nothing"],
  /**
   * Create a webhook for types of events. Return it with its `secret`, shown
   * only here.
   */
  createWebhook: ["POST", "/api/webhooks", "body"],
  /** Return a webhook. */
  getWebhook: ["GET", "/api/webhooks/{webhook_id}", "nothing"],
  /** Change a webhook. Absent fields stay as they are. */
  updateWebhook: ["PUT", "/api/webhooks/{webhook_id}", "body"],
  /** Delete a webhook. */
  deleteWebhook: ["DELETE", "/api/webhooks/{webhook_id}", "nothing"],
  /**
   * Give a webhook another secret. The former one is valid for `overlapHours`
   * more.
   */
  rotateWebhookSecret: ["POST", "/api/webhooks/{webhook_id}/rotate", "body"],
  /** Send a test event. */
  testWebhook: ["POST", "/api/webhooks/{webhook_id}/test", "nothing"],
  /** Send an event again. */
  redeliver: [
    "POST",
    "/api/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    "nothing",
  ],
  /** Return services, workers, stages, the queue and the throughput. */
  getSystem: ["GET", "/api/admin/system", "nothing"],
  /** Return figures of the storage and the disk. */
  getStorage: ["GET", "/api/admin/storage", "nothing"],
  /** Return items at which a background step kept failing. */
  listSetAside: ["GET", "/api/admin/set-aside", "nothing"],
  /** Try set-aside items again. */
  retrySetAside: ["POST", "/api/admin/set-aside/retry", "body"],
  /** Return the `version` of the gateway, if it is alive. */
  getHealth: ["GET", "/health", "nothing"],
  /** Return the `checks` of the gateway, if it is ready for requests. */
  getReadiness: ["GET", "/health/ready", "nothing"],
  /** Return the state of the gateway's database. */
  getDatabaseHealth: ["GET", "/health/db", "nothing"],
} as const satisfies Record<string, CallRow>;
