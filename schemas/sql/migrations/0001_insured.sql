-- Who is insured, what they drive, and which device rides in it.

CREATE TABLE policyholders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    language text NOT NULL DEFAULT 'ja' CHECK (language IN ('ja', 'en')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE policies (
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9-]{3,40}$'),
    holder_id uuid NOT NULL REFERENCES policyholders,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (valid_to > valid_from)
);

CREATE TABLE phones (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    holder_id uuid NOT NULL REFERENCES policyholders ON DELETE CASCADE,
    number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
    rank smallint NOT NULL DEFAULT 1,
    UNIQUE (holder_id, rank)
);

CREATE TABLE emergency_contacts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    holder_id uuid NOT NULL REFERENCES policyholders ON DELETE CASCADE,
    name text NOT NULL,
    relation text NOT NULL DEFAULT '',
    number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
    language text NOT NULL DEFAULT 'ja' CHECK (language IN ('ja', 'en')),
    rank smallint NOT NULL DEFAULT 1,
    UNIQUE (holder_id, rank)
);

CREATE TABLE vehicles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    policy_id text NOT NULL REFERENCES policies,
    plate text NOT NULL,
    model text NOT NULL DEFAULT '',
    colour text NOT NULL DEFAULT ''
);

CREATE TABLE devices (
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$'),
    shard text NOT NULL CHECK (shard ~ '^0[0-9a-f]$'),
    vehicle_id uuid REFERENCES vehicles,
    provisioned_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE INDEX devices_by_vehicle ON devices (vehicle_id);

-- Uptime 0 of each boot on the server's time line: an event whose wall clock cannot
-- be believed is placed by its uptime, the same place each time it is sent again.
CREATE TABLE device_boots (
    device_id text NOT NULL REFERENCES devices,
    boot_id bigint NOT NULL,
    anchor_at timestamptz NOT NULL,
    first_heard_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_id, boot_id)
);

-- What was last heard of each device's state; uptime_ms and heard_at belong together.
CREATE TABLE device_presence (
    device_id text PRIMARY KEY REFERENCES devices,
    online boolean NOT NULL,
    boot_id bigint NOT NULL,
    sequence bigint NOT NULL,
    uptime_ms bigint NOT NULL,
    heard_at timestamptz NOT NULL,
    firmware text NOT NULL DEFAULT ''
);
