-- Answers encrypted with their idempotency keys, which only clients have. They replace `body`.
ALTER TABLE idempotent_requests ADD COLUMN sealed_body bytea;
