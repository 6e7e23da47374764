-- Attempts at items of background steps. A row exists while an item is being worked on, waits for
-- another attempt, or has been set aside. An item without a row has not failed.
CREATE TABLE item_attempts (
    step text NOT NULL,
    item text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    -- Attempts that an outage of another server ended. They are not charged to the item.
    outages integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz NOT NULL DEFAULT now(),
    -- End of the lease while an attempt is under way, time of the next attempt otherwise.
    next_attempt_at timestamptz NOT NULL,
    error text NOT NULL DEFAULT '',
    set_aside_at timestamptz,
    -- A message that was taken off its stream because it failed.
    subject text,
    headers jsonb,
    payload bytea,
    PRIMARY KEY (step, item)
);

CREATE INDEX item_attempts_set_aside ON item_attempts (step) WHERE set_aside_at IS NOT NULL;
CREATE INDEX item_attempts_messages ON item_attempts (step, next_attempt_at)
    WHERE payload IS NOT NULL AND set_aside_at IS NULL;

-- Whether a step must leave an item alone: it is leased, waits for its next attempt, or is set aside.
CREATE FUNCTION item_rests(of_step text, of_item text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (
    SELECT FROM item_attempts
    WHERE step = of_step AND item = of_item
      AND (set_aside_at IS NOT NULL OR next_attempt_at > now())
);

-- Whether a step has given an item up until a person has it retried.
CREATE FUNCTION item_set_aside(of_step text, of_item text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (
    SELECT FROM item_attempts
    WHERE step = of_step AND item = of_item AND set_aside_at IS NOT NULL
);
