-- name: page_incident
-- To whoever has the link, an incident that was merged into another stands as that one does.
SELECT coalesce(m.phase, i.phase) AS phase, i.trigger, i.severity, i.answer, i.road, i.occurred_at,
       coalesce(m.taken_by, i.taken_by) AS taken_by
FROM incidents i LEFT JOIN incidents m ON m.id = i.merged_into WHERE i.id = %(id)s;
