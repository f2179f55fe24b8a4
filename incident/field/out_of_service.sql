-- name: as_it_stands
SELECT since, until, reason, taken_by FROM units_out_of_service
WHERE unit_id = %(unit_id)s AND (until IS NULL OR until > clock_timestamp());

-- name: take_out
INSERT INTO units_out_of_service (unit_id, until, reason, taken_by)
VALUES (%(unit_id)s, %(until)s, %(reason)s, %(taken_by)s)
ON CONFLICT (unit_id) DO UPDATE SET since = clock_timestamp(), until = excluded.until, reason = excluded.reason,
                                    taken_by = excluded.taken_by;

-- name: put_back
DELETE FROM units_out_of_service WHERE unit_id = %(unit_id)s;

-- name: some_are_over
SELECT EXISTS (SELECT FROM units_out_of_service WHERE until <= clock_timestamp()) AS some;

-- name: end_those_over
DELETE FROM units_out_of_service WHERE until <= clock_timestamp();

-- name: still_offered
SELECT o.unit_id, o.dispatch_id FROM dispatch_offers o JOIN units_out_of_service s ON s.unit_id = o.unit_id
WHERE o.state = 'open' AND (s.until IS NULL OR s.until > clock_timestamp()) ORDER BY o.offered_at;
