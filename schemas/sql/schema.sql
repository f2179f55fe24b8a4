-- All migrations together, made by scripts/generate. Read it, do not edit it.

CREATE FUNCTION public.queue_events() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO event_queue SELECT id FROM added;
    RETURN NULL;
END
$$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION public.series_create(series_name text, partition_width interval, unique_columns text) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.series_drop(series_name text, before timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    AS $_$
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
$_$;

CREATE FUNCTION public.series_prepare(at timestamp with time zone, ahead interval) RETURNS integer
    LANGUAGE plpgsql
    AS $$
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

CREATE TABLE public.accel_frames (
    device_id text CONSTRAINT accel_frames_columns_device_id_not_null NOT NULL,
    boot_id bigint CONSTRAINT accel_frames_columns_boot_id_not_null NOT NULL,
    sequence bigint CONSTRAINT accel_frames_columns_sequence_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT accel_frames_columns_at_not_null NOT NULL,
    uptime_ms bigint CONSTRAINT accel_frames_columns_uptime_ms_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT accel_frames_columns_received_at_not_null NOT NULL,
    late boolean CONSTRAINT accel_frames_columns_late_not_null NOT NULL,
    rate_hz real CONSTRAINT accel_frames_columns_rate_hz_not_null NOT NULL,
    samples integer CONSTRAINT accel_frames_columns_samples_not_null NOT NULL,
    scale_mps2 real CONSTRAINT accel_frames_columns_scale_mps2_not_null NOT NULL,
    full_scale_g real CONSTRAINT accel_frames_columns_full_scale_g_not_null NOT NULL,
    lowpass_hz real CONSTRAINT accel_frames_columns_lowpass_hz_not_null NOT NULL,
    counts bytea CONSTRAINT accel_frames_columns_counts_not_null NOT NULL
)
PARTITION BY RANGE (at);
ALTER TABLE ONLY public.accel_frames ALTER COLUMN counts SET STORAGE EXTERNAL;

CREATE TABLE public.accel_frames_default (
    device_id text CONSTRAINT accel_frames_columns_device_id_not_null NOT NULL,
    boot_id bigint CONSTRAINT accel_frames_columns_boot_id_not_null NOT NULL,
    sequence bigint CONSTRAINT accel_frames_columns_sequence_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT accel_frames_columns_at_not_null NOT NULL,
    uptime_ms bigint CONSTRAINT accel_frames_columns_uptime_ms_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT accel_frames_columns_received_at_not_null NOT NULL,
    late boolean CONSTRAINT accel_frames_columns_late_not_null NOT NULL,
    rate_hz real CONSTRAINT accel_frames_columns_rate_hz_not_null NOT NULL,
    samples integer CONSTRAINT accel_frames_columns_samples_not_null NOT NULL,
    scale_mps2 real CONSTRAINT accel_frames_columns_scale_mps2_not_null NOT NULL,
    full_scale_g real CONSTRAINT accel_frames_columns_full_scale_g_not_null NOT NULL,
    lowpass_hz real CONSTRAINT accel_frames_columns_lowpass_hz_not_null NOT NULL,
    counts bytea CONSTRAINT accel_frames_columns_counts_not_null NOT NULL
);
ALTER TABLE ONLY public.accel_frames_default ALTER COLUMN counts SET STORAGE EXTERNAL;

CREATE TABLE public.access_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    reason text NOT NULL
);

ALTER TABLE public.access_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.access_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.alarms (
    name text NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    many integer NOT NULL,
    words text NOT NULL
);

CREATE TABLE public.answer_links (
    token text NOT NULL,
    incident_id uuid NOT NULL,
    party text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    revoked_at timestamp with time zone,
    used_at timestamp with time zone,
    last_form uuid,
    CONSTRAINT answer_links_party_check CHECK ((party = ANY (ARRAY['driver'::text, 'contact'::text])))
);

COMMENT ON COLUMN public.answer_links.last_form IS 'the form that was taken last: sent again, it changes nothing';

CREATE TABLE public.audits (
    only_row boolean DEFAULT true NOT NULL,
    ran_at timestamp with time zone NOT NULL,
    forgotten bigint DEFAULT 0 NOT NULL,
    CONSTRAINT audits_only_row_check CHECK (only_row)
);

COMMENT ON COLUMN public.audits.forgotten IS 'incidents that would have been forgotten, ever: each was brought to the operators';

CREATE TABLE public.calls (
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    party text NOT NULL,
    attempt integer NOT NULL,
    number text NOT NULL,
    language text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    sid text,
    end_status text,
    pressed text,
    possible_duplicate boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    sent_at timestamp with time zone,
    answered_at timestamp with time zone,
    ended_at timestamp with time zone,
    operator text,
    direction text DEFAULT 'outbound'::text NOT NULL,
    machine boolean,
    spoken text,
    connected_at timestamp with time zone,
    CONSTRAINT calls_direction_check CHECK ((direction = ANY (ARRAY['outbound'::text, 'inbound'::text]))),
    CONSTRAINT calls_language_check CHECK ((language = ANY (ARRAY['ja'::text, 'en'::text]))),
    CONSTRAINT calls_operator_named CHECK (((party = 'operator'::text) = (operator IS NOT NULL))),
    CONSTRAINT calls_party_check CHECK ((party = ANY (ARRAY['driver'::text, 'contact'::text, 'operator'::text, 'caller'::text]))),
    CONSTRAINT calls_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sending'::text, 'unknown'::text, 'placed'::text, 'ringing'::text, 'answered'::text, 'ended'::text, 'given_up'::text])))
);

COMMENT ON COLUMN public.calls.party IS 'caller: whoever rang us';

COMMENT ON COLUMN public.calls.number IS 'theirs, whoever rang whom; empty where it was withheld';

COMMENT ON COLUMN public.calls.operator IS 'name of the desk member who was rung; kept when they leave the desk';

COMMENT ON COLUMN public.calls.machine IS 'the carrier''s guess at voicemail: a hint for people, never an answer';

COMMENT ON COLUMN public.calls.spoken IS 'what the carrier understood, for people to judge';

COMMENT ON COLUMN public.calls.connected_at IS 'when this line was last brought into the conference of its incident';

CREATE TABLE public.candidates (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    uptime_ms bigint NOT NULL,
    lane text NOT NULL,
    shard text NOT NULL,
    at timestamp with time zone NOT NULL,
    late boolean NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    due_at timestamp with time zone NOT NULL,
    CONSTRAINT candidates_lane_check CHECK ((lane = ANY (ARRAY['urgent'::text, 'bulk'::text])))
);

CREATE TABLE public.carrier_health (
    one boolean DEFAULT true NOT NULL,
    succeeded_at timestamp with time zone,
    failing_since timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    retry_at timestamp with time zone,
    down_since timestamp with time zone,
    error text,
    CONSTRAINT carrier_health_one_check CHECK (one)
);

CREATE TABLE public.chat_messages (
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    party text NOT NULL,
    at timestamp with time zone NOT NULL,
    operator text,
    text text NOT NULL,
    CONSTRAINT chat_messages_party_check CHECK ((party = ANY (ARRAY['driver'::text, 'contact'::text])))
);

COMMENT ON COLUMN public.chat_messages.party IS 'whose conversation with the operators it is';

COMMENT ON COLUMN public.chat_messages.operator IS 'who wrote it; null: the person themselves';

CREATE TABLE public.dead_letter_days (
    device_id text NOT NULL,
    day date NOT NULL,
    kept integer DEFAULT 0 NOT NULL,
    kept_bytes bigint DEFAULT 0 NOT NULL,
    dropped integer DEFAULT 0 NOT NULL
);

COMMENT ON COLUMN public.dead_letter_days.device_id IS 'a known device, or ? for all others together';

