-- What devices report. Series tables are hypertables where TimescaleDB is installed, and
-- native range partitions elsewhere; both are dropped by the partition, never row by row.

CREATE TABLE series (
    name text PRIMARY KEY,
    partition_width interval NOT NULL
);
COMMENT ON TABLE series IS 'time series tables and the width of their partitions';

-- Make the partitions of every series that cover [at, at + ahead].
CREATE FUNCTION series_prepare(at timestamptz, ahead interval) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    entry series%ROWTYPE;
    lower timestamptz;
    partition text;
    made integer := 0;
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        RETURN 0;
    END IF;
    -- Two callers at once would both make the same partition.
    PERFORM pg_advisory_xact_lock(hashtext('series_prepare'));
    FOR entry IN SELECT * FROM series LOOP
        lower := date_bin(entry.partition_width, at, 'epoch');
        WHILE lower <= at + ahead LOOP
            partition := entry.name || to_char(lower AT TIME ZONE 'UTC', '"_p"YYYYMMDD"_"HH24MI');
            IF to_regclass(partition) IS NULL THEN
                -- Cut the new partition's rows out of the default one, or ATTACH would refuse.
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
                               'INCLUDING STORAGE)', partition, entry.name);
                EXECUTE format('WITH moved AS (DELETE FROM %I WHERE at >= %L AND at < %L RETURNING *) '
                               'INSERT INTO %I SELECT * FROM moved',
                               entry.name || '_default', lower, lower + entry.partition_width, partition);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                               entry.name, partition, lower, lower + entry.partition_width);
                made := made + 1;
            END IF;
            lower := lower + entry.partition_width;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

-- Drop the partitions of one series that end before a moment; how many were dropped.
CREATE FUNCTION series_drop(series_name text, before timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    width interval;
    partition record;
    dropped integer := 0;
BEGIN
    SELECT partition_width INTO STRICT width FROM series WHERE name = series_name;
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        EXECUTE format('SELECT count(*) FROM drop_chunks(%L::regclass, older_than => %L::timestamptz)',
                       series_name, before) INTO dropped;
        RETURN dropped;
    END IF;
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = series_name::regclass AND c.relname ~ '_p[0-9]{8}_[0-9]{4}$'
    LOOP
        IF to_timestamp(right(partition.relname, 13), 'YYYYMMDD_HH24MI')::timestamp AT TIME ZONE 'UTC'
           + width <= before THEN
            EXECUTE format('DROP TABLE %I', partition.relname);
            dropped := dropped + 1;
        END IF;
    END LOOP;
    EXECUTE format('DELETE FROM %I WHERE at < %L', series_name || '_default', date_bin(width, before, 'epoch'));
    RETURN dropped;
END
$$;

-- Create a series from the columns of a template table, which is dropped.
CREATE FUNCTION series_create(series_name text, partition_width interval, unique_columns text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO series VALUES (series_name, partition_width);
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', series_name, series_name || '_columns');
        EXECUTE format('SELECT create_hypertable(%L, %L, chunk_time_interval => %L::interval, '
                       'create_default_indexes => false)', series_name, 'at', partition_width);
    ELSE
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) PARTITION BY RANGE (at)',
                       series_name, series_name || '_columns');
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', series_name || '_default', series_name);
    END IF;
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I UNIQUE (%s)',
                   series_name, series_name || '_once', unique_columns);
    EXECUTE format('DROP TABLE %I', series_name || '_columns');
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') THEN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
    END IF;
END
$$;

-- One row per frame of about a second; `counts` as on the wire (docs/mqtt.md).
CREATE TABLE accel_frames_columns (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    sequence bigint NOT NULL,
    at timestamptz NOT NULL,
    uptime_ms bigint NOT NULL,
    received_at timestamptz NOT NULL,
    late boolean NOT NULL,
    rate_hz real NOT NULL,
    samples integer NOT NULL,
    scale_mps2 real NOT NULL,
    full_scale_g real NOT NULL,
    lowpass_hz real NOT NULL,
    counts bytea NOT NULL
);
ALTER TABLE accel_frames_columns ALTER COLUMN counts SET STORAGE EXTERNAL;
SELECT series_create('accel_frames', '1 hour', 'device_id, boot_id, sequence, at');

