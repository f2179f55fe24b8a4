-- name: lock_due
-- Whoever else works on an incident is passed over, also by a second engine at the same moment: what is locked
-- does not count towards the limit. An incident comes once for each timer that is due. The clock is asked once, in
-- a query of its own: asked for each row it would be no condition for the index, and every timer there is be read.
SELECT i.id, i.device_id, i.vehicle_id, i.holder_id, i.plan_version, i.trigger, i.occurred_at, i.phase, i.state,
       i.lat_deg, i.lon_deg
FROM timers t JOIN incidents i ON i.id = t.incident_id
WHERE t.due_at <= (SELECT clock_timestamp()) AND t.incident_id <> ALL (%(faulty)s::uuid[])
ORDER BY t.due_at LIMIT %(limit)s FOR NO KEY UPDATE OF i SKIP LOCKED;

-- name: lock_one
SELECT id, device_id, vehicle_id, holder_id, plan_version, trigger, occurred_at, phase, state, lat_deg, lon_deg
FROM incidents WHERE id = %(id)s FOR NO KEY UPDATE SKIP LOCKED;

-- name: take_due
WITH due AS (
    DELETE FROM timers WHERE incident_id = ANY (%(ids)s) AND due_at <= %(at)s RETURNING incident_id, name, due_at
)
SELECT incident_id, name, due_at FROM due ORDER BY due_at, name;

-- name: latest_speeds
-- The last of each incident's car, whichever lane brought it: an impact's message is there before the car's next
-- positions, and may be the first thing that is ever heard of a device. It counts for half a minute.
SELECT i.id, latest.speed_mps FROM incidents i CROSS JOIN LATERAL (
    SELECT speed_mps FROM (
        (SELECT at, speed_mps FROM gps_fixes
         WHERE device_id = i.device_id AND speed_mps <> 'NaN'
           AND at BETWEEN %(at)s - interval '30 seconds' AND %(at)s + interval '1 minute'
         ORDER BY at DESC LIMIT 1)
        UNION ALL
        SELECT part.at + (fix.uptime_ms - part.uptime_ms) * interval '1 millisecond', fix.speed_mps
        FROM impact_parts part
        CROSS JOIN jsonb_to_recordset(part.fixes) AS fix (uptime_ms bigint, speed_mps real)
        WHERE part.device_id = i.device_id AND fix.speed_mps IS NOT NULL
          AND part.at BETWEEN %(at)s - interval '1 minute' AND %(at)s + interval '1 minute'
    ) AS told (at, speed_mps)
    WHERE at BETWEEN %(at)s - interval '30 seconds' AND %(at)s + interval '1 minute'
    ORDER BY at DESC LIMIT 1
) latest WHERE i.id = ANY (%(ids)s);

-- name: call_stages
SELECT incident_id, party, attempt, state FROM calls WHERE incident_id = ANY (%(ids)s);

-- name: idle
-- Until the next timer of an incident that can be worked on; none at all gives null.
SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 AS seconds FROM timers
WHERE due_at > (SELECT clock_timestamp() - interval '1 second');
