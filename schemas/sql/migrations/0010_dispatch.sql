-- Units with skills, bases, shifts and providers; offers with rows of their own; what is done on the scene.

CREATE TABLE providers (
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$'),
    name text NOT NULL CHECK (name <> ''),
    mode text NOT NULL CHECK (mode IN ('units', 'centre')),
    active boolean NOT NULL DEFAULT true,
    url text,
    secret text,
    skills text[] NOT NULL DEFAULT '{}'
        CHECK (skills <@ ARRAY['guard', 'roadside', 'tow', 'battery', 'tyre', 'key', 'fuel']),
    lat_deg double precision,
    lon_deg double precision,
    radius_km double precision CHECK (radius_km > 0),
    arrival_s double precision CHECK (arrival_s > 0),
    CONSTRAINT providers_centre_complete CHECK (
        mode = 'units' OR num_nulls(url, secret, lat_deg, lon_deg, radius_km, arrival_s) = 0)
);
COMMENT ON COLUMN providers.mode IS 'units: its units are asked one by one; centre: its control centre takes work as a whole';
COMMENT ON COLUMN providers.secret IS 'signs what is posted to url';
COMMENT ON COLUMN providers.arrival_s IS 'how soon it undertakes to be anywhere within radius_km';

ALTER TABLE units
    ADD COLUMN skills text[] NOT NULL DEFAULT '{}'
        CHECK (skills <@ ARRAY['guard', 'roadside', 'tow', 'battery', 'tyre', 'key', 'fuel']),
    ADD COLUMN provider_id text REFERENCES providers,
    ADD COLUMN base_lat_deg double precision,
    ADD COLUMN base_lon_deg double precision,
    ADD COLUMN shift_from time,
    ADD COLUMN shift_to time,
    ADD COLUMN language text NOT NULL DEFAULT 'ja' CHECK (language IN ('ja', 'en')),
    ADD CONSTRAINT units_shift_whole CHECK ((shift_from IS NULL) = (shift_to IS NULL));
UPDATE units SET skills = ARRAY[kind], base_lat_deg = lat_deg, base_lon_deg = lon_deg;
ALTER TABLE units
    DROP COLUMN kind,
    ALTER COLUMN skills DROP DEFAULT,
    ALTER COLUMN base_lat_deg SET NOT NULL,
    ALTER COLUMN base_lon_deg SET NOT NULL,
    ADD CONSTRAINT units_able CHECK (cardinality(skills) > 0);
COMMENT ON COLUMN units.shift_from IS 'Japan time; null: whenever it says that it is on shift';
CREATE INDEX units_by_latitude ON units (lat_deg);
CREATE INDEX units_by_base_latitude ON units (base_lat_deg);

ALTER TABLE dispatches DROP CONSTRAINT dispatches_kind_check;
ALTER TABLE dispatches
    ADD CONSTRAINT dispatches_kind_check
        CHECK (kind IN ('guard', 'roadside', 'tow', 'battery', 'tyre', 'key', 'fuel')),
    ADD COLUMN provider_id text REFERENCES providers,
    ADD COLUMN crew text,
    ADD COLUMN sent_by text,
    ADD COLUMN searches jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN reminder text CHECK (reminder IN ('depart', 'confirm_safe')),
    ADD COLUMN reminder_at timestamptz,
    ADD COLUMN safe_at timestamptz,
    ADD COLUMN unchecked_reason text;
COMMENT ON COLUMN dispatches.unit_id IS 'who accepted; while offered, who was asked first of those who may still answer';
COMMENT ON COLUMN dispatches.provider_id IS 'the same for a control centre; crew is what it calls who comes';
COMMENT ON COLUMN dispatches.sent_by IS 'the operator who sent it; null when the plan or the driver did';
COMMENT ON COLUMN dispatches.searches IS 'each time somebody was looked for: who was asked, and why others were not';
COMMENT ON COLUMN dispatches.unchecked_reason IS 'why the scene counts as secured although not all was seen to';
COMMENT ON COLUMN dispatches.reminder IS 'what its unit is reminded of until it does it';

-- Whoever was asked, and what became of it. While open or accepted the unit is engaged.
CREATE TABLE dispatch_offers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    dispatch_id uuid NOT NULL REFERENCES dispatches,
    unit_id text REFERENCES units,
    provider_id text REFERENCES providers,
    asked text NOT NULL GENERATED ALWAYS AS (coalesce(unit_id, '@' || provider_id)) STORED,
    state text NOT NULL CHECK (state IN ('open', 'accepted', 'declined', 'expired', 'taken', 'withdrawn',
                                         'stood_down', 'completed')),
    arrival_s double precision,
    distance_km double precision,
    offered_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    answered_at timestamptz,
    reason text NOT NULL DEFAULT '',
    CHECK (num_nonnulls(unit_id, provider_id) = 1),
    UNIQUE (dispatch_id, asked)
);
COMMENT ON COLUMN dispatch_offers.asked IS 'a unit, or @ and a provider whose control centre was asked';
COMMENT ON COLUMN dispatch_offers.arrival_s IS 'how soon it was expected to arrive when it was asked';
CREATE UNIQUE INDEX dispatch_offers_one_engagement_per_unit ON dispatch_offers (unit_id)
    WHERE state IN ('open', 'accepted');
