-- Units that are not asked, by a supervisor's word, whatever they say of themselves.

CREATE TABLE units_out_of_service (
    unit_id text PRIMARY KEY REFERENCES units,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz,
    reason text NOT NULL CHECK (reason <> ''),
    taken_by text NOT NULL CHECK (taken_by <> '')
);
COMMENT ON TABLE units_out_of_service IS 'as it stands; who did what and why is in the access log';
COMMENT ON COLUMN units_out_of_service.since IS 'names it: what takes its place has another';
COMMENT ON COLUMN units_out_of_service.until IS 'null: until somebody puts it back; what is past counts no more';
