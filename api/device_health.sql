-- How devices do, by what they last told of themselves. Where they are is not among it.

-- name: fleet
WITH heard AS MATERIALIZED (
    SELECT d.id, p.online, p.heard_at, nullif(p.firmware, '') AS firmware
    FROM devices d LEFT JOIN device_presence p ON p.device_id = d.id WHERE d.revoked_at IS NULL
)
SELECT coalesce(firmware, '') AS firmware, count(*) AS devices, count(*) FILTER (WHERE online) AS online,
       count(*) FILTER (WHERE heard_at < clock_timestamp() - interval '24 hours') AS silent,
       count(*) FILTER (WHERE heard_at IS NULL) AS never_heard
FROM heard GROUP BY 1 ORDER BY 1;

-- name: health
SELECT d.id, d.provisioned_at, p.online, p.heard_at, nullif(p.firmware, '') AS firmware,
       s.at AS status_at, nullif(s.hardware, '') AS hardware, s.battery_mv, s.signal_dbm, s.buffered_messages,
       extract(epoch FROM s.received_at - s.at)::float8 AS delay_s,
       coalesce(u.unreadable, 0) AS unreadable
FROM devices d
LEFT JOIN device_presence p ON p.device_id = d.id
LEFT JOIN LATERAL (
    SELECT at, received_at, hardware, battery_mv, signal_dbm, buffered_messages FROM device_status
    WHERE device_id = d.id AND boot_id = p.boot_id ORDER BY sequence DESC LIMIT 1
) s ON true
LEFT JOIN LATERAL (
    SELECT sum(kept + dropped)::bigint AS unreadable FROM dead_letter_days
    WHERE device_id = d.id AND day >= (clock_timestamp() AT TIME ZONE 'UTC')::date - 1
) u ON true
WHERE d.revoked_at IS NULL AND d.id > %(after)s
  AND (%(part)s::text IS NULL OR d.id ILIKE %(part)s)
  AND (NOT %(silent)s OR p.heard_at IS NULL OR p.heard_at < clock_timestamp() - interval '24 hours')
  AND (%(firmwares)s::text[] IS NULL OR p.firmware = ANY (%(firmwares)s))
  AND (NOT %(unreadable)s OR d.id IN (
      SELECT device_id FROM dead_letter_days WHERE day >= (clock_timestamp() AT TIME ZONE 'UTC')::date - 1
  ))
ORDER BY d.id LIMIT %(limit)s;