CREATE TABLE public.dead_letters (
    id bigint NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    topic text NOT NULL,
    device_id text,
    reason text NOT NULL,
    detail text NOT NULL,
    size_bytes integer NOT NULL,
    payload bytea NOT NULL
);

COMMENT ON COLUMN public.dead_letters.payload IS 'the first bytes; size_bytes tells how many there were';

ALTER TABLE public.dead_letters ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dead_letters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.desk_members (
    name text NOT NULL,
    role text NOT NULL,
    phone text,
    language text DEFAULT 'ja'::text NOT NULL,
    signed_in_at timestamp with time zone,
    paused boolean DEFAULT false NOT NULL,
    heard_at timestamp with time zone,
    CONSTRAINT desk_members_language_check CHECK ((language = ANY (ARRAY['ja'::text, 'en'::text]))),
    CONSTRAINT desk_members_name_check CHECK ((name <> ''::text)),
    CONSTRAINT desk_members_phone_check CHECK ((phone ~ '^\+[1-9][0-9]{6,14}$'::text)),
    CONSTRAINT desk_members_role_check CHECK ((role = ANY (ARRAY['operator'::text, 'supervisor'::text, 'second_site'::text])))
);

COMMENT ON COLUMN public.desk_members.name IS 'of an operator: the name their token carries';

COMMENT ON COLUMN public.desk_members.signed_in_at IS 'null while away; supervisors and the second site are rung in any case';

CREATE TABLE public.device_boots (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    anchor_at timestamp with time zone NOT NULL,
    first_heard_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.device_mounts (
    device_id text NOT NULL,
    rotation jsonb NOT NULL,
    quality real NOT NULL,
    moving_s real NOT NULL,
    learnt_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

COMMENT ON COLUMN public.device_mounts.rotation IS 'rows: the car''s forward, right and down, in device axes';

CREATE TABLE public.device_presence (
    device_id text NOT NULL,
    online boolean NOT NULL,
    boot_id bigint NOT NULL,
    sequence bigint NOT NULL,
    uptime_ms bigint NOT NULL,
    heard_at timestamp with time zone NOT NULL,
    firmware text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.device_status (
    device_id text CONSTRAINT device_status_columns_device_id_not_null NOT NULL,
    boot_id bigint CONSTRAINT device_status_columns_boot_id_not_null NOT NULL,
    sequence bigint CONSTRAINT device_status_columns_sequence_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT device_status_columns_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT device_status_columns_received_at_not_null NOT NULL,
    late boolean CONSTRAINT device_status_columns_late_not_null NOT NULL,
    online boolean CONSTRAINT device_status_columns_online_not_null NOT NULL,
    firmware text CONSTRAINT device_status_columns_firmware_not_null NOT NULL,
    hardware text CONSTRAINT device_status_columns_hardware_not_null NOT NULL,
    battery_mv integer CONSTRAINT device_status_columns_battery_mv_not_null NOT NULL,
    signal_dbm integer CONSTRAINT device_status_columns_signal_dbm_not_null NOT NULL,
    buffered_messages bigint CONSTRAINT device_status_columns_buffered_messages_not_null NOT NULL
)
PARTITION BY RANGE (at);

CREATE TABLE public.device_status_default (
    device_id text CONSTRAINT device_status_columns_device_id_not_null NOT NULL,
    boot_id bigint CONSTRAINT device_status_columns_boot_id_not_null NOT NULL,
    sequence bigint CONSTRAINT device_status_columns_sequence_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT device_status_columns_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT device_status_columns_received_at_not_null NOT NULL,
    late boolean CONSTRAINT device_status_columns_late_not_null NOT NULL,
    online boolean CONSTRAINT device_status_columns_online_not_null NOT NULL,
    firmware text CONSTRAINT device_status_columns_firmware_not_null NOT NULL,
    hardware text CONSTRAINT device_status_columns_hardware_not_null NOT NULL,
    battery_mv integer CONSTRAINT device_status_columns_battery_mv_not_null NOT NULL,
    signal_dbm integer CONSTRAINT device_status_columns_signal_dbm_not_null NOT NULL,
    buffered_messages bigint CONSTRAINT device_status_columns_buffered_messages_not_null NOT NULL
);

CREATE TABLE public.devices (
    id text NOT NULL,
    shard text NOT NULL,
    vehicle_id uuid,
    provisioned_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT devices_id_check CHECK ((id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$'::text)),
    CONSTRAINT devices_shard_check CHECK ((shard ~ '^0[0-9a-f]$'::text))
);

CREATE TABLE public.dispatch_checks (
    dispatch_id uuid NOT NULL,
    item text NOT NULL,
    state text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    at timestamp with time zone NOT NULL,
    by text NOT NULL,
    CONSTRAINT dispatch_checks_item_check CHECK ((item = ANY (ARRAY['people_safe'::text, 'triangle_and_hazard_lights'::text, 'secondary_accident_prevention'::text, 'ambulance'::text, 'police'::text, 'photos'::text, 'other_party'::text, 'towing'::text]))),
    CONSTRAINT dispatch_checks_state_check CHECK ((state = ANY (ARRAY['done'::text, 'not_needed'::text])))
);

COMMENT ON TABLE public.dispatch_checks IS 'the latest word on each item; the incident''s record has every one, without the note';

CREATE TABLE public.dispatch_offers (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    dispatch_id uuid NOT NULL,
    unit_id text,
    provider_id text,
    asked text GENERATED ALWAYS AS (COALESCE(unit_id, ('@'::text || provider_id))) STORED NOT NULL,
    state text NOT NULL,
    arrival_s double precision,
    distance_km double precision,
    offered_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT dispatch_offers_check CHECK ((num_nonnulls(unit_id, provider_id) = 1)),
    CONSTRAINT dispatch_offers_state_check CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'declined'::text, 'expired'::text, 'taken'::text, 'withdrawn'::text, 'stood_down'::text, 'completed'::text])))
);

COMMENT ON COLUMN public.dispatch_offers.asked IS 'a unit, or @ and a provider whose control centre was asked';

COMMENT ON COLUMN public.dispatch_offers.arrival_s IS 'how soon it was expected to arrive when it was asked';

CREATE TABLE public.dispatch_photos (
    id uuid NOT NULL,
    dispatch_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    by text NOT NULL,
    jpeg bytea NOT NULL,
    CONSTRAINT dispatch_photos_jpeg_check CHECK ((octet_length(jpeg) <= ((5 * 1024) * 1024)))
);
ALTER TABLE ONLY public.dispatch_photos ALTER COLUMN jpeg SET STORAGE EXTERNAL;

CREATE TABLE public.dispatches (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    incident_id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    unit_id text,
    requested_at timestamp with time zone NOT NULL,
    offered_at timestamp with time zone,
    accepted_at timestamp with time zone,
    eta_at timestamp with time zone,
    en_route_at timestamp with time zone,
    on_scene_at timestamp with time zone,
    secured_at timestamp with time zone,
    ended_at timestamp with time zone,
    report text DEFAULT ''::text NOT NULL,
    provider_id text,
    crew text,
    sent_by text,
    searches jsonb DEFAULT '[]'::jsonb NOT NULL,
    reminder text,
    reminder_at timestamp with time zone,
    safe_at timestamp with time zone,
    unchecked_reason text,
    CONSTRAINT dispatches_kind_check CHECK ((kind = ANY (ARRAY['guard'::text, 'roadside'::text, 'tow'::text, 'battery'::text, 'tyre'::text, 'key'::text, 'fuel'::text]))),
    CONSTRAINT dispatches_reminder_check CHECK ((reminder = ANY (ARRAY['depart'::text, 'confirm_safe'::text]))),
    CONSTRAINT dispatches_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'offered'::text, 'accepted'::text, 'en_route'::text, 'on_scene'::text, 'secured'::text, 'completed'::text, 'declined'::text, 'offer_expired'::text, 'stood_down'::text, 'failed'::text])))
);

