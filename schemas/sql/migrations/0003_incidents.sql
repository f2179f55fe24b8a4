-- Incidents, what is done about them, and the record of it.

CREATE TABLE escalation_plans (
    version integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256 text NOT NULL UNIQUE,
    toml text NOT NULL,
    activated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE incidents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    device_id text REFERENCES devices,
    vehicle_id uuid REFERENCES vehicles,
    policy_id text REFERENCES policies,
    holder_id uuid REFERENCES policyholders,
    plan_version integer NOT NULL REFERENCES escalation_plans,
    trigger text NOT NULL CHECK (trigger IN ('impact', 'long_press', 'short_press')),
    severity text CHECK (severity IN ('light', 'moderate', 'severe', 'very_severe')),
    phase text NOT NULL CHECK (phase IN ('reaching', 'helping', 'settling', 'closed')),
    answer text CHECK (answer IN ('fine', 'help', 'ambulance', 'operator')),
    outcome text CHECK (outcome IN ('accident', 'trouble', 'driver_fine', 'false_alarm', 'mistake')),
    taken_by text,
    occurred_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    lat_deg double precision,
    lon_deg double precision,
    position_at timestamptz,
    flags text[] NOT NULL DEFAULT '{}',
    generation integer NOT NULL DEFAULT 0,
    state jsonb NOT NULL,
    CHECK ((phase = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((lat_deg IS NULL) = (lon_deg IS NULL))
);
COMMENT ON COLUMN incidents.state IS 'the value incident.decide works on; the other columns repeat parts of it for queries';
CREATE UNIQUE INDEX incidents_one_open_per_device ON incidents (device_id) WHERE phase <> 'closed';
CREATE INDEX incidents_by_opened ON incidents (opened_at DESC);

CREATE TABLE presses (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    device_id text NOT NULL REFERENCES devices,
    boot_id bigint NOT NULL,
    sequence bigint NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('long_press', 'short_press')),
    held_ms bigint NOT NULL,
    late boolean NOT NULL,
    defects text[] NOT NULL,
    lat_deg double precision,
    lon_deg double precision,
    incident_id uuid REFERENCES incidents,
    UNIQUE (device_id, boot_id, sequence)
);

CREATE TABLE impacts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    device_id text NOT NULL REFERENCES devices,
    boot_id bigint NOT NULL,
    uptime_ms bigint NOT NULL,
    at timestamptz NOT NULL,
    severity text NOT NULL CHECK (severity IN ('knock', 'light', 'moderate', 'severe', 'very_severe')),
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
    revision integer NOT NULL DEFAULT 1,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    incident_id uuid REFERENCES incidents
);
CREATE INDEX impacts_by_device ON impacts (device_id, boot_id, uptime_ms);

-- Append-only. Holds references, not personal words.
CREATE TABLE incident_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX incident_events_by_incident ON incident_events (incident_id, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER incident_events_append_only BEFORE UPDATE OR DELETE ON incident_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A serial id is no resume position: a transaction that commits later with a lower id would
-- never be delivered. One sequencer moves committed events from the queue into the stream.
CREATE TABLE event_queue (
    event_id bigint PRIMARY KEY
);
CREATE TABLE event_stream (
    position bigint PRIMARY KEY,
    event_id bigint NOT NULL UNIQUE REFERENCES incident_events
);
CREATE FUNCTION queue_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO event_queue VALUES (NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER incident_events_queue AFTER INSERT ON incident_events
    FOR EACH ROW EXECUTE FUNCTION queue_event();

-- A timer counts only while its generation is the incident's own.
CREATE TABLE timers (
    incident_id uuid NOT NULL REFERENCES incidents,
    name text NOT NULL,
    generation integer NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (incident_id, name)
);
CREATE INDEX timers_due ON timers (due_at);

-- Effects on their way out. `unknown` means a request was sent and its answer was not heard.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    incident_id uuid REFERENCES incidents,
    kind text NOT NULL CHECK (kind IN ('call', 'cancel_call', 'check_call', 'sms', 'push', 'command')),
    device_id text REFERENCES devices,
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'sending', 'unknown', 'done', 'failed', 'expired')),
    priority smallint NOT NULL DEFAULT 5,
    due_at timestamptz NOT NULL,
    expires_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    lease_until timestamptz,
    error text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_waiting ON outbox (due_at) WHERE state IN ('pending', 'sending', 'unknown');
CREATE INDEX outbox_commands ON outbox (device_id) WHERE kind = 'command' AND state = 'pending';

-- One row per attempt to ring somebody; its id is the outbox row's and travels in every webhook.
CREATE TABLE calls (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    party text NOT NULL CHECK (party IN ('driver', 'contact')),
    attempt integer NOT NULL,
    number text NOT NULL,
    language text NOT NULL CHECK (language IN ('ja', 'en')),
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'sending', 'unknown', 'placed', 'ringing', 'answered', 'ended', 'given_up')),
    sid text UNIQUE,
    end_status text,
    pressed text,
    possible_duplicate boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at timestamptz,
    answered_at timestamptz,
    ended_at timestamptz,
    UNIQUE (incident_id, party, attempt)
);
-- Looking a call up by its number is clear only while one attempt per number is unresolved.
CREATE UNIQUE INDEX calls_one_unresolved_per_number ON calls (number) WHERE state IN ('sending', 'unknown');
CREATE INDEX calls_by_incident ON calls (incident_id);
CREATE INDEX calls_by_sent ON calls (sent_at);

CREATE TABLE messages (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    channel text NOT NULL CHECK (channel IN ('push', 'sms')),
    template text NOT NULL,
    language text NOT NULL CHECK (language IN ('ja', 'en')),
    number text,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'delivered', 'failed', 'unknown')),
    sid text UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at timestamptz
);
CREATE INDEX messages_by_incident ON messages (incident_id);

CREATE TABLE units (
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$'),
    kind text NOT NULL CHECK (kind IN ('guard', 'roadside')),
    name text NOT NULL,
    on_shift boolean NOT NULL DEFAULT false,
    lat_deg double precision NOT NULL,
    lon_deg double precision NOT NULL,
    position_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE dispatches (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    incident_id uuid NOT NULL REFERENCES incidents,
    kind text NOT NULL CHECK (kind IN ('guard', 'roadside')),
    state text NOT NULL CHECK (state IN ('requested', 'offered', 'accepted', 'en_route', 'on_scene', 'secured',
                                         'completed', 'declined', 'offer_expired', 'stood_down', 'failed')),
    unit_id text REFERENCES units,
    tried text[] NOT NULL DEFAULT '{}',
    requested_at timestamptz NOT NULL,
    offered_at timestamptz,
    accepted_at timestamptz,
    eta_at timestamptz,
    en_route_at timestamptz,
    on_scene_at timestamptz,
    secured_at timestamptz,
    ended_at timestamptz,
    report text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX dispatches_one_open_per_kind ON dispatches (incident_id, kind)
    WHERE state IN ('requested', 'offered', 'accepted', 'en_route', 'on_scene', 'secured');
CREATE UNIQUE INDEX dispatches_one_open_per_unit ON dispatches (unit_id)
    WHERE state IN ('offered', 'accepted', 'en_route', 'on_scene', 'secured');

CREATE TABLE access_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    reason text NOT NULL
);
