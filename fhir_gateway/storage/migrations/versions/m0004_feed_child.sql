CREATE TABLE feed_child (
    tenant INTEGER NOT NULL,
    system TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    appointment TEXT COLLATE "C" NOT NULL,
    CONSTRAINT feed_child_pkey PRIMARY KEY (tenant, system, value, appointment),
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON feed_child TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE feed_child ENABLE ROW LEVEL SECURITY;
ALTER TABLE feed_child FORCE ROW LEVEL SECURITY;
CREATE POLICY feed_child_tenant ON feed_child USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
