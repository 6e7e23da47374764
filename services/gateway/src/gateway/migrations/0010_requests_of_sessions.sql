-- Deleting a session looks for the requests that created it.
CREATE INDEX session_requests_session ON session_requests (session_id);
