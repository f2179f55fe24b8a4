-- name: incident
SELECT device_id, occurred_at, closed_at, lat_deg, lon_deg FROM incidents WHERE id = %(id)s;

-- name: track
-- The minute before, and what came after; a car that drives on is not followed for longer than its incident is open.
SELECT at, lat_deg, lon_deg, nullif(speed_mps, 'NaN') * 3.6 AS speed_kmh FROM (
    SELECT at, lat_deg, lon_deg, speed_mps FROM gps_fixes
    WHERE device_id = %(device_id)s
      AND at BETWEEN %(occurred_at)s - interval '60 seconds'
                 AND least(%(closed_at)s, %(occurred_at)s + interval '10 minutes')
    ORDER BY at LIMIT 700
) fixes ORDER BY at;

-- name: names
SELECT id, name, lat_deg, lon_deg, position_at FROM units WHERE id = ANY (%(ids)s);