COMMENT ON COLUMN public.dispatches.unit_id IS 'who accepted; while offered, who was asked first of those who may still answer';

COMMENT ON COLUMN public.dispatches.provider_id IS 'the same for a control centre; crew is what it calls who comes';

COMMENT ON COLUMN public.dispatches.sent_by IS 'the operator who sent it; null when the plan or the driver did';

COMMENT ON COLUMN public.dispatches.searches IS 'each time somebody was looked for: who was asked, and why others were not';

COMMENT ON COLUMN public.dispatches.reminder IS 'what its unit is reminded of until it does it';

COMMENT ON COLUMN public.dispatches.unchecked_reason IS 'why the scene counts as secured although not all was seen to';

CREATE TABLE public.emergency_contacts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    holder_id uuid NOT NULL,
    name text NOT NULL,
    relation text DEFAULT ''::text NOT NULL,
    number text NOT NULL,
    language text DEFAULT 'ja'::text NOT NULL,
    rank smallint DEFAULT 1 NOT NULL,
    CONSTRAINT emergency_contacts_language_check CHECK ((language = ANY (ARRAY['ja'::text, 'en'::text]))),
    CONSTRAINT emergency_contacts_number_check CHECK ((number ~ '^\+[1-9][0-9]{6,14}$'::text))
);

