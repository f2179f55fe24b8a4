-- What a policyholder's own telephone says it felt: a second detector, which joins what the device told or stands alone.

CREATE TABLE phone_crashes (
    holder_id uuid NOT NULL REFERENCES policyholders ON DELETE CASCADE,
    event_id uuid NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source text NOT NULL,
    late boolean NOT NULL,
    lat_deg double precision,
    lon_deg double precision,
    incident_id uuid REFERENCES incidents,
    PRIMARY KEY (holder_id, event_id),
    CHECK ((lat_deg IS NULL) = (lon_deg IS NULL))
);
COMMENT ON COLUMN phone_crashes.event_id IS 'given by the telephone, so that the same event told twice is one';
