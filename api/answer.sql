-- name: page_incident
SELECT phase, trigger, severity, answer, road, occurred_at, taken_by FROM incidents WHERE id = %(id)s;
