-- name: page_incident
SELECT phase, trigger, answer, road, occurred_at, taken_by FROM incidents WHERE id = %(id)s;
