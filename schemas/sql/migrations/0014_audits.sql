-- What the auditor finds wrong with the system, for as long as it stands.

CREATE TABLE alarms (
    name text PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    many integer NOT NULL,
    words text NOT NULL
);

CREATE TABLE audits (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ran_at timestamptz NOT NULL,
    forgotten bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN audits.forgotten IS 'incidents that would have been forgotten, ever: each was brought to the operators';

-- The auditor reads what is open, not all there ever was.
CREATE INDEX incidents_open ON incidents (opened_at) INCLUDE (id, taken_by) WHERE phase <> 'closed';
CREATE INDEX outbox_commands_unheard ON outbox (expires_at) WHERE kind = 'command' AND state = 'expired' AND attempts >= 3;

-- An incident is written anew with every event: with room on its page no index has to be.
ALTER TABLE incidents SET (fillfactor = 70);

-- Many events are recorded in one statement.
DROP TRIGGER incident_events_queue ON incident_events;
DROP FUNCTION queue_event();
CREATE FUNCTION queue_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO event_queue SELECT id FROM added;
    RETURN NULL;
END
$$;
CREATE TRIGGER incident_events_queue AFTER INSERT ON incident_events
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION queue_events();
