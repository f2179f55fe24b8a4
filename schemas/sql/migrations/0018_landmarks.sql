-- Hospitals and police stations, imported as a whole; shown beside an incident's place.

CREATE TABLE landmarks (
    kind text NOT NULL CHECK (kind IN ('hospital', 'police')),
    name_ja text NOT NULL,
    name_en text NOT NULL,
    number text NOT NULL,
    lat_deg double precision NOT NULL,
    lon_deg double precision NOT NULL,
    source text NOT NULL,
    as_of date NOT NULL
);
CREATE INDEX landmarks_place ON landmarks USING gist (point(lon_deg, lat_deg));

ALTER TABLE place_imports DROP CONSTRAINT place_imports_kind_check;
ALTER TABLE place_imports ADD CONSTRAINT place_imports_kind_check
    CHECK (kind IN ('fire', 'roads', 'municipalities', 'landmarks'));
