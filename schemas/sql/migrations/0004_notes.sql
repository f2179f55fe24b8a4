-- Operators' notes: personal words, so they lie in rows that can be erased; the incident's
-- record holds only the reference. And what the HTTP API reads by.

CREATE TABLE incident_notes (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    at timestamptz NOT NULL,
    author text NOT NULL,
    text text NOT NULL
);
CREATE INDEX incident_notes_by_incident ON incident_notes (incident_id, at);

-- A car that left the policy stays, because incidents of the past refer to it.
ALTER TABLE vehicles ADD COLUMN retired_at timestamptz;
CREATE INDEX vehicles_by_policy ON vehicles (policy_id);

CREATE INDEX impacts_by_incident ON impacts (incident_id);
CREATE INDEX presses_by_incident ON presses (incident_id);
CREATE INDEX incidents_by_holder ON incidents (holder_id, opened_at DESC);