CREATE UNIQUE INDEX dispatch_offers_one_accepted ON dispatch_offers (dispatch_id) WHERE state = 'accepted';
CREATE INDEX dispatch_offers_by_provider ON dispatch_offers (provider_id) WHERE state IN ('open', 'accepted');

INSERT INTO dispatch_offers (dispatch_id, unit_id, state, offered_at, expires_at, answered_at)
SELECT d.id, d.unit_id,
       CASE WHEN d.state = 'offered' THEN 'open'
            WHEN d.state = 'completed' THEN 'completed'
            WHEN d.state <> 'stood_down' THEN 'accepted'
            WHEN d.accepted_at IS NOT NULL THEN 'stood_down'
            ELSE 'withdrawn' END,
       coalesce(d.offered_at, d.requested_at), coalesce(t.due_at, d.offered_at, d.requested_at),
       CASE WHEN d.state = 'stood_down' THEN coalesce(d.accepted_at, d.ended_at) ELSE d.accepted_at END
FROM dispatches d
LEFT JOIN timers t ON t.incident_id = d.incident_id AND t.name = 'offer:' || d.kind || ':' || d.unit_id
WHERE d.unit_id IS NOT NULL
  AND d.state IN ('offered', 'accepted', 'en_route', 'on_scene', 'secured', 'completed', 'stood_down');

INSERT INTO dispatch_offers (dispatch_id, unit_id, state, offered_at, expires_at)
SELECT DISTINCT d.id, asked, 'expired', d.requested_at, d.requested_at
FROM dispatches d CROSS JOIN unnest(d.tried) asked JOIN units u ON u.id = asked
ON CONFLICT (dispatch_id, asked) DO NOTHING;
ALTER TABLE dispatches DROP COLUMN tried;

-- Incidents that look for somebody are found by every unit that becomes free.
CREATE INDEX timers_searching ON timers (due_at) WHERE name LIKE 'search:%';

-- Driving times from units to incidents, asked of a router ahead of any offer.
CREATE TABLE routes (
    incident_id uuid NOT NULL REFERENCES incidents,
    unit_id text NOT NULL REFERENCES units,
    drive_s double precision NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (incident_id, unit_id)
);
CREATE TABLE route_requests (
    incident_id uuid PRIMARY KEY REFERENCES incidents,
    asked_at timestamptz NOT NULL
);

CREATE TABLE dispatch_checks (
    dispatch_id uuid NOT NULL REFERENCES dispatches,
    item text NOT NULL CHECK (item IN ('people_safe', 'triangle_and_hazard_lights', 'secondary_accident_prevention',
                                       'ambulance', 'police', 'photos', 'other_party', 'towing')),
    state text NOT NULL CHECK (state IN ('done', 'not_needed')),
    note text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    by text NOT NULL,
    PRIMARY KEY (dispatch_id, item)
);
COMMENT ON TABLE dispatch_checks IS 'the latest word on each item; the incident''s record has every one, without the note';

CREATE TABLE dispatch_photos (
    id uuid PRIMARY KEY,
    dispatch_id uuid NOT NULL REFERENCES dispatches,
    at timestamptz NOT NULL,
    by text NOT NULL,
    jpeg bytea NOT NULL CHECK (octet_length(jpeg) <= 5 * 1024 * 1024)
);
ALTER TABLE dispatch_photos ALTER COLUMN jpeg SET STORAGE EXTERNAL;
CREATE INDEX dispatch_photos_by_dispatch ON dispatch_photos (dispatch_id, at);

ALTER TABLE vehicles
    ADD COLUMN fuel text CHECK (fuel IN ('petrol', 'diesel', 'hybrid', 'electric', 'hydrogen', 'lpg'));
COMMENT ON COLUMN vehicles.fuel IS 'what rescuers must know of; null where it was not told';

ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check
    CHECK (kind IN ('call', 'cancel_call', 'check_call', 'connect_call', 'sms', 'push', 'mail', 'provider', 'command'));
CREATE INDEX outbox_for_providers ON outbox (due_at)
    WHERE kind = 'provider' AND state IN ('pending', 'sending');
