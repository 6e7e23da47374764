import type { CallOptions, Init, Operation, Result } from "./contract.js";
import { Listing } from "./listing.js";
import type { Camelized } from "./names.js";
import type { components } from "./schema.js";
import { SpeakerCalls } from "./speakers.js";

type Schemas = components["schemas"];
/** A job of the queue. */
export type Job = Camelized<Schemas["JobList"]["jobs"][number]>;
type NewSession = Result<Operation<"POST", "/api/sessions/create">>;
type SignIn = Operation<"POST", "/api/auth/sign-in">;
type Setup = Operation<"POST", "/api/auth/setup">;
type Reset = Operation<"POST", "/api/auth/reset">;
type OpenLink = Operation<"POST", "/api/shared/open">;

/** Calls about the session and the queue. */
export class SessionCalls extends SpeakerCalls {
  /** Create a session, and use its token from now on. */
  async createSession(
    body: Init<Operation<"POST", "/api/sessions/create">>["body"] = {},
    options: CallOptions = {},
  ): Promise<NewSession> {
    const init = { body, ...options };
    return this.#use(await this.request("POST", "/api/sessions/create", init));
  }

  /** Take up a session that has ended by time. Its work belongs to a new one, which is used. */
  async resumeSession(
    options: CallOptions = {},
  ): Promise<Result<Operation<"POST", "/api/sessions/resume">>> {
    return this.#use(
      await this.request("POST", "/api/sessions/resume", options),
    );
  }

  /** Sign in, and use the session from now on. */
  async signIn(
    body: Init<SignIn>["body"],
    options: CallOptions = {},
  ): Promise<Result<SignIn>> {
    const init = { body, ...options };
    return this.#use(await this.request("POST", "/api/auth/sign-in", init));
  }

  /** Create the first administrator, and use the session from now on. */
  async setUp(
    body: Init<Setup>["body"],
    options: CallOptions = {},
  ): Promise<Result<Setup>> {
    const init = { body, ...options };
    return this.#use(await this.request("POST", "/api/auth/setup", init));
  }

  /** Set a password with the token of a link, and use the session from now on. */
  async resetPassword(
    body: Init<Reset>["body"],
    options: CallOptions = {},
  ): Promise<Result<Reset>> {
    const init = { body, ...options };
    return this.#use(await this.request("POST", "/api/auth/reset", init));
  }

  /** Open a link to a transcription, and use its session from now on. */
  async openLink(
    body: Init<OpenLink>["body"],
    options: CallOptions = {},
  ): Promise<Result<OpenLink>> {
    const init = { body, ...options };
    return this.#use(await this.request("POST", "/api/shared/open", init));
  }

  /** Return the session. */
  getSession(
    options: CallOptions = {},
  ): Promise<Result<Operation<"GET", "/api/sessions/current">>> {
    return this.request("GET", "/api/sessions/current", options);
  }

  /** Change the session's label or preferences. */
  updateSession(
    body: Init<Operation<"PUT", "/api/sessions/current">>["body"],
    options: CallOptions = {},
  ): Promise<Result<Operation<"PUT", "/api/sessions/current">>> {
    return this.request("PUT", "/api/sessions/current", { body, ...options });
  }

  /** Extend the session to at least so many hours from now. */
  extendSession(
    hours: number,
    options: CallOptions = {},
  ): Promise<Result<Operation<"POST", "/api/sessions/extend">>> {
    const init = { body: { hours }, ...options };
    return this.request("POST", "/api/sessions/extend", init);
  }

  /** End the session. Everything that it owns is erased. */
  endSession(
    options: CallOptions = {},
  ): Promise<Result<Operation<"DELETE", "/api/sessions/current">>> {
    return this.request("DELETE", "/api/sessions/current", options);
  }

  /** Return figures of the queue. */
  getQueueStatus(
    options: CallOptions = {},
  ): Promise<Result<Operation<"GET", "/api/queue/status">>> {
    return this.request("GET", "/api/queue/status", options);
  }

  /** List jobs, the newest first. */
  listJobs(
    query: Init<Operation<"GET", "/api/queue/jobs">>["query"] = {},
    options: CallOptions = {},
  ): Listing<Result<Operation<"GET", "/api/queue/jobs">>, Job> {
    const read = () => this.pages("/api/queue/jobs", { query, ...options });
    return new Listing(read, (page) => page.jobs);
  }

  /** Return a job. */
  getJob(jobId: string, options: CallOptions = {}): Promise<Job> {
    const path = { jobId };
    return this.request("GET", "/api/queue/jobs/{job_id}", {
      path,
      ...options,
    });
  }

  /** Cancel a waiting or running job. */
  cancelJob(
    jobId: string,
    options: CallOptions = {},
  ): Promise<Result<Operation<"DELETE", "/api/queue/jobs/{job_id}">>> {
    const path = { jobId };
    return this.request("DELETE", "/api/queue/jobs/{job_id}", {
      path,
      ...options,
    });
  }

  #use<Made extends { sessionToken: string }>(made: Made): Made {
    this.transport.token = made.sessionToken;
    return made;
  }
}
