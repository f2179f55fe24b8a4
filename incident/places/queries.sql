-- name: begin_import
-- First of all, so that two imports of one kind follow each other.
INSERT INTO place_imports (kind, entries, imported_at) VALUES (%(kind)s, 0, clock_timestamp())
ON CONFLICT (kind) DO UPDATE SET entries = 0, imported_at = clock_timestamp();

-- name: end_import
UPDATE place_imports SET entries = %(entries)s WHERE kind = %(kind)s;

-- name: clear_fire
-- Not TRUNCATE: an incident that opens meanwhile must read the old directory, not wait.
DELETE FROM fire_headquarters;

-- name: copy_fire
COPY fire_headquarters (municipality_code, name_ja, name_en, number, source, as_of) FROM STDIN;

-- name: fire_of
SELECT municipality_code, name_ja, name_en, number, source, as_of,
       (clock_timestamp() AT TIME ZONE 'Asia/Tokyo')::date - as_of AS age_days
FROM fire_headquarters WHERE municipality_code = ANY (%(codes)s);

-- name: clear_landmarks
DELETE FROM landmarks;

-- name: copy_landmarks
COPY landmarks (kind, name_ja, name_en, number, lat_deg, lon_deg, source, as_of) FROM STDIN;

-- name: landmarks_within
SELECT kind, name_ja, name_en, number, lat_deg, lon_deg, source, as_of FROM landmarks
WHERE point(lon_deg, lat_deg) <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s))
ORDER BY kind, name_ja, lat_deg, lon_deg;

-- name: clear_roads
DELETE FROM road_posts;

-- name: copy_roads
COPY road_posts (road_ja, road_en, direction_ja, direction_en, travel, kind, km, lat_deg, lon_deg, tunnel) FROM STDIN;

-- name: posts_within
SELECT road_ja, road_en, direction_ja, direction_en, travel, kind, km, lat_deg, lon_deg, tunnel FROM road_posts
WHERE point(lon_deg, lat_deg) <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s));

-- name: any_post_within
SELECT EXISTS (
    SELECT FROM road_posts
    WHERE point(lon_deg, lat_deg) <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s))
) AS found;

-- name: clear_municipalities
DELETE FROM municipality_outlines;

-- name: copy_municipalities
COPY municipality_outlines (code, name_ja, outline) FROM STDIN;

-- name: municipality_at
-- Inside an odd number of rings is inside: rings in rings are holes, and islands in their lakes.
SELECT code, min(name_ja) AS name_ja FROM municipality_outlines
WHERE bounds && box(point(%(lon_deg)s, %(lat_deg)s), point(%(lon_deg)s, %(lat_deg)s))
  AND outline @> point(%(lon_deg)s, %(lat_deg)s)
GROUP BY code HAVING mod(count(*), 2) = 1 ORDER BY code LIMIT 1;

-- name: is_imported
SELECT EXISTS (SELECT FROM place_imports WHERE kind = %(kind)s AND entries > 0) AS imported;

-- name: place_to_refine
SELECT id, place FROM incidents
WHERE phase <> 'closed' AND place IS NOT NULL AND NOT (place ->> 'address_asked')::boolean
ORDER BY opened_at LIMIT 1;

-- name: refine_place
UPDATE incidents SET place = %(after)s WHERE id = %(id)s AND place = %(before)s;