CREATE TABLE public.escalation_plans (
    version integer NOT NULL,
    sha256 text NOT NULL,
    toml text NOT NULL,
    activated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE public.escalation_plans ALTER COLUMN version ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.escalation_plans_version_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.event_queue (
    event_id bigint NOT NULL
);

CREATE TABLE public.event_stream (
    "position" bigint NOT NULL,
    event_id bigint NOT NULL
);

CREATE TABLE public.evidence_due (
    impact_id uuid NOT NULL,
    shard text NOT NULL,
    looks smallint DEFAULT 0 NOT NULL,
    due_at timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.evidence_due.looks IS 'how many there were';

CREATE TABLE public.fire_headquarters (
    municipality_code text NOT NULL,
    name_ja text NOT NULL,
    name_en text NOT NULL,
    number text NOT NULL,
    source text NOT NULL,
    as_of date NOT NULL,
    CONSTRAINT fire_headquarters_municipality_code_check CHECK ((municipality_code ~ '^[0-9]{5}$'::text))
);

COMMENT ON COLUMN public.fire_headquarters.municipality_code IS 'JIS X 0402 without the check digit; a city stands for its wards';

COMMENT ON COLUMN public.fire_headquarters.number IS 'a direct number as the directory writes it: 119 would reach the caller''s own fire station';

COMMENT ON COLUMN public.fire_headquarters.as_of IS 'the day the number was known to be right';

CREATE TABLE public.gps_fixes (
    device_id text CONSTRAINT gps_fixes_columns_device_id_not_null NOT NULL,
    boot_id bigint CONSTRAINT gps_fixes_columns_boot_id_not_null NOT NULL,
    sequence bigint CONSTRAINT gps_fixes_columns_sequence_not_null NOT NULL,
    ordinal smallint CONSTRAINT gps_fixes_columns_ordinal_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT gps_fixes_columns_at_not_null NOT NULL,
    uptime_ms bigint CONSTRAINT gps_fixes_columns_uptime_ms_not_null NOT NULL,
    late boolean CONSTRAINT gps_fixes_columns_late_not_null NOT NULL,
    lat_deg double precision CONSTRAINT gps_fixes_columns_lat_deg_not_null NOT NULL,
    lon_deg double precision CONSTRAINT gps_fixes_columns_lon_deg_not_null NOT NULL,
    speed_mps real CONSTRAINT gps_fixes_columns_speed_mps_not_null NOT NULL,
    heading_deg real CONSTRAINT gps_fixes_columns_heading_deg_not_null NOT NULL,
    accuracy_m real CONSTRAINT gps_fixes_columns_accuracy_m_not_null NOT NULL
)
PARTITION BY RANGE (at);

CREATE TABLE public.gps_fixes_default (
    device_id text CONSTRAINT gps_fixes_columns_device_id_not_null NOT NULL,
    boot_id bigint CONSTRAINT gps_fixes_columns_boot_id_not_null NOT NULL,
    sequence bigint CONSTRAINT gps_fixes_columns_sequence_not_null NOT NULL,
    ordinal smallint CONSTRAINT gps_fixes_columns_ordinal_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT gps_fixes_columns_at_not_null NOT NULL,
    uptime_ms bigint CONSTRAINT gps_fixes_columns_uptime_ms_not_null NOT NULL,
    late boolean CONSTRAINT gps_fixes_columns_late_not_null NOT NULL,
    lat_deg double precision CONSTRAINT gps_fixes_columns_lat_deg_not_null NOT NULL,
    lon_deg double precision CONSTRAINT gps_fixes_columns_lon_deg_not_null NOT NULL,
    speed_mps real CONSTRAINT gps_fixes_columns_speed_mps_not_null NOT NULL,
    heading_deg real CONSTRAINT gps_fixes_columns_heading_deg_not_null NOT NULL,
    accuracy_m real CONSTRAINT gps_fixes_columns_accuracy_m_not_null NOT NULL
);

CREATE TABLE public.impact_fixes (
    impact_id uuid NOT NULL,
    uptime_ms bigint NOT NULL,
    lat_deg double precision NOT NULL,
    lon_deg double precision NOT NULL,
    speed_mps real NOT NULL,
    heading_deg real NOT NULL
);

CREATE TABLE public.impact_frames (
    impact_id uuid NOT NULL,
    sequence bigint NOT NULL,
    uptime_ms bigint NOT NULL,
    rate_hz real NOT NULL,
    samples integer NOT NULL,
    scale_mps2 real NOT NULL,
    full_scale_g real NOT NULL,
    lowpass_hz real NOT NULL,
    counts bytea NOT NULL
);
ALTER TABLE ONLY public.impact_frames ALTER COLUMN counts SET STORAGE EXTERNAL;

CREATE TABLE public.impact_parts (
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    sequence bigint NOT NULL,
    trigger_no bigint NOT NULL,
    part bigint NOT NULL,
    last boolean NOT NULL,
    at timestamp with time zone NOT NULL,
    uptime_ms bigint NOT NULL,
    trigger_uptime_ms bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    late boolean NOT NULL,
    rate_hz real NOT NULL,
    samples integer NOT NULL,
    scale_mps2 real NOT NULL,
    full_scale_g real NOT NULL,
    lowpass_hz real NOT NULL,
    counts bytea NOT NULL,
    fixes jsonb NOT NULL
);

CREATE TABLE public.impacts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    uptime_ms bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    severity text NOT NULL,
    delta_v_kmh real NOT NULL,
    delta_v_is_lower_bound boolean NOT NULL,
    pdof_deg real,
    peak_g real NOT NULL,
    duration_ms real NOT NULL,
    rollover boolean NOT NULL,
    multiple boolean NOT NULL,
    reasons text[] NOT NULL,
    lat_deg double precision,
    lon_deg double precision,
    speed_before_kmh real,
    late boolean NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    decided_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    incident_id uuid,
    detector text,
    parked boolean DEFAULT false NOT NULL,
    analysis jsonb,
    CONSTRAINT impacts_severity_check CHECK ((severity = ANY (ARRAY['knock'::text, 'light'::text, 'moderate'::text, 'severe'::text, 'very_severe'::text])))
);

COMMENT ON COLUMN public.impacts.detector IS 'version of the detector that made the analysis; null before versions were kept';

COMMENT ON COLUMN public.impacts.analysis IS 'the latest finding (scoring.record), which may be milder than severity: that one is never taken back';

CREATE TABLE public.incident_events (
    id bigint NOT NULL,
    incident_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE public.incident_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.incident_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.incident_notes (
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    author text NOT NULL,
    text text NOT NULL
);

CREATE TABLE public.incidents (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    device_id text,
    vehicle_id uuid,
    policy_id text,
    holder_id uuid,
    plan_version integer NOT NULL,
    trigger text NOT NULL,
    severity text,
    phase text NOT NULL,
    answer text,
    outcome text,
    taken_by text,
    occurred_at timestamp with time zone NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    lat_deg double precision,
    lon_deg double precision,
    position_at timestamp with time zone,
    flags text[] DEFAULT '{}'::text[] NOT NULL,
    generation integer DEFAULT 0 NOT NULL,
    state jsonb NOT NULL,
    place jsonb,
    road text DEFAULT 'unknown'::text NOT NULL,
    firmware text,
    merged_into uuid,
    CONSTRAINT incidents_answer_check CHECK ((answer = ANY (ARRAY['fine'::text, 'help'::text, 'ambulance'::text, 'operator'::text, 'accident'::text, 'mistake'::text]))),
    CONSTRAINT incidents_check CHECK (((phase = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT incidents_check1 CHECK (((lat_deg IS NULL) = (lon_deg IS NULL))),
    CONSTRAINT incidents_merged_check CHECK (((merged_into IS NULL) OR ((phase = 'closed'::text) AND (outcome = 'merged'::text)))),
    CONSTRAINT incidents_outcome_check CHECK ((outcome = ANY (ARRAY['accident'::text, 'trouble'::text, 'driver_fine'::text, 'false_alarm'::text, 'mistake'::text, 'pothole'::text, 'drop'::text, 'test'::text, 'merged'::text]))),
    CONSTRAINT incidents_phase_check CHECK ((phase = ANY (ARRAY['reaching'::text, 'helping'::text, 'settling'::text, 'closed'::text]))),
    CONSTRAINT incidents_road_check CHECK ((road = ANY (ARRAY['general'::text, 'expressway'::text, 'unknown'::text]))),
    CONSTRAINT incidents_severity_check CHECK ((severity = ANY (ARRAY['light'::text, 'moderate'::text, 'severe'::text, 'very_severe'::text]))),
    CONSTRAINT incidents_trigger_check CHECK ((trigger = ANY (ARRAY['impact'::text, 'long_press'::text, 'short_press'::text, 'phone_crash'::text, 'call'::text])))
)
WITH (fillfactor='70');

COMMENT ON COLUMN public.incidents.state IS 'the value incident.decide works on; the other columns repeat parts of it for queries';

COMMENT ON COLUMN public.incidents.place IS 'what the directories said of its position when it got there; null without a position';

COMMENT ON COLUMN public.incidents.firmware IS 'what the device ran when the incident opened; null without a device, or where it had not told';

COMMENT ON COLUMN public.incidents.merged_into IS 'where it goes on: whatever comes for this one later is about that one';

CREATE VIEW public.incident_verdicts AS
 SELECT id,
    closed_at,
    trigger,
    firmware,
        CASE
            WHEN (trigger = 'impact'::text) THEN (EXISTS ( SELECT
               FROM public.impacts m
              WHERE ((m.incident_id = i.id) AND (jsonb_typeof((m.analysis -> 'mount'::text)) = 'object'::text))))
            ELSE NULL::boolean
        END AS mount_known,
        CASE
            WHEN (outcome = ANY (ARRAY['accident'::text, 'trouble'::text])) THEN 'real'::text
            WHEN (outcome = ANY (ARRAY['false_alarm'::text, 'mistake'::text, 'pothole'::text, 'drop'::text])) THEN 'false'::text
            ELSE 'unclear'::text
        END AS verdict
   FROM public.incidents i
  WHERE ((phase = 'closed'::text) AND (outcome <> ALL (ARRAY['test'::text, 'merged'::text])));

COMMENT ON VIEW public.incident_verdicts IS 'unclear: the driver said that all is well, which says nothing of what was felt; tests and merged ones are not counted';

COMMENT ON COLUMN public.incident_verdicts.mount_known IS 'whether it was known how the device sat in the car; null for what is no impact';

CREATE TABLE public.landmarks (
    kind text NOT NULL,
    name_ja text NOT NULL,
    name_en text NOT NULL,
    number text NOT NULL,
    lat_deg double precision NOT NULL,
    lon_deg double precision NOT NULL,
    source text NOT NULL,
    as_of date NOT NULL,
    CONSTRAINT landmarks_kind_check CHECK ((kind = ANY (ARRAY['hospital'::text, 'police'::text])))
);

CREATE TABLE public.messages (
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    channel text NOT NULL,
    template text NOT NULL,
    language text NOT NULL,
    number text,
    body text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    sid text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    sent_at timestamp with time zone,
    party text DEFAULT 'driver'::text NOT NULL,
    email text,
    subject text DEFAULT ''::text NOT NULL,
    code text,
    delivered_at timestamp with time zone,
    CONSTRAINT messages_channel_check CHECK ((channel = ANY (ARRAY['push'::text, 'sms'::text, 'mail'::text]))),
    CONSTRAINT messages_language_check CHECK ((language = ANY (ARRAY['ja'::text, 'en'::text]))),
    CONSTRAINT messages_party_check CHECK ((party = ANY (ARRAY['driver'::text, 'contact'::text]))),
    CONSTRAINT messages_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sent'::text, 'delivered'::text, 'read'::text, 'failed'::text, 'unknown'::text])))
);

COMMENT ON COLUMN public.messages.code IS 'why it failed: the carrier''s, mail server''s or push service''s own code, or a word of ours';

CREATE TABLE public.municipality_outlines (
    code text NOT NULL,
    name_ja text NOT NULL,
    outline polygon NOT NULL,
    bounds box GENERATED ALWAYS AS (box(outline)) STORED NOT NULL,
    CONSTRAINT municipality_outlines_code_check CHECK ((code ~ '^[0-9]{5}$'::text))
);

COMMENT ON COLUMN public.municipality_outlines.outline IS 'one ring of (longitude, latitude) in degrees; a place inside an odd number of a code''s rings is in it';

CREATE TABLE public.outbox (
    id uuid NOT NULL,
    incident_id uuid,
    kind text NOT NULL,
    device_id text,
    payload jsonb NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    priority smallint DEFAULT 5 NOT NULL,
    due_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    lease_until timestamp with time zone,
    error text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['call'::text, 'cancel_call'::text, 'check_call'::text, 'connect_call'::text, 'sms'::text, 'push'::text, 'mail'::text, 'provider'::text, 'command'::text]))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sending'::text, 'unknown'::text, 'done'::text, 'failed'::text, 'expired'::text])))
);

CREATE TABLE public.phone_crashes (
    holder_id uuid NOT NULL,
    event_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    source text NOT NULL,
    late boolean NOT NULL,
    lat_deg double precision,
    lon_deg double precision,
    incident_id uuid,
    CONSTRAINT phone_crashes_check CHECK (((lat_deg IS NULL) = (lon_deg IS NULL)))
);

COMMENT ON COLUMN public.phone_crashes.event_id IS 'given by the telephone, so that the same event told twice is one';

CREATE TABLE public.phones (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    holder_id uuid NOT NULL,
    number text NOT NULL,
    rank smallint DEFAULT 1 NOT NULL,
    CONSTRAINT phones_number_check CHECK ((number ~ '^\+[1-9][0-9]{6,14}$'::text))
);

CREATE TABLE public.place_imports (
    kind text NOT NULL,
    entries integer NOT NULL,
    imported_at timestamp with time zone NOT NULL,
    CONSTRAINT place_imports_kind_check CHECK ((kind = ANY (ARRAY['fire'::text, 'roads'::text, 'municipalities'::text, 'landmarks'::text])))
);

CREATE TABLE public.policies (
    id text NOT NULL,
    holder_id uuid NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT policies_check CHECK ((valid_to > valid_from)),
    CONSTRAINT policies_id_check CHECK ((id ~ '^[A-Za-z0-9-]{3,40}$'::text))
);

CREATE TABLE public.policyholders (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    language text DEFAULT 'ja'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    birth_year smallint,
    reach text DEFAULT 'voice'::text NOT NULL,
    reach_consent_at timestamp with time zone,
    email text,
    email_agreed_on date,
    token_number integer DEFAULT 0 NOT NULL,
    CONSTRAINT policyholders_birth_year_check CHECK ((birth_year >= 1900)),
    CONSTRAINT policyholders_language_check CHECK ((language = ANY (ARRAY['ja'::text, 'en'::text]))),
    CONSTRAINT policyholders_reach_check CHECK ((reach = ANY (ARRAY['voice'::text, 'slow_voice'::text, 'text'::text]))),
    CONSTRAINT policyholders_reach_with_consent CHECK (((reach = 'voice'::text) OR (reach_consent_at IS NOT NULL)))
);

COMMENT ON COLUMN public.policyholders.birth_year IS 'null where it was not told';

COMMENT ON COLUMN public.policyholders.reach IS 'their own stated preference, kept with their consent; never guessed';

COMMENT ON COLUMN public.policyholders.email_agreed_on IS 'when the holder agreed to reports by e-mail; none are sent without';

COMMENT ON COLUMN public.policyholders.token_number IS 'carried by the token that counts';

CREATE TABLE public.presses (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    device_id text NOT NULL,
    boot_id bigint NOT NULL,
    sequence bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    held_ms bigint NOT NULL,
    late boolean NOT NULL,
    defects text[] NOT NULL,
    lat_deg double precision,
    lon_deg double precision,
    incident_id uuid,
    CONSTRAINT presses_kind_check CHECK ((kind = ANY (ARRAY['long_press'::text, 'short_press'::text])))
);

CREATE TABLE public.providers (
    id text NOT NULL,
    name text NOT NULL,
    mode text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    url text,
    secret text,
    skills text[] DEFAULT '{}'::text[] NOT NULL,
    lat_deg double precision,
    lon_deg double precision,
    radius_km double precision,
    arrival_s double precision,
    token_number integer DEFAULT 0 NOT NULL,
    CONSTRAINT providers_arrival_s_check CHECK ((arrival_s > (0)::double precision)),
    CONSTRAINT providers_centre_complete CHECK (((mode = 'units'::text) OR (num_nulls(url, secret, lat_deg, lon_deg, radius_km, arrival_s) = 0))),
    CONSTRAINT providers_id_check CHECK ((id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$'::text)),
    CONSTRAINT providers_mode_check CHECK ((mode = ANY (ARRAY['units'::text, 'centre'::text]))),
    CONSTRAINT providers_name_check CHECK ((name <> ''::text)),
    CONSTRAINT providers_radius_km_check CHECK ((radius_km > (0)::double precision)),
    CONSTRAINT providers_skills_check CHECK ((skills <@ ARRAY['guard'::text, 'roadside'::text, 'tow'::text, 'battery'::text, 'tyre'::text, 'key'::text, 'fuel'::text]))
);

COMMENT ON COLUMN public.providers.mode IS 'units: its units are asked one by one; centre: its control centre takes work as a whole';

COMMENT ON COLUMN public.providers.secret IS 'signs what is posted to url';

COMMENT ON COLUMN public.providers.arrival_s IS 'how soon it undertakes to be anywhere within radius_km';

COMMENT ON COLUMN public.providers.token_number IS 'carried by the token that counts';

CREATE TABLE public.push_subscriptions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    holder_id uuid NOT NULL,
    endpoint text NOT NULL,
    p256dh text NOT NULL,
    auth text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.road_posts (
    road_ja text NOT NULL,
    road_en text NOT NULL,
    direction_ja text NOT NULL,
    direction_en text NOT NULL,
    travel text NOT NULL,
    kind text NOT NULL,
    km double precision NOT NULL,
    lat_deg double precision NOT NULL,
    lon_deg double precision NOT NULL,
    tunnel boolean NOT NULL,
    CONSTRAINT road_posts_kind_check CHECK ((kind = ANY (ARRAY['expressway'::text, 'motor_road'::text, 'general'::text]))),
    CONSTRAINT road_posts_travel_check CHECK ((travel = ANY (ARRAY['rising'::text, 'falling'::text, 'both'::text])))
);

COMMENT ON COLUMN public.road_posts.travel IS 'whether kilometres rise or fall as one drives; both: one row of posts for both carriageways';

CREATE TABLE public.route_requests (
    incident_id uuid NOT NULL,
    asked_at timestamp with time zone NOT NULL
);

CREATE TABLE public.routes (
    incident_id uuid NOT NULL,
    unit_id text NOT NULL,
    drive_s double precision NOT NULL,
    asked_at timestamp with time zone NOT NULL
);

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.series (
    name text NOT NULL,
    partition_width interval NOT NULL
);

COMMENT ON TABLE public.series IS 'time series tables and the width of their partitions';

CREATE TABLE public.sign_in_tries (
    name_sha256 bytea NOT NULL,
    failed integer NOT NULL,
    tried_at timestamp with time zone NOT NULL,
    waits_until timestamp with time zone
);

COMMENT ON TABLE public.sign_in_tries IS 'in a row, also for names that nobody has: the wait must not tell them apart';

COMMENT ON COLUMN public.sign_in_tries.name_sha256 IS 'of the name as it was typed, which may be a password by mistake; or of a session, or of a known browser and the name';

CREATE TABLE public.staff (
    name text NOT NULL,
    role text NOT NULL,
    language text DEFAULT 'ja'::text NOT NULL,
    password_hash text,
    totp_secret text,
    totp_confirmed_at timestamp with time zone,
    totp_step bigint,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    signed_in_at timestamp with time zone,
    disabled_at timestamp with time zone,
    CONSTRAINT staff_language_check CHECK ((language = ANY (ARRAY['ja'::text, 'en'::text]))),
    CONSTRAINT staff_name_check CHECK ((name <> ''::text)),
    CONSTRAINT staff_role_check CHECK ((role = ANY (ARRAY['operator'::text, 'supervisor'::text, 'admin'::text, 'auditor'::text]))),
    CONSTRAINT staff_totp_whole CHECK (((totp_confirmed_at IS NULL) OR (totp_secret IS NOT NULL)))
);

COMMENT ON COLUMN public.staff.name IS 'the same as at the desk, and in every log';

COMMENT ON COLUMN public.staff.password_hash IS 'Argon2id with its parameters; null for who cannot sign in by a password';

COMMENT ON COLUMN public.staff.totp_secret IS 'asked for only once it is confirmed';

COMMENT ON COLUMN public.staff.totp_step IS 'of the code used last: none is taken twice';

COMMENT ON COLUMN public.staff.signed_in_at IS 'last';

CREATE TABLE public.staff_browsers (
    id_sha256 bytea NOT NULL,
    name text NOT NULL,
    signed_in_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

COMMENT ON TABLE public.staff_browsers IS 'who shares a browser at the desk is known there each by themself';

COMMENT ON COLUMN public.staff_browsers.id_sha256 IS 'of the id, which only the browser has';

COMMENT ON COLUMN public.staff_browsers.signed_in_at IS 'last; known for a while from then on';

CREATE TABLE public.staff_recovery_codes (
    name text NOT NULL,
    code_sha256 bytea NOT NULL,
    used_at timestamp with time zone
);

COMMENT ON TABLE public.staff_recovery_codes IS 'random codes of 80 bits: there is nothing to guess, so a plain hash serves';

CREATE TABLE public.staff_sessions (
    id_sha256 bytea NOT NULL,
    name text NOT NULL,
    csrf_token text NOT NULL,
    began_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    locked_at timestamp with time zone,
    looking_at uuid,
    looked_at timestamp with time zone
);

COMMENT ON COLUMN public.staff_sessions.id_sha256 IS 'of the id, which only the browser has';

COMMENT ON COLUMN public.staff_sessions.looking_at IS 'the incident that is open there, and, in looked_at, when that was last said';

CREATE TABLE public.timers (
    incident_id uuid NOT NULL,
    name text NOT NULL,
    generation integer NOT NULL,
    due_at timestamp with time zone NOT NULL
);

CREATE TABLE public.units (
    id text NOT NULL,
    name text NOT NULL,
    on_shift boolean DEFAULT false NOT NULL,
    lat_deg double precision NOT NULL,
    lon_deg double precision NOT NULL,
    position_at timestamp with time zone DEFAULT now() NOT NULL,
    skills text[] NOT NULL,
    provider_id text,
    base_lat_deg double precision NOT NULL,
    base_lon_deg double precision NOT NULL,
    shift_from time without time zone,
    shift_to time without time zone,
    language text DEFAULT 'ja'::text NOT NULL,
    token_number integer DEFAULT 0 NOT NULL,
    CONSTRAINT units_able CHECK ((cardinality(skills) > 0)),
    CONSTRAINT units_id_check CHECK ((id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$'::text)),
    CONSTRAINT units_language_check CHECK ((language = ANY (ARRAY['ja'::text, 'en'::text]))),
    CONSTRAINT units_shift_whole CHECK (((shift_from IS NULL) = (shift_to IS NULL))),
    CONSTRAINT units_skills_check CHECK ((skills <@ ARRAY['guard'::text, 'roadside'::text, 'tow'::text, 'battery'::text, 'tyre'::text, 'key'::text, 'fuel'::text]))
);

COMMENT ON COLUMN public.units.shift_from IS 'Japan time; null: whenever it says that it is on shift';

COMMENT ON COLUMN public.units.token_number IS 'carried by the token that counts';

CREATE TABLE public.units_out_of_service (
    unit_id text NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    until timestamp with time zone,
    reason text NOT NULL,
    taken_by text NOT NULL,
    CONSTRAINT units_out_of_service_reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT units_out_of_service_taken_by_check CHECK ((taken_by <> ''::text))
);

COMMENT ON TABLE public.units_out_of_service IS 'as it stands; who did what and why is in the access log';

COMMENT ON COLUMN public.units_out_of_service.since IS 'names it: what takes its place has another';

COMMENT ON COLUMN public.units_out_of_service.until IS 'null: until somebody puts it back; what is past counts no more';

CREATE TABLE public.vehicles (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    policy_id text NOT NULL,
    plate text NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    colour text DEFAULT ''::text NOT NULL,
    retired_at timestamp with time zone,
    fuel text,
    CONSTRAINT vehicles_fuel_check CHECK ((fuel = ANY (ARRAY['petrol'::text, 'diesel'::text, 'hybrid'::text, 'electric'::text, 'hydrogen'::text, 'lpg'::text])))
);

COMMENT ON COLUMN public.vehicles.fuel IS 'what rescuers must know of; null where it was not told';

ALTER TABLE ONLY public.accel_frames ATTACH PARTITION public.accel_frames_default DEFAULT;

ALTER TABLE ONLY public.device_status ATTACH PARTITION public.device_status_default DEFAULT;

ALTER TABLE ONLY public.gps_fixes ATTACH PARTITION public.gps_fixes_default DEFAULT;

ALTER TABLE ONLY public.accel_frames
    ADD CONSTRAINT accel_frames_once UNIQUE (device_id, boot_id, sequence, at);

ALTER TABLE ONLY public.accel_frames_default
    ADD CONSTRAINT accel_frames_default_device_id_boot_id_sequence_at_key UNIQUE (device_id, boot_id, sequence, at);

ALTER TABLE ONLY public.access_log
    ADD CONSTRAINT access_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.alarms
    ADD CONSTRAINT alarms_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.answer_links
    ADD CONSTRAINT answer_links_incident_id_party_key UNIQUE (incident_id, party);

ALTER TABLE ONLY public.answer_links
    ADD CONSTRAINT answer_links_pkey PRIMARY KEY (token);

ALTER TABLE ONLY public.audits
    ADD CONSTRAINT audits_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_incident_id_party_attempt_key UNIQUE (incident_id, party, attempt);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_sid_key UNIQUE (sid);

ALTER TABLE ONLY public.candidates
    ADD CONSTRAINT candidates_pkey PRIMARY KEY (device_id, boot_id, lane, uptime_ms);

ALTER TABLE ONLY public.carrier_health
    ADD CONSTRAINT carrier_health_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.dead_letter_days
    ADD CONSTRAINT dead_letter_days_pkey PRIMARY KEY (device_id, day);

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.desk_members
    ADD CONSTRAINT desk_members_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.device_boots
    ADD CONSTRAINT device_boots_pkey PRIMARY KEY (device_id, boot_id);

ALTER TABLE ONLY public.device_mounts
    ADD CONSTRAINT device_mounts_pkey PRIMARY KEY (device_id);

ALTER TABLE ONLY public.device_presence
    ADD CONSTRAINT device_presence_pkey PRIMARY KEY (device_id);

ALTER TABLE ONLY public.device_status
    ADD CONSTRAINT device_status_once UNIQUE (device_id, boot_id, sequence, at);

ALTER TABLE ONLY public.device_status_default
    ADD CONSTRAINT device_status_default_device_id_boot_id_sequence_at_key UNIQUE (device_id, boot_id, sequence, at);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.dispatch_checks
    ADD CONSTRAINT dispatch_checks_pkey PRIMARY KEY (dispatch_id, item);

ALTER TABLE ONLY public.dispatch_offers
    ADD CONSTRAINT dispatch_offers_dispatch_id_asked_key UNIQUE (dispatch_id, asked);

ALTER TABLE ONLY public.dispatch_offers
    ADD CONSTRAINT dispatch_offers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.dispatch_photos
    ADD CONSTRAINT dispatch_photos_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.dispatches
    ADD CONSTRAINT dispatches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.emergency_contacts
    ADD CONSTRAINT emergency_contacts_holder_id_rank_key UNIQUE (holder_id, rank);

ALTER TABLE ONLY public.emergency_contacts
    ADD CONSTRAINT emergency_contacts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.escalation_plans
    ADD CONSTRAINT escalation_plans_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.escalation_plans
    ADD CONSTRAINT escalation_plans_sha256_key UNIQUE (sha256);

ALTER TABLE ONLY public.event_queue
    ADD CONSTRAINT event_queue_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY public.event_stream
    ADD CONSTRAINT event_stream_event_id_key UNIQUE (event_id);

ALTER TABLE ONLY public.event_stream
    ADD CONSTRAINT event_stream_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.evidence_due
    ADD CONSTRAINT evidence_due_pkey PRIMARY KEY (impact_id);

ALTER TABLE ONLY public.fire_headquarters
    ADD CONSTRAINT fire_headquarters_pkey PRIMARY KEY (municipality_code);

ALTER TABLE ONLY public.gps_fixes
    ADD CONSTRAINT gps_fixes_once UNIQUE (device_id, boot_id, sequence, ordinal, at);

ALTER TABLE ONLY public.gps_fixes_default
    ADD CONSTRAINT gps_fixes_default_device_id_boot_id_sequence_ordinal_at_key UNIQUE (device_id, boot_id, sequence, ordinal, at);

ALTER TABLE ONLY public.impact_fixes
    ADD CONSTRAINT impact_fixes_pkey PRIMARY KEY (impact_id, uptime_ms);

ALTER TABLE ONLY public.impact_frames
    ADD CONSTRAINT impact_frames_pkey PRIMARY KEY (impact_id, sequence);

ALTER TABLE ONLY public.impact_parts
    ADD CONSTRAINT impact_parts_pkey PRIMARY KEY (device_id, boot_id, sequence);

ALTER TABLE ONLY public.impacts
    ADD CONSTRAINT impacts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.incident_events
    ADD CONSTRAINT incident_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.incident_notes
    ADD CONSTRAINT incident_notes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_sid_key UNIQUE (sid);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.phone_crashes
    ADD CONSTRAINT phone_crashes_pkey PRIMARY KEY (holder_id, event_id);

ALTER TABLE ONLY public.phones
    ADD CONSTRAINT phones_holder_id_rank_key UNIQUE (holder_id, rank);

ALTER TABLE ONLY public.phones
    ADD CONSTRAINT phones_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.place_imports
    ADD CONSTRAINT place_imports_pkey PRIMARY KEY (kind);

ALTER TABLE ONLY public.policies
    ADD CONSTRAINT policies_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.policyholders
    ADD CONSTRAINT policyholders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.presses
    ADD CONSTRAINT presses_device_id_boot_id_sequence_key UNIQUE (device_id, boot_id, sequence);

ALTER TABLE ONLY public.presses
    ADD CONSTRAINT presses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.providers
    ADD CONSTRAINT providers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscriptions_endpoint_key UNIQUE (endpoint);

ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscriptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.road_posts
    ADD CONSTRAINT road_posts_pkey PRIMARY KEY (road_ja, direction_ja, km);

ALTER TABLE ONLY public.route_requests
    ADD CONSTRAINT route_requests_pkey PRIMARY KEY (incident_id);

ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_pkey PRIMARY KEY (incident_id, unit_id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.series
    ADD CONSTRAINT series_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.sign_in_tries
    ADD CONSTRAINT sign_in_tries_pkey PRIMARY KEY (name_sha256);

ALTER TABLE ONLY public.staff_browsers
    ADD CONSTRAINT staff_browsers_pkey PRIMARY KEY (id_sha256, name);

ALTER TABLE ONLY public.staff
    ADD CONSTRAINT staff_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.staff_recovery_codes
    ADD CONSTRAINT staff_recovery_codes_pkey PRIMARY KEY (name, code_sha256);

ALTER TABLE ONLY public.staff_sessions
    ADD CONSTRAINT staff_sessions_pkey PRIMARY KEY (id_sha256);

ALTER TABLE ONLY public.timers
    ADD CONSTRAINT timers_pkey PRIMARY KEY (incident_id, name);

ALTER TABLE ONLY public.units_out_of_service
    ADD CONSTRAINT units_out_of_service_pkey PRIMARY KEY (unit_id);

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.vehicles
    ADD CONSTRAINT vehicles_pkey PRIMARY KEY (id);

CREATE INDEX access_log_by_actor ON public.access_log USING btree (actor, id);

CREATE INDEX access_log_by_object ON public.access_log USING btree (object);

CREATE INDEX access_log_by_time ON public.access_log USING btree (at);

CREATE INDEX calls_by_incident ON public.calls USING btree (incident_id);

CREATE INDEX calls_by_sent ON public.calls USING btree (sent_at);

CREATE UNIQUE INDEX calls_one_live_per_operator ON public.calls USING btree (operator) WHERE (state = ANY (ARRAY['waiting'::text, 'sending'::text, 'unknown'::text, 'placed'::text, 'ringing'::text, 'answered'::text]));

CREATE UNIQUE INDEX calls_one_unresolved_per_number ON public.calls USING btree (number) WHERE (state = ANY (ARRAY['sending'::text, 'unknown'::text]));

CREATE INDEX calls_under_way ON public.calls USING btree (number) WHERE (state = ANY (ARRAY['sending'::text, 'unknown'::text, 'placed'::text, 'ringing'::text, 'answered'::text]));

CREATE INDEX calls_waiting ON public.calls USING btree (number) WHERE (state = 'waiting'::text);

CREATE INDEX candidates_due ON public.candidates USING btree (lane, shard, due_at);

CREATE INDEX chat_messages_by_incident ON public.chat_messages USING btree (incident_id, at);

CREATE INDEX dead_letters_by_time ON public.dead_letters USING btree (received_at);

CREATE INDEX devices_by_vehicle ON public.devices USING btree (vehicle_id);

CREATE INDEX dispatch_offers_by_provider ON public.dispatch_offers USING btree (provider_id) WHERE (state = ANY (ARRAY['open'::text, 'accepted'::text]));

CREATE UNIQUE INDEX dispatch_offers_one_accepted ON public.dispatch_offers USING btree (dispatch_id) WHERE (state = 'accepted'::text);

CREATE UNIQUE INDEX dispatch_offers_one_engagement_per_unit ON public.dispatch_offers USING btree (unit_id) WHERE (state = ANY (ARRAY['open'::text, 'accepted'::text]));

CREATE INDEX dispatch_photos_by_dispatch ON public.dispatch_photos USING btree (dispatch_id, at);

CREATE INDEX dispatches_by_incident ON public.dispatches USING btree (incident_id);

CREATE UNIQUE INDEX dispatches_one_open_per_kind ON public.dispatches USING btree (incident_id, kind) WHERE (state = ANY (ARRAY['requested'::text, 'offered'::text, 'accepted'::text, 'en_route'::text, 'on_scene'::text, 'secured'::text]));

CREATE UNIQUE INDEX dispatches_one_open_per_unit ON public.dispatches USING btree (unit_id) WHERE (state = ANY (ARRAY['offered'::text, 'accepted'::text, 'en_route'::text, 'on_scene'::text, 'secured'::text]));

CREATE INDEX evidence_due_by_shard ON public.evidence_due USING btree (shard, due_at);

CREATE INDEX gps_fixes_by_device ON ONLY public.gps_fixes USING btree (device_id, at);

CREATE INDEX gps_fixes_default_device_id_at_idx ON public.gps_fixes_default USING btree (device_id, at);

CREATE INDEX impact_parts_by_uptime ON public.impact_parts USING btree (device_id, boot_id, uptime_ms);

CREATE INDEX impacts_by_device ON public.impacts USING btree (device_id, boot_id, uptime_ms);

CREATE INDEX impacts_by_incident ON public.impacts USING btree (incident_id);

CREATE INDEX impacts_by_time ON public.impacts USING btree (at DESC, id DESC);

CREATE INDEX incident_events_by_incident ON public.incident_events USING btree (incident_id, id);

CREATE INDEX incident_events_of_answers ON public.incident_events USING btree (incident_id, kind, at) WHERE (kind = ANY (ARRAY['answered'::text, 'line_waits'::text, 'line_connected'::text, 'desk_answered'::text]));

CREATE INDEX incident_notes_by_incident ON public.incident_notes USING btree (incident_id, at);

CREATE INDEX incidents_by_closed ON public.incidents USING btree (closed_at) WHERE (phase = 'closed'::text);

CREATE INDEX incidents_by_device ON public.incidents USING btree (device_id, opened_at DESC);

CREATE INDEX incidents_by_holder ON public.incidents USING btree (holder_id, opened_at DESC);

CREATE INDEX incidents_by_merged_into ON public.incidents USING btree (merged_into) WHERE (merged_into IS NOT NULL);

CREATE INDEX incidents_by_opened ON public.incidents USING btree (opened_at DESC, id DESC);

CREATE INDEX incidents_by_policy ON public.incidents USING btree (policy_id, opened_at DESC);

CREATE INDEX incidents_by_vehicle ON public.incidents USING btree (vehicle_id, opened_at DESC);

CREATE UNIQUE INDEX incidents_one_open_per_device ON public.incidents USING btree (device_id) WHERE (phase <> 'closed'::text);

CREATE INDEX incidents_open ON public.incidents USING btree (opened_at) INCLUDE (id, taken_by) WHERE (phase <> 'closed'::text);

CREATE INDEX incidents_open_by_holder ON public.incidents USING btree (holder_id) WHERE (phase <> 'closed'::text);

CREATE INDEX landmarks_place ON public.landmarks USING gist (point(lon_deg, lat_deg));

CREATE INDEX messages_by_incident ON public.messages USING btree (incident_id);

CREATE INDEX municipality_outlines_by_bounds ON public.municipality_outlines USING gist (bounds);

CREATE INDEX municipality_outlines_by_code ON public.municipality_outlines USING btree (code);

CREATE INDEX outbox_called_off ON public.outbox USING btree (((payload ->> 'call_id'::text))) WHERE ((kind = 'cancel_call'::text) AND (state = ANY (ARRAY['pending'::text, 'sending'::text, 'unknown'::text])));

CREATE INDEX outbox_calls_waiting ON public.outbox USING btree (priority, due_at) WHERE ((kind = 'call'::text) AND (state = 'pending'::text));

CREATE INDEX outbox_commands ON public.outbox USING btree (device_id) WHERE ((kind = 'command'::text) AND (state = 'pending'::text));

CREATE INDEX outbox_commands_unheard ON public.outbox USING btree (expires_at) WHERE ((kind = 'command'::text) AND (state = 'expired'::text) AND (attempts >= 3));

CREATE INDEX outbox_for_providers ON public.outbox USING btree (due_at) WHERE ((kind = 'provider'::text) AND (state = ANY (ARRAY['pending'::text, 'sending'::text])));

CREATE INDEX outbox_waiting ON public.outbox USING btree (due_at) WHERE (state = ANY (ARRAY['pending'::text, 'sending'::text, 'unknown'::text]));

CREATE INDEX presses_by_incident ON public.presses USING btree (incident_id);

CREATE INDEX push_subscriptions_by_holder ON public.push_subscriptions USING btree (holder_id);

CREATE INDEX road_posts_by_place ON public.road_posts USING gist (point(lon_deg, lat_deg));

CREATE INDEX staff_browsers_by_name ON public.staff_browsers USING btree (name, signed_in_at);

CREATE INDEX staff_sessions_by_name ON public.staff_sessions USING btree (name);

CREATE INDEX timers_due ON public.timers USING btree (due_at);

CREATE INDEX timers_searching ON public.timers USING btree (due_at) WHERE (name ~~ 'search:%'::text);

CREATE INDEX units_by_base_latitude ON public.units USING btree (base_lat_deg);

CREATE INDEX units_by_latitude ON public.units USING btree (lat_deg);

CREATE INDEX vehicles_by_policy ON public.vehicles USING btree (policy_id);

ALTER INDEX public.accel_frames_once ATTACH PARTITION public.accel_frames_default_device_id_boot_id_sequence_at_key;

ALTER INDEX public.device_status_once ATTACH PARTITION public.device_status_default_device_id_boot_id_sequence_at_key;

ALTER INDEX public.gps_fixes_by_device ATTACH PARTITION public.gps_fixes_default_device_id_at_idx;

ALTER INDEX public.gps_fixes_once ATTACH PARTITION public.gps_fixes_default_device_id_boot_id_sequence_ordinal_at_key;

CREATE TRIGGER incident_events_append_only BEFORE DELETE OR UPDATE ON public.incident_events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER incident_events_queue AFTER INSERT ON public.incident_events REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.queue_events();

ALTER TABLE ONLY public.answer_links
    ADD CONSTRAINT answer_links_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.candidates
    ADD CONSTRAINT candidates_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.device_boots
    ADD CONSTRAINT device_boots_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.device_mounts
    ADD CONSTRAINT device_mounts_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.device_presence
    ADD CONSTRAINT device_presence_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_vehicle_id_fkey FOREIGN KEY (vehicle_id) REFERENCES public.vehicles(id);

ALTER TABLE ONLY public.dispatch_checks
    ADD CONSTRAINT dispatch_checks_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES public.dispatches(id);

ALTER TABLE ONLY public.dispatch_offers
    ADD CONSTRAINT dispatch_offers_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES public.dispatches(id);

ALTER TABLE ONLY public.dispatch_offers
    ADD CONSTRAINT dispatch_offers_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(id);

ALTER TABLE ONLY public.dispatch_offers
    ADD CONSTRAINT dispatch_offers_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES public.units(id);

ALTER TABLE ONLY public.dispatch_photos
    ADD CONSTRAINT dispatch_photos_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES public.dispatches(id);

ALTER TABLE ONLY public.dispatches
    ADD CONSTRAINT dispatches_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.dispatches
    ADD CONSTRAINT dispatches_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(id);

ALTER TABLE ONLY public.dispatches
    ADD CONSTRAINT dispatches_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES public.units(id);

ALTER TABLE ONLY public.emergency_contacts
    ADD CONSTRAINT emergency_contacts_holder_id_fkey FOREIGN KEY (holder_id) REFERENCES public.policyholders(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.event_stream
    ADD CONSTRAINT event_stream_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.incident_events(id);

ALTER TABLE ONLY public.evidence_due
    ADD CONSTRAINT evidence_due_impact_id_fkey FOREIGN KEY (impact_id) REFERENCES public.impacts(id);

ALTER TABLE ONLY public.impact_fixes
    ADD CONSTRAINT impact_fixes_impact_id_fkey FOREIGN KEY (impact_id) REFERENCES public.impacts(id);

ALTER TABLE ONLY public.impact_frames
    ADD CONSTRAINT impact_frames_impact_id_fkey FOREIGN KEY (impact_id) REFERENCES public.impacts(id);

ALTER TABLE ONLY public.impact_parts
    ADD CONSTRAINT impact_parts_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.impacts
    ADD CONSTRAINT impacts_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.impacts
    ADD CONSTRAINT impacts_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.incident_events
    ADD CONSTRAINT incident_events_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.incident_notes
    ADD CONSTRAINT incident_notes_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_holder_id_fkey FOREIGN KEY (holder_id) REFERENCES public.policyholders(id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_plan_version_fkey FOREIGN KEY (plan_version) REFERENCES public.escalation_plans(version);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES public.policies(id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_vehicle_id_fkey FOREIGN KEY (vehicle_id) REFERENCES public.vehicles(id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.phone_crashes
    ADD CONSTRAINT phone_crashes_holder_id_fkey FOREIGN KEY (holder_id) REFERENCES public.policyholders(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.phone_crashes
    ADD CONSTRAINT phone_crashes_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.phones
    ADD CONSTRAINT phones_holder_id_fkey FOREIGN KEY (holder_id) REFERENCES public.policyholders(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.policies
    ADD CONSTRAINT policies_holder_id_fkey FOREIGN KEY (holder_id) REFERENCES public.policyholders(id);

ALTER TABLE ONLY public.presses
    ADD CONSTRAINT presses_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.presses
    ADD CONSTRAINT presses_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscriptions_holder_id_fkey FOREIGN KEY (holder_id) REFERENCES public.policyholders(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.route_requests
    ADD CONSTRAINT route_requests_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES public.units(id);

ALTER TABLE ONLY public.staff_browsers
    ADD CONSTRAINT staff_browsers_name_fkey FOREIGN KEY (name) REFERENCES public.staff(name);

ALTER TABLE ONLY public.staff_recovery_codes
    ADD CONSTRAINT staff_recovery_codes_name_fkey FOREIGN KEY (name) REFERENCES public.staff(name);

ALTER TABLE ONLY public.staff_sessions
    ADD CONSTRAINT staff_sessions_name_fkey FOREIGN KEY (name) REFERENCES public.staff(name);

ALTER TABLE ONLY public.timers
    ADD CONSTRAINT timers_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);

ALTER TABLE ONLY public.units_out_of_service
    ADD CONSTRAINT units_out_of_service_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES public.units(id);

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.providers(id);

ALTER TABLE ONLY public.vehicles
    ADD CONSTRAINT vehicles_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES public.policies(id);