CREATE TABLE gps_fixes_columns (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    sequence bigint NOT NULL,
    ordinal smallint NOT NULL,
    at timestamptz NOT NULL,
    uptime_ms bigint NOT NULL,
    late boolean NOT NULL,
    lat_deg double precision NOT NULL,
    lon_deg double precision NOT NULL,
    speed_mps real NOT NULL,
    heading_deg real NOT NULL,
    accuracy_m real NOT NULL
);
SELECT series_create('gps_fixes', '1 day', 'device_id, boot_id, sequence, ordinal, at');
CREATE INDEX gps_fixes_by_device ON gps_fixes (device_id, at);

CREATE TABLE device_status_columns (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    sequence bigint NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    late boolean NOT NULL,
    online boolean NOT NULL,
    firmware text NOT NULL,
    hardware text NOT NULL,
    battery_mv integer NOT NULL,
    signal_dbm integer NOT NULL,
    buffered_messages bigint NOT NULL
);
SELECT series_create('device_status', '1 day', 'device_id, boot_id, sequence, at');

SELECT series_prepare(now(), '1 day');

-- Evidence, kept long: the device's own bursts around an impact.
CREATE TABLE impact_parts (
    device_id text NOT NULL REFERENCES devices,
    boot_id bigint NOT NULL,
    sequence bigint NOT NULL,
    trigger_no bigint NOT NULL,
    part bigint NOT NULL,
    last boolean NOT NULL,
    at timestamptz NOT NULL,
    uptime_ms bigint NOT NULL,
    trigger_uptime_ms bigint NOT NULL,
    received_at timestamptz NOT NULL,
    late boolean NOT NULL,
    rate_hz real NOT NULL,
    samples integer NOT NULL,
    scale_mps2 real NOT NULL,
    full_scale_g real NOT NULL,
    lowpass_hz real NOT NULL,
    counts bytea NOT NULL,
    fixes jsonb NOT NULL,
    PRIMARY KEY (device_id, boot_id, sequence)
);
CREATE INDEX impact_parts_by_uptime ON impact_parts (device_id, boot_id, uptime_ms);

-- A stretch of motion that may hold an impact, to be analysed by the holder of its shard
-- when complete or due. Rows are deleted once decided.
CREATE TABLE candidates (
    device_id text NOT NULL REFERENCES devices,
    boot_id bigint NOT NULL,
    uptime_ms bigint NOT NULL,
    lane text NOT NULL CHECK (lane IN ('urgent', 'bulk')),
    shard text NOT NULL,
    at timestamptz NOT NULL,
    late boolean NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL,
    PRIMARY KEY (device_id, boot_id, lane, uptime_ms)
);
CREATE INDEX candidates_due ON candidates (lane, shard, due_at);

-- What could not be read. Rows and bytes are capped per device and day; the day's row
-- counts what was dropped.
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now(),
    topic text NOT NULL,
    device_id text,
    reason text NOT NULL,
    detail text NOT NULL,
    size_bytes integer NOT NULL,
    payload bytea NOT NULL
);
COMMENT ON COLUMN dead_letters.payload IS 'the first bytes; size_bytes tells how many there were';
CREATE INDEX dead_letters_by_time ON dead_letters (received_at);

CREATE TABLE dead_letter_days (
    device_id text NOT NULL,
    day date NOT NULL,
    kept integer NOT NULL DEFAULT 0,
    kept_bytes bigint NOT NULL DEFAULT 0,
    dropped integer NOT NULL DEFAULT 0,
    PRIMARY KEY (device_id, day)
);
COMMENT ON COLUMN dead_letter_days.device_id IS 'a known device, or ? for all others together';
