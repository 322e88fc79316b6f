ALTER TABLE appointment ADD COLUMN p_score NUMERIC, ADD COLUMN p_score_high NUMERIC;
CREATE INDEX appointment_by_p_score ON appointment (tenant, p_score, id);
-- The rows of all tenants.
ALTER TABLE appointment NO FORCE ROW LEVEL SECURITY;
ALTER TABLE appointment_content NO FORCE ROW LEVEL SECURITY;
UPDATE appointment r SET p_score = found.total, p_score_high = found.total
FROM (
    SELECT c.tenant, c.id, (jsonb_path_query_first(
        convert_from(c.content, 'UTF8')::jsonb,
        '$.extension[*] ? (@.url == "https://fhir-gateway.example/fhir/StructureDefinition/score")
          .extension[*] ? (@.url == "total").valueDecimal ? (@.type() == "number")'
    ) #>> '{}')::numeric AS total
    FROM appointment_content c
    WHERE position('/StructureDefinition/score'::bytea IN c.content) > 0
) found
WHERE r.tenant = found.tenant AND r.id = found.id AND found.total IS NOT NULL;
ALTER TABLE appointment FORCE ROW LEVEL SECURITY;
ALTER TABLE appointment_content FORCE ROW LEVEL SECURITY;
