-- name: make_people
INSERT INTO policyholders (id, name) SELECT md5('holder' || n)::uuid, '契約者 ' || n
FROM generate_series(%(first)s::integer, %(last)s) n;

-- name: make_phones
INSERT INTO phones (holder_id, number) SELECT md5('holder' || n)::uuid, '+8190' || to_char(n, 'FM00000000')
FROM generate_series(%(first)s::integer, %(last)s) n;

-- name: make_contacts
INSERT INTO emergency_contacts (holder_id, name, number)
SELECT md5('holder' || n)::uuid, '家族 ' || n, '+8180' || to_char(n, 'FM00000000') FROM generate_series(%(first)s::integer, %(last)s) n;

-- name: make_policies
INSERT INTO policies (id, holder_id, valid_from, valid_to)
SELECT 'P-' || n, md5('holder' || n)::uuid, '2020-04-01', '2099-03-31' FROM generate_series(%(first)s::integer, %(last)s) n;

-- name: make_vehicles
INSERT INTO vehicles (id, policy_id, plate, model)
SELECT md5('vehicle' || n)::uuid, 'P-' || n, '品川 300 あ ' || n, 'Prius' FROM generate_series(%(first)s::integer, %(last)s) n;

-- name: make_devices
INSERT INTO devices (id, shard, vehicle_id)
SELECT 'bench-' || n, '00', md5('vehicle' || n)::uuid FROM generate_series(%(first)s::integer, %(last)s) n;

-- name: timers_of
SELECT name FROM timers WHERE incident_id = %(id)s;

-- name: multiply_incidents
-- Whatever columns there are: all but whose it is stays as the model's opening left it.
INSERT INTO incidents
SELECT clone.* FROM generate_series(%(first)s::integer, %(last)s, %(apart)s) n, incidents model,
       jsonb_populate_record(model, jsonb_build_object(
           'id', md5('incident' || n)::uuid, 'device_id', 'bench-' || n, 'vehicle_id', md5('vehicle' || n)::uuid,
           'policy_id', 'P-' || n, 'holder_id', md5('holder' || n)::uuid)) clone
WHERE model.id = %(model)s;

-- name: multiply_events
INSERT INTO incident_events (incident_id, at, actor, kind, data)
SELECT md5('incident' || n)::uuid, at, actor, kind, data
FROM generate_series(%(first)s::integer, %(last)s, %(apart)s) n, incident_events WHERE incident_id = %(model)s;

-- name: multiply_timers
INSERT INTO timers
SELECT clone.* FROM generate_series(%(first)s::integer, %(last)s, %(apart)s) n, timers model,
       jsonb_populate_record(model, jsonb_build_object(
           'incident_id', md5('incident' || n)::uuid,
           'due_at', clock_timestamp() + (1 + random()) * interval '1 hour')) clone
WHERE model.incident_id = %(model)s;

-- name: make_firing
CREATE TABLE firing (incident_id uuid PRIMARY KEY, name text NOT NULL, phase integer, due_at timestamptz);

-- name: choose_timer
INSERT INTO firing (incident_id, name)
SELECT md5('incident' || n)::uuid, %(name)s FROM generate_series(%(first)s::integer, %(last)s, %(apart)s) n;

-- name: let_come_due
-- So many that were not chosen before, at any moment of the coming seconds, as the world has it.
WITH chosen AS (
    UPDATE firing SET phase = %(phase)s,
           due_at = clock_timestamp() + %(lead)s::interval + random() * %(within)s::interval
    WHERE incident_id IN (SELECT incident_id FROM firing WHERE phase IS NULL ORDER BY incident_id LIMIT %(many)s)
    RETURNING incident_id, name, due_at
)
UPDATE timers SET due_at = chosen.due_at FROM chosen
WHERE timers.incident_id = chosen.incident_id AND timers.name = chosen.name;

-- name: left_over
SELECT count(*) AS many FROM firing JOIN timers USING (incident_id, name) WHERE phase = %(phase)s;

-- name: committed
-- From when it was due to the commit of the outbox row it led to, by the server's own record of commits.
SELECT extract(epoch FROM pg_xact_commit_timestamp(o.xmin) - f.due_at)::float8 * 1000 AS late_ms,
       extract(epoch FROM pg_xact_commit_timestamp(o.xmin))::float8 AS at_s, o.xmin::text AS transaction
FROM firing f JOIN outbox o USING (incident_id) WHERE f.phase = %(phase)s ORDER BY 2;

-- name: begin_earlier
-- A car whose speed nobody knows counts as driving when its incident opens, and as standing a minute later.
UPDATE incidents SET state = jsonb_set(state, '{plan_from}',
    to_jsonb((state ->> 'plan_from')::timestamptz - interval '1 minute'));

-- name: effects_done
SELECT kind, count(*) AS many FROM outbox WHERE kind IN ('call', 'sms') AND state = 'done' GROUP BY kind;
