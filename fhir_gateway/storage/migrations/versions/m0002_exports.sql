CREATE TABLE export_job (
    tenant INTEGER NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    request TEXT COLLATE "C" NOT NULL,
    level TEXT COLLATE "C" NOT NULL,
    group_id TEXT COLLATE "C",
    since TIMESTAMP WITH TIME ZONE,
    types TEXT[] COLLATE "C" NOT NULL,
    CONSTRAINT export_job_pkey PRIMARY KEY (tenant, id),
    FOREIGN KEY(tenant) REFERENCES tenant (id),
    CONSTRAINT export_job_level_check CHECK (level IN ('system', 'patient', 'group'))
);
GRANT SELECT, INSERT, UPDATE, DELETE ON export_job TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE export_job ENABLE ROW LEVEL SECURITY;
ALTER TABLE export_job FORCE ROW LEVEL SECURITY;
CREATE POLICY export_job_tenant ON export_job USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
