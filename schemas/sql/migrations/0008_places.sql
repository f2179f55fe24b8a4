-- Directories of places that an insurer imports, each replaced as a whole, and what they said of an incident.

CREATE TABLE place_imports (
    kind text PRIMARY KEY CHECK (kind IN ('fire', 'roads', 'municipalities')),
    entries integer NOT NULL,
    imported_at timestamptz NOT NULL
);

CREATE TABLE fire_headquarters (
    municipality_code text PRIMARY KEY CHECK (municipality_code ~ '^[0-9]{5}$'),
    name_ja text NOT NULL,
    name_en text NOT NULL,
    number text NOT NULL,
    source text NOT NULL,
    as_of date NOT NULL
);
COMMENT ON COLUMN fire_headquarters.municipality_code IS 'JIS X 0402 without the check digit; a city stands for its wards';
COMMENT ON COLUMN fire_headquarters.number IS 'a direct number as the directory writes it: 119 would reach the caller''s own fire station';
COMMENT ON COLUMN fire_headquarters.as_of IS 'the day the number was known to be right';

CREATE TABLE road_posts (
    road_ja text NOT NULL,
    road_en text NOT NULL,
    direction_ja text NOT NULL,
    direction_en text NOT NULL,
    travel text NOT NULL CHECK (travel IN ('rising', 'falling', 'both')),
    kind text NOT NULL CHECK (kind IN ('expressway', 'motor_road', 'general')),
    km double precision NOT NULL,
    lat_deg double precision NOT NULL,
    lon_deg double precision NOT NULL,
    tunnel boolean NOT NULL,
    PRIMARY KEY (road_ja, direction_ja, km)
);
COMMENT ON COLUMN road_posts.travel IS 'whether kilometres rise or fall as one drives; both: one row of posts for both carriageways';
CREATE INDEX road_posts_by_place ON road_posts USING gist (point(lon_deg, lat_deg));

CREATE TABLE municipality_outlines (
    code text NOT NULL CHECK (code ~ '^[0-9]{5}$'),
    name_ja text NOT NULL,
    outline polygon NOT NULL,
    bounds box NOT NULL GENERATED ALWAYS AS (box(outline)) STORED
);
COMMENT ON COLUMN municipality_outlines.outline IS 'one ring of (longitude, latitude) in degrees; a place inside an odd number of a code''s rings is in it';
CREATE INDEX municipality_outlines_by_bounds ON municipality_outlines USING gist (bounds);
CREATE INDEX municipality_outlines_by_code ON municipality_outlines (code);

ALTER TABLE incidents ADD COLUMN place jsonb;
COMMENT ON COLUMN incidents.place IS 'what the directories said of its position when it got there; null without a position';
