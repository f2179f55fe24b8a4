-- Incidents of any age, looked for by what is known of them. Texts to look for come as patterns of LIKE.

-- name: incidents_by_time
SELECT i.id, i.opened_at, i.closed_at, i.trigger, i.severity, i.phase, i.answer, i.outcome, i.taken_by, i.device_id,
       i.policy_id, i.place -> 'words' AS place
FROM incidents i
WHERE (i.opened_at, i.id) < (coalesce(%(before_at)s::timestamptz, 'infinity'), %(before_id)s::uuid)
  AND i.opened_at >= coalesce(%(opened_from)s::timestamptz, '-infinity')
  AND i.opened_at < coalesce(%(opened_to)s::timestamptz, 'infinity')
  AND (%(trigger)s::text IS NULL OR i.trigger = %(trigger)s)
  AND (%(severity)s::text IS NULL OR i.severity = %(severity)s)
  AND (%(outcome)s::text IS NULL OR i.outcome = %(outcome)s)
  AND (%(taken_by)s::text IS NULL OR i.taken_by = %(taken_by)s)
  AND (cardinality(%(place)s::text[]) = 0
       OR concat_ws(' ', i.place -> 'words' ->> 'ja', i.place -> 'words' ->> 'en') ILIKE ALL (%(place)s::text[]))
ORDER BY i.opened_at DESC, i.id DESC LIMIT %(limit)s;

-- name: incidents_of_somebody
-- The same for a policy, a device, a car or a person: those are few, and found first.
SELECT i.id, i.opened_at, i.closed_at, i.trigger, i.severity, i.phase, i.answer, i.outcome, i.taken_by, i.device_id,
       i.policy_id, i.place -> 'words' AS place
FROM incidents i
WHERE i.id IN (
    SELECT id FROM incidents WHERE policy_id = %(policy_id)s
    UNION SELECT id FROM incidents WHERE device_id = %(device_id)s
    UNION SELECT id FROM incidents WHERE vehicle_id = ANY (%(vehicles)s::uuid[])
    UNION SELECT id FROM incidents WHERE holder_id = ANY (%(holders)s::uuid[])
)
  AND (%(policy_id)s::text IS NULL OR i.policy_id = %(policy_id)s)
  AND (%(device_id)s::text IS NULL OR i.device_id = %(device_id)s)
  AND (%(vehicles)s::uuid[] IS NULL OR i.vehicle_id = ANY (%(vehicles)s))
  AND (%(holders)s::uuid[] IS NULL OR i.holder_id = ANY (%(holders)s))
  AND (i.opened_at, i.id) < (coalesce(%(before_at)s::timestamptz, 'infinity'), %(before_id)s::uuid)
  AND i.opened_at >= coalesce(%(opened_from)s::timestamptz, '-infinity')
  AND i.opened_at < coalesce(%(opened_to)s::timestamptz, 'infinity')
  AND (%(trigger)s::text IS NULL OR i.trigger = %(trigger)s)
  AND (%(severity)s::text IS NULL OR i.severity = %(severity)s)
  AND (%(outcome)s::text IS NULL OR i.outcome = %(outcome)s)
  AND (%(taken_by)s::text IS NULL OR i.taken_by = %(taken_by)s)
  AND (cardinality(%(place)s::text[]) = 0
       OR concat_ws(' ', i.place -> 'words' ->> 'ja', i.place -> 'words' ->> 'en') ILIKE ALL (%(place)s::text[]))
ORDER BY i.opened_at DESC, i.id DESC LIMIT %(limit)s;

-- name: vehicles_by_plate
-- Written with whatever spaces and hyphens.
SELECT id FROM vehicles
WHERE regexp_replace(normalize(plate, NFKC), '[\s‐-―−ー・-]', '', 'g') LIKE %(plate)s LIMIT %(most)s;

-- name: holders_by_name
SELECT id FROM policyholders
WHERE regexp_replace(normalize(name, NFKC), '\s', '', 'g') ILIKE %(name)s LIMIT %(most)s;
