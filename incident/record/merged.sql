-- name: parties
-- What must be locked before two incidents are, and whose they are.
SELECT id, device_id, policy_id, phase, merged_into FROM incidents WHERE id = ANY (%(ids)s);

-- name: goes_on_in
-- The last of a chain of merged incidents: itself where it was not merged.
WITH RECURSIVE chain AS (
    SELECT id, merged_into, phase, 0 AS far FROM incidents WHERE id = %(id)s
    UNION ALL
    SELECT i.id, i.merged_into, i.phase, c.far + 1 FROM chain c JOIN incidents i ON i.id = c.merged_into
)
SELECT id, phase FROM chain ORDER BY far DESC LIMIT 1;

-- name: take_over_dispatch
UPDATE dispatches SET incident_id = %(incident_id)s
WHERE incident_id = %(merged)s AND kind = %(kind)s AND state IN ('accepted', 'en_route', 'on_scene', 'secured')
RETURNING id;

-- name: give_what_it_lacks
-- What nobody could say of the one incident, and is known of the other: whose, which car, where. A device has one open
-- incident at most, and the merged one is closed by now.
UPDATE incidents i
SET device_id = coalesce(i.device_id, m.device_id), vehicle_id = coalesce(i.vehicle_id, m.vehicle_id),
    holder_id = coalesce(i.holder_id, m.holder_id), policy_id = coalesce(i.policy_id, m.policy_id),
    firmware = coalesce(i.firmware, m.firmware),
    lat_deg = coalesce(i.lat_deg, m.lat_deg), lon_deg = coalesce(i.lon_deg, m.lon_deg),
    position_at = CASE WHEN i.lat_deg IS NULL THEN m.position_at ELSE i.position_at END,
    place = CASE WHEN i.lat_deg IS NULL THEN m.place ELSE i.place END,
    flags = CASE WHEN m.lat_deg IS NULL THEN i.flags ELSE array_remove(i.flags, 'no_position') END
FROM incidents m
WHERE i.id = %(id)s AND m.id = %(merged)s
  AND (m.device_id IS NOT NULL AND i.device_id IS NULL OR m.lat_deg IS NOT NULL AND i.lat_deg IS NULL
       OR m.holder_id IS NOT NULL AND i.holder_id IS NULL)
RETURNING i.device_id;
