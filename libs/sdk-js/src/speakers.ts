import type { CallOptions, Init, Operation, Result } from "./contract.js";
import { Listing } from "./listing.js";
import type { Camelized } from "./names.js";
import { OperationCalls } from "./operation-calls.js";
import type { components } from "./schema.js";

type Schemas = components["schemas"];
/** A speaker profile. */
export type Speaker = Camelized<Schemas["SpeakerData"]>;

/** Calls about speaker profiles. */
export class SpeakerCalls extends OperationCalls {
  /** List speaker profiles. */
  listSpeakers(
    query: Init<Operation<"GET", "/api/speakers">>["query"] = {},
    options: CallOptions = {},
  ): Listing<Speaker[], Speaker> {
    const read = () => this.pages("/api/speakers", { query, ...options });
    return new Listing(read, (page) => page);
  }

  /** Return a profile. */
  getSpeaker(speakerId: number, options: CallOptions = {}): Promise<Speaker> {
    const path = { speakerId };
    return this.request("GET", "/api/speakers/{speaker_id}", {
      path,
      ...options,
    });
  }

  /** Create a profile. */
  createSpeaker(
    body: Init<Operation<"POST", "/api/speakers">>["body"],
    options: CallOptions = {},
  ): Promise<Speaker> {
    return this.request("POST", "/api/speakers", { body, ...options });
  }

  /** Change a profile. Absent fields stay as they are. */
  updateSpeaker(
    speakerId: number,
    body: Init<Operation<"PUT", "/api/speakers/{speaker_id}">>["body"],
    options: CallOptions = {},
  ): Promise<Result<Operation<"PUT", "/api/speakers/{speaker_id}">>> {
    const path = { speakerId };
    return this.request("PUT", "/api/speakers/{speaker_id}", {
      path,
      body,
      ...options,
    });
  }

  /** Deactivate a profile, or delete it for good. */
  deleteSpeaker(
    speakerId: number,
    {
      permanent = false,
      ...options
    }: CallOptions & { permanent?: boolean } = {},
  ): Promise<Result<Operation<"DELETE", "/api/speakers/{speaker_id}">>> {
    const path = { speakerId };
    const query = { permanent };
    return this.request("DELETE", "/api/speakers/{speaker_id}", {
      path,
      query,
      ...options,
    });
  }

  /** Return figures of a profile. */
  getSpeakerStatistics(
    speakerId: number,
    options: CallOptions = {},
  ): Promise<
    Result<Operation<"GET", "/api/speakers/{speaker_id}/statistics">>
  > {
    const path = { speakerId };
    return this.request("GET", "/api/speakers/{speaker_id}/statistics", {
      path,
      ...options,
    });
  }

  /** Find profiles by name or description. */
  searchSpeakers(
    body: Init<Operation<"POST", "/api/speakers/search">>["body"],
    options: CallOptions = {},
  ): Promise<Result<Operation<"POST", "/api/speakers/search">>> {
    return this.request("POST", "/api/speakers/search", { body, ...options });
  }

  /** Learn a voice from a recording of one person. */
  enrollSpeaker(
    speakerId: number,
    file: Blob,
    options: CallOptions & { filename?: string } = {},
  ): Promise<Result<Operation<"POST", "/api/speakers/{speaker_id}/enroll">>> {
    const { filename, ...rest } = options;
    const body = new FormData();
    body.set("file", file, filename ?? (file as File).name ?? "voice");
    return this.request("POST", "/api/speakers/{speaker_id}/enroll", {
      path: { speakerId },
      body,
      ...rest,
    });
  }
}
