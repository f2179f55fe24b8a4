-- name: subject
-- Whose incident an answer is for, and whether it was closed too long ago.
SELECT device_id, holder_id, coalesce(closed_at < clock_timestamp() - %(afterlife)s::interval, false) AS is_over
FROM incidents WHERE id = %(id)s;
