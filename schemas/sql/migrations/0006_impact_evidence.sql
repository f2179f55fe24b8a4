-- What stands behind an impact, kept for good: the finding whole, and the motion and speeds it was
-- found in, which their series keep for hours only. And how each device sits in its car.

ALTER TABLE impacts
    ADD COLUMN detector text,
    ADD COLUMN parked boolean NOT NULL DEFAULT false,
    ADD COLUMN analysis jsonb;
COMMENT ON COLUMN impacts.detector IS 'version of the detector that made the analysis; null before versions were kept';
COMMENT ON COLUMN impacts.analysis IS
    'the latest finding (scoring.record), which may be milder than severity: that one is never taken back';
CREATE INDEX impacts_by_time ON impacts (at DESC, id DESC);

-- Copies of accel_frames and impact_parts, `counts` as on the wire.
CREATE TABLE impact_frames (
    impact_id uuid NOT NULL REFERENCES impacts,
    sequence bigint NOT NULL,
    uptime_ms bigint NOT NULL,
    rate_hz real NOT NULL,
    samples integer NOT NULL,
    scale_mps2 real NOT NULL,
    full_scale_g real NOT NULL,
    lowpass_hz real NOT NULL,
    counts bytea NOT NULL,
    PRIMARY KEY (impact_id, sequence)
);
ALTER TABLE impact_frames ALTER COLUMN counts SET STORAGE EXTERNAL;

CREATE TABLE impact_fixes (
    impact_id uuid NOT NULL REFERENCES impacts,
    uptime_ms bigint NOT NULL,
    lat_deg double precision NOT NULL,
    lon_deg double precision NOT NULL,
    speed_mps real NOT NULL,
    heading_deg real NOT NULL,
    PRIMARY KEY (impact_id, uptime_ms)
);

-- Impacts to be looked at again for what has arrived since; a row goes after its last look.
CREATE TABLE evidence_due (
    impact_id uuid PRIMARY KEY REFERENCES impacts,
    shard text NOT NULL,
    looks smallint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL
);
COMMENT ON COLUMN evidence_due.looks IS 'how many there were';
CREATE INDEX evidence_due_by_shard ON evidence_due (shard, due_at);

CREATE TABLE device_mounts (
    device_id text PRIMARY KEY REFERENCES devices,
    rotation jsonb NOT NULL,
    quality real NOT NULL,
    moving_s real NOT NULL,
    learnt_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN device_mounts.rotation IS 'rows: the car''s forward, right and down, in device axes';
