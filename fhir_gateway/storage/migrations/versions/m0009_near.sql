ALTER TABLE location ADD COLUMN p_near NUMERIC, ADD COLUMN p_near_longitude NUMERIC;
CREATE INDEX location_by_p_near ON location (tenant, p_near, id);
-- The rows of all tenants.
ALTER TABLE location NO FORCE ROW LEVEL SECURITY;
ALTER TABLE location_content NO FORCE ROW LEVEL SECURITY;
UPDATE location r SET p_near = found.latitude, p_near_longitude = found.longitude
FROM (
    SELECT c.tenant, c.id,
        (convert_from(c.content, 'UTF8')::jsonb #>> '{position,latitude}')::numeric AS latitude,
        (convert_from(c.content, 'UTF8')::jsonb #>> '{position,longitude}')::numeric AS longitude
    FROM location_content c
    WHERE position('"position"'::bytea IN c.content) > 0
) found
WHERE r.tenant = found.tenant AND r.id = found.id
    AND found.latitude IS NOT NULL AND found.longitude IS NOT NULL;
ALTER TABLE location FORCE ROW LEVEL SECURITY;
ALTER TABLE location_content FORCE ROW LEVEL SECURITY;
