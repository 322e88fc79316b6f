-- Frozen: later changes are later migrations.
CREATE TABLE appointment_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT appointment_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE appointment_response_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT appointment_response_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE appointment_response_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT appointment_response_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE appointment_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT appointment_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE audit_event_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT audit_event_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE audit_event_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT audit_event_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE basic_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT basic_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE basic_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT basic_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE communication_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT communication_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE communication_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT communication_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE condition_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT condition_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE condition_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT condition_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE coverage_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT coverage_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE coverage_eligibility_request_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT coverage_eligibility_request_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE coverage_eligibility_request_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT coverage_eligibility_request_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE coverage_eligibility_response_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT coverage_eligibility_response_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE coverage_eligibility_response_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT coverage_eligibility_response_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE coverage_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT coverage_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE device_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT device_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE device_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT device_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE encounter_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT encounter_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE encounter_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT encounter_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE group_resource_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT group_resource_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE group_resource_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT group_resource_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE healthcare_service_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT healthcare_service_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE healthcare_service_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT healthcare_service_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE identity (
    tenant INTEGER NOT NULL, 
    type TEXT COLLATE "C" NOT NULL, 
    system TEXT COLLATE "C" NOT NULL, 
    value TEXT COLLATE "C" NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT identity_pkey PRIMARY KEY (tenant, type, system, value)
);
CREATE INDEX identity_by_id ON identity (tenant, type, id);
CREATE TABLE instance (
    name TEXT COLLATE "C" NOT NULL, 
    value BYTEA NOT NULL, 
    CONSTRAINT instance_pkey PRIMARY KEY (name)
);
CREATE TABLE list_resource_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT list_resource_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE list_resource_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT list_resource_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE location_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT location_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE location_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT location_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE measure_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT measure_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE measure_report_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT measure_report_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE measure_report_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT measure_report_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE measure_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT measure_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE organization_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT organization_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE organization_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT organization_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE patient_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT patient_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE patient_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT patient_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE plan_definition_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT plan_definition_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE plan_definition_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT plan_definition_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE practitioner_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT practitioner_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE practitioner_role_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT practitioner_role_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE practitioner_role_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT practitioner_role_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE practitioner_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT practitioner_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE provenance_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT provenance_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE provenance_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT provenance_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE related_person_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT related_person_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE related_person_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT related_person_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE risk_assessment_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT risk_assessment_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE risk_assessment_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT risk_assessment_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE schedule_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT schedule_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE schedule_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT schedule_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE search_date (
    tenant INTEGER NOT NULL, 
    type TEXT COLLATE "C" NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    param TEXT COLLATE "C" NOT NULL, 
    low TIMESTAMP WITH TIME ZONE NOT NULL, 
    high TIMESTAMP WITH TIME ZONE NOT NULL
);
CREATE INDEX search_date_by_id ON search_date (tenant, type, id);
CREATE INDEX search_date_by_value ON search_date (tenant, type, param, low, id);
CREATE TABLE search_number (
    tenant INTEGER NOT NULL, 
    type TEXT COLLATE "C" NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    param TEXT COLLATE "C" NOT NULL, 
    low NUMERIC NOT NULL, 
    high NUMERIC NOT NULL
);
CREATE INDEX search_number_by_id ON search_number (tenant, type, id);
CREATE INDEX search_number_by_value ON search_number (tenant, type, param, low, id);
CREATE TABLE search_text (
    tenant INTEGER NOT NULL, 
    type TEXT COLLATE "C" NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    param TEXT COLLATE "C" NOT NULL, 
    folded TEXT COLLATE "C" NOT NULL, 
    exact TEXT COLLATE "C" NOT NULL
);
CREATE INDEX search_text_by_id ON search_text (tenant, type, id);
CREATE INDEX search_text_by_value ON search_text (tenant, type, param, folded, id);
CREATE TABLE service_request_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT service_request_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE service_request_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT service_request_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE slot_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT slot_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE slot_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT slot_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE task_content (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    content BYTEA NOT NULL, 
    CONSTRAINT task_content_pkey PRIMARY KEY (tenant, id)
);
CREATE TABLE task_token (
    tenant INTEGER NOT NULL, 
    hash BIGINT NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT task_token_pkey PRIMARY KEY (tenant, hash, id)
);
CREATE TABLE tenant (
    id INTEGER NOT NULL, 
    slug TEXT COLLATE "C" NOT NULL, 
    name TEXT NOT NULL, 
    zone TEXT COLLATE "C" NOT NULL, 
    settings JSONB DEFAULT '{}' NOT NULL, 
    CONSTRAINT tenant_pkey PRIMARY KEY (id), 
    UNIQUE (slug)
);
CREATE TABLE actor (
    key BIGINT GENERATED ALWAYS AS IDENTITY, 
    tenant INTEGER NOT NULL, 
    reference TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT actor_pkey PRIMARY KEY (key), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE UNIQUE INDEX actor_by_reference ON actor (tenant, reference);
CREATE TABLE appointment (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_appointment_type TEXT COLLATE "C", 
    p_date TIMESTAMP WITH TIME ZONE, 
    p_date_high TIMESTAMP WITH TIME ZONE, 
    p_status TEXT COLLATE "C", 
    CONSTRAINT appointment_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX appointment_by_p_date ON appointment (tenant, p_date, id);
CREATE INDEX appointment_by_p_status ON appointment (tenant, p_status, id);
CREATE INDEX appointment_by_update ON appointment (tenant, last_updated, id);
CREATE TABLE appointment_response (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_actor TEXT COLLATE "C", 
    p_appointment TEXT COLLATE "C", 
    p_location TEXT COLLATE "C", 
    p_part_status TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_practitioner TEXT COLLATE "C", 
    CONSTRAINT appointment_response_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX appointment_response_by_update ON appointment_response (tenant, last_updated, id);
CREATE TABLE audit_event (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_action TEXT COLLATE "C", 
    p_date TIMESTAMP WITH TIME ZONE, 
    p_date_high TIMESTAMP WITH TIME ZONE, 
    p_outcome TEXT COLLATE "C", 
    p_site TEXT COLLATE "C", 
    p_source TEXT COLLATE "C", 
    p_type TEXT COLLATE "C", 
    CONSTRAINT audit_event_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX audit_event_by_update ON audit_event (tenant, last_updated, id);
CREATE TABLE basic (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_author TEXT COLLATE "C", 
    p_code TEXT COLLATE "C", 
    p_created TIMESTAMP WITH TIME ZONE, 
    p_created_high TIMESTAMP WITH TIME ZONE, 
    p_patient TEXT COLLATE "C", 
    p_subject TEXT COLLATE "C", 
    CONSTRAINT basic_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX basic_by_update ON basic (tenant, last_updated, id);
CREATE TABLE communication (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_encounter TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_received TIMESTAMP WITH TIME ZONE, 
    p_received_high TIMESTAMP WITH TIME ZONE, 
    p_sender TEXT COLLATE "C", 
    p_sent TIMESTAMP WITH TIME ZONE, 
    p_sent_high TIMESTAMP WITH TIME ZONE, 
    p_status TEXT COLLATE "C", 
    p_subject TEXT COLLATE "C", 
    CONSTRAINT communication_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX communication_by_update ON communication (tenant, last_updated, id);
CREATE TABLE condition (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_abatement_age NUMERIC, 
    p_abatement_age_high NUMERIC, 
    p_abatement_date TIMESTAMP WITH TIME ZONE, 
    p_abatement_date_high TIMESTAMP WITH TIME ZONE, 
    p_abatement_string TEXT COLLATE "C", 
    p_asserter TEXT COLLATE "C", 
    p_clinical_status TEXT COLLATE "C", 
    p_code TEXT COLLATE "C", 
    p_encounter TEXT COLLATE "C", 
    p_onset_age NUMERIC, 
    p_onset_age_high NUMERIC, 
    p_onset_date TIMESTAMP WITH TIME ZONE, 
    p_onset_date_high TIMESTAMP WITH TIME ZONE, 
    p_onset_info TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_recorded_date TIMESTAMP WITH TIME ZONE, 
    p_recorded_date_high TIMESTAMP WITH TIME ZONE, 
    p_severity TEXT COLLATE "C", 
    p_subject TEXT COLLATE "C", 
    p_verification_status TEXT COLLATE "C", 
    CONSTRAINT condition_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX condition_by_update ON condition (tenant, last_updated, id);
CREATE TABLE coverage (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_beneficiary TEXT COLLATE "C", 
    p_dependent TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_policy_holder TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    p_subscriber TEXT COLLATE "C", 
    p_type TEXT COLLATE "C", 
    CONSTRAINT coverage_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX coverage_by_update ON coverage (tenant, last_updated, id);
CREATE TABLE coverage_eligibility_request (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_created TIMESTAMP WITH TIME ZONE, 
    p_created_high TIMESTAMP WITH TIME ZONE, 
    p_enterer TEXT COLLATE "C", 
    p_facility TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_provider TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    CONSTRAINT coverage_eligibility_request_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX coverage_eligibility_request_by_update ON coverage_eligibility_request (tenant, last_updated, id);
CREATE TABLE coverage_eligibility_response (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_created TIMESTAMP WITH TIME ZONE, 
    p_created_high TIMESTAMP WITH TIME ZONE, 
    p_disposition TEXT COLLATE "C", 
    p_insurer TEXT COLLATE "C", 
    p_outcome TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_request TEXT COLLATE "C", 
    p_requestor TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    CONSTRAINT coverage_eligibility_response_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX coverage_eligibility_response_by_update ON coverage_eligibility_response (tenant, last_updated, id);
CREATE TABLE device (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_location TEXT COLLATE "C", 
    p_manufacturer TEXT COLLATE "C", 
    p_model TEXT COLLATE "C", 
    p_organization TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    p_type TEXT COLLATE "C", 
    p_url TEXT COLLATE "C", 
    CONSTRAINT device_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX device_by_update ON device (tenant, last_updated, id);
CREATE TABLE encounter (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_class TEXT COLLATE "C", 
    p_date TIMESTAMP WITH TIME ZONE, 
    p_date_high TIMESTAMP WITH TIME ZONE, 
    p_length NUMERIC, 
    p_length_high NUMERIC, 
    p_part_of TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_service_provider TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    p_subject TEXT COLLATE "C", 
    CONSTRAINT encounter_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX encounter_by_update ON encounter (tenant, last_updated, id);
CREATE TABLE feed_state (
    tenant INTEGER NOT NULL, 
    appointment TEXT COLLATE "C" NOT NULL, 
    message_time TIMESTAMP WITH TIME ZONE, 
    received_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    control_id TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT feed_state_pkey PRIMARY KEY (tenant, appointment), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE TABLE group_resource (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_actual TEXT COLLATE "C", 
    p_code TEXT COLLATE "C", 
    p_managing_entity TEXT COLLATE "C", 
    p_type TEXT COLLATE "C", 
    CONSTRAINT group_resource_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX group_resource_by_update ON group_resource (tenant, last_updated, id);
CREATE TABLE healthcare_service (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_active TEXT COLLATE "C", 
    p_name TEXT COLLATE "C", 
    p_organization TEXT COLLATE "C", 
    CONSTRAINT healthcare_service_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX healthcare_service_by_update ON healthcare_service (tenant, last_updated, id);
CREATE TABLE history (
    tenant INTEGER NOT NULL, 
    type TEXT COLLATE "C" NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    method TEXT COLLATE "C" NOT NULL, 
    content BYTEA, 
    CONSTRAINT history_pkey PRIMARY KEY (tenant, type, id, version), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX history_by_time ON history (tenant, last_updated, type, id);
CREATE INDEX history_by_type ON history (tenant, type, last_updated, id);
CREATE TABLE inbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY, 
    tenant INTEGER NOT NULL, 
    received_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    peer TEXT COLLATE "C" NOT NULL, 
    raw BYTEA NOT NULL, 
    sha256 BYTEA NOT NULL, 
    application TEXT COLLATE "C" NOT NULL, 
    facility TEXT COLLATE "C" NOT NULL, 
    control_id TEXT COLLATE "C" NOT NULL, 
    event TEXT COLLATE "C" NOT NULL, 
    state TEXT COLLATE "C" NOT NULL, 
    ack BYTEA NOT NULL, 
    ack_code TEXT COLLATE "C" NOT NULL, 
    issues JSONB DEFAULT '[]' NOT NULL, 
    appointment TEXT COLLATE "C", 
    CONSTRAINT inbox_pkey PRIMARY KEY (id), 
    CONSTRAINT inbox_state_check CHECK (state IN ('sent', 'filtered', 'error', 'refused')), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX inbox_by_control_id ON inbox (tenant, control_id);
CREATE INDEX inbox_by_time ON inbox (tenant, received_at);
CREATE TABLE inbox_key (
    tenant INTEGER NOT NULL, 
    application TEXT COLLATE "C" NOT NULL, 
    facility TEXT COLLATE "C" NOT NULL, 
    control_id TEXT COLLATE "C" NOT NULL, 
    sha256 BYTEA NOT NULL, 
    received_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    ack BYTEA NOT NULL, 
    CONSTRAINT inbox_key_pkey PRIMARY KEY (tenant, application, facility, control_id, sha256), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE TABLE list_resource (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_code TEXT COLLATE "C", 
    p_date TIMESTAMP WITH TIME ZONE, 
    p_date_high TIMESTAMP WITH TIME ZONE, 
    p_empty_reason TEXT COLLATE "C", 
    p_encounter TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_source TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    p_subject TEXT COLLATE "C", 
    p_title TEXT COLLATE "C", 
    CONSTRAINT list_resource_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX list_resource_by_update ON list_resource (tenant, last_updated, id);
CREATE TABLE location (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_address_city TEXT COLLATE "C", 
    p_address_country TEXT COLLATE "C", 
    p_address_postalcode TEXT COLLATE "C", 
    p_address_state TEXT COLLATE "C", 
    p_address_use TEXT COLLATE "C", 
    p_operational_status TEXT COLLATE "C", 
    p_organization TEXT COLLATE "C", 
    p_partof TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    CONSTRAINT location_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX location_by_update ON location (tenant, last_updated, id);
CREATE TABLE measure (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_date TIMESTAMP WITH TIME ZONE, 
    p_date_high TIMESTAMP WITH TIME ZONE, 
    p_description TEXT COLLATE "C", 
    p_effective TIMESTAMP WITH TIME ZONE, 
    p_effective_high TIMESTAMP WITH TIME ZONE, 
    p_name TEXT COLLATE "C", 
    p_publisher TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    p_title TEXT COLLATE "C", 
    p_url TEXT COLLATE "C", 
    p_version TEXT COLLATE "C", 
    CONSTRAINT measure_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX measure_by_update ON measure (tenant, last_updated, id);
CREATE TABLE measure_report (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_date TIMESTAMP WITH TIME ZONE, 
    p_date_high TIMESTAMP WITH TIME ZONE, 
    p_measure TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_period TIMESTAMP WITH TIME ZONE, 
    p_period_high TIMESTAMP WITH TIME ZONE, 
    p_reporter TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    p_subject TEXT COLLATE "C", 
    CONSTRAINT measure_report_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX measure_report_by_update ON measure_report (tenant, last_updated, id);
CREATE TABLE organization (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_active TEXT COLLATE "C", 
    p_partof TEXT COLLATE "C", 
    p_phonetic TEXT COLLATE "C", 
    CONSTRAINT organization_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX organization_by_update ON organization (tenant, last_updated, id);
CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY, 
    tenant INTEGER NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    kind TEXT COLLATE "C" NOT NULL, 
    payload JSONB NOT NULL, 
    attempts INTEGER DEFAULT 0 NOT NULL, 
    not_before TIMESTAMP WITH TIME ZONE NOT NULL, 
    error TEXT COLLATE "C", 
    CONSTRAINT outbox_pkey PRIMARY KEY (id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX outbox_by_time ON outbox (not_before, id);
CREATE TABLE patient (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_active TEXT COLLATE "C", 
    p_birthdate TIMESTAMP WITH TIME ZONE, 
    p_birthdate_high TIMESTAMP WITH TIME ZONE, 
    p_death_date TIMESTAMP WITH TIME ZONE, 
    p_death_date_high TIMESTAMP WITH TIME ZONE, 
    p_deceased TEXT COLLATE "C", 
    p_gender TEXT COLLATE "C", 
    p_organization TEXT COLLATE "C", 
    CONSTRAINT patient_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX patient_by_update ON patient (tenant, last_updated, id);
CREATE TABLE plan_definition (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_date TIMESTAMP WITH TIME ZONE, 
    p_date_high TIMESTAMP WITH TIME ZONE, 
    p_description TEXT COLLATE "C", 
    p_effective TIMESTAMP WITH TIME ZONE, 
    p_effective_high TIMESTAMP WITH TIME ZONE, 
    p_name TEXT COLLATE "C", 
    p_publisher TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    p_title TEXT COLLATE "C", 
    p_type TEXT COLLATE "C", 
    p_url TEXT COLLATE "C", 
    p_version TEXT COLLATE "C", 
    CONSTRAINT plan_definition_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX plan_definition_by_update ON plan_definition (tenant, last_updated, id);
CREATE TABLE practitioner (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_active TEXT COLLATE "C", 
    p_gender TEXT COLLATE "C", 
    CONSTRAINT practitioner_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX practitioner_by_update ON practitioner (tenant, last_updated, id);
CREATE TABLE practitioner_role (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_active TEXT COLLATE "C", 
    p_date TIMESTAMP WITH TIME ZONE, 
    p_date_high TIMESTAMP WITH TIME ZONE, 
    p_organization TEXT COLLATE "C", 
    p_practitioner TEXT COLLATE "C", 
    CONSTRAINT practitioner_role_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX practitioner_role_by_update ON practitioner_role (tenant, last_updated, id);
CREATE TABLE provenance (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_location TEXT COLLATE "C", 
    p_recorded TIMESTAMP WITH TIME ZONE, 
    p_recorded_high TIMESTAMP WITH TIME ZONE, 
    p_when TIMESTAMP WITH TIME ZONE, 
    p_when_high TIMESTAMP WITH TIME ZONE, 
    CONSTRAINT provenance_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX provenance_by_update ON provenance (tenant, last_updated, id);
CREATE TABLE related_person (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_active TEXT COLLATE "C", 
    p_birthdate TIMESTAMP WITH TIME ZONE, 
    p_birthdate_high TIMESTAMP WITH TIME ZONE, 
    p_gender TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    CONSTRAINT related_person_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX related_person_by_update ON related_person (tenant, last_updated, id);
CREATE TABLE risk_assessment (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_condition TEXT COLLATE "C", 
    p_date TIMESTAMP WITH TIME ZONE, 
    p_date_high TIMESTAMP WITH TIME ZONE, 
    p_encounter TEXT COLLATE "C", 
    p_method TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_performer TEXT COLLATE "C", 
    p_subject TEXT COLLATE "C", 
    CONSTRAINT risk_assessment_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX risk_assessment_by_update ON risk_assessment (tenant, last_updated, id);
CREATE TABLE schedule (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_active TEXT COLLATE "C", 
    p_date TIMESTAMP WITH TIME ZONE, 
    p_date_high TIMESTAMP WITH TIME ZONE, 
    CONSTRAINT schedule_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX schedule_by_update ON schedule (tenant, last_updated, id);
CREATE TABLE service_request (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_authored TIMESTAMP WITH TIME ZONE, 
    p_authored_high TIMESTAMP WITH TIME ZONE, 
    p_code TEXT COLLATE "C", 
    p_encounter TEXT COLLATE "C", 
    p_intent TEXT COLLATE "C", 
    p_occurrence TIMESTAMP WITH TIME ZONE, 
    p_occurrence_high TIMESTAMP WITH TIME ZONE, 
    p_patient TEXT COLLATE "C", 
    p_performer_type TEXT COLLATE "C", 
    p_priority TEXT COLLATE "C", 
    p_requester TEXT COLLATE "C", 
    p_requisition TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    p_subject TEXT COLLATE "C", 
    CONSTRAINT service_request_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX service_request_by_update ON service_request (tenant, last_updated, id);
CREATE TABLE slot (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_appointment_type TEXT COLLATE "C", 
    p_end TIMESTAMP WITH TIME ZONE, 
    p_end_high TIMESTAMP WITH TIME ZONE, 
    p_overbooked TEXT COLLATE "C", 
    p_schedule TEXT COLLATE "C", 
    p_start TIMESTAMP WITH TIME ZONE, 
    p_start_high TIMESTAMP WITH TIME ZONE, 
    p_status TEXT COLLATE "C", 
    CONSTRAINT slot_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX slot_by_p_schedule ON slot (tenant, p_schedule, id);
CREATE INDEX slot_by_p_start ON slot (tenant, p_start, id);
CREATE INDEX slot_by_p_status ON slot (tenant, p_status, id);
CREATE INDEX slot_by_schedule ON slot (tenant, p_schedule, p_start);
CREATE INDEX slot_by_update ON slot (tenant, last_updated, id);
CREATE INDEX slot_long ON slot (tenant, p_schedule) WHERE p_end - p_start > interval '1 day';
CREATE TABLE task (
    tenant INTEGER NOT NULL, 
    id TEXT COLLATE "C" NOT NULL, 
    version INTEGER NOT NULL, 
    last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
    tokens TEXT[] COLLATE "C" NOT NULL, 
    hashes BIGINT[] NOT NULL, 
    p_authored_on TIMESTAMP WITH TIME ZONE, 
    p_authored_on_high TIMESTAMP WITH TIME ZONE, 
    p_business_status TEXT COLLATE "C", 
    p_code TEXT COLLATE "C", 
    p_encounter TEXT COLLATE "C", 
    p_focus TEXT COLLATE "C", 
    p_group_identifier TEXT COLLATE "C", 
    p_intent TEXT COLLATE "C", 
    p_modified TIMESTAMP WITH TIME ZONE, 
    p_modified_high TIMESTAMP WITH TIME ZONE, 
    p_owner TEXT COLLATE "C", 
    p_patient TEXT COLLATE "C", 
    p_period TIMESTAMP WITH TIME ZONE, 
    p_period_high TIMESTAMP WITH TIME ZONE, 
    p_priority TEXT COLLATE "C", 
    p_requester TEXT COLLATE "C", 
    p_status TEXT COLLATE "C", 
    p_subject TEXT COLLATE "C", 
    CONSTRAINT task_pkey PRIMARY KEY (tenant, id), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX task_by_update ON task (tenant, last_updated, id);
CREATE TABLE timer (
    tenant INTEGER NOT NULL, 
    kind TEXT COLLATE "C" NOT NULL, 
    subject TEXT COLLATE "C" NOT NULL, 
    due TIMESTAMP WITH TIME ZONE NOT NULL, 
    payload JSONB DEFAULT '{}' NOT NULL, 
    CONSTRAINT timer_pkey PRIMARY KEY (tenant, kind, subject), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX timer_by_due ON timer (due);
CREATE TABLE tombstone (
    tenant INTEGER NOT NULL, 
    system TEXT COLLATE "C" NOT NULL, 
    value TEXT COLLATE "C" NOT NULL, 
    message_time TIMESTAMP WITH TIME ZONE NOT NULL, 
    event TEXT COLLATE "C" NOT NULL, 
    CONSTRAINT tombstone_pkey PRIMARY KEY (tenant, system, value), 
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE TABLE busy (
    id BIGINT GENERATED ALWAYS AS IDENTITY, 
    tenant INTEGER NOT NULL, 
    actor_key BIGINT NOT NULL, 
    during TSTZRANGE NOT NULL, 
    starts TIMESTAMP WITH TIME ZONE GENERATED ALWAYS AS (lower(during)) STORED NOT NULL, 
    ends TIMESTAMP WITH TIME ZONE GENERATED ALWAYS AS (upper(during)) STORED NOT NULL, 
    core TSTZRANGE NOT NULL, 
    kind TEXT COLLATE "C" NOT NULL, 
    appointment TEXT COLLATE "C", 
    task TEXT COLLATE "C", 
    slots TEXT[] COLLATE "C" NOT NULL, 
    tentative BOOLEAN DEFAULT false NOT NULL, 
    active BOOLEAN NOT NULL, 
    exclusive BOOLEAN NOT NULL, 
    expires_at TIMESTAMP WITH TIME ZONE, 
    CONSTRAINT busy_pkey PRIMARY KEY (id), 
    CONSTRAINT busy_during_check CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)), 
    CONSTRAINT busy_kind_check CHECK (kind IN ('appointment', 'overlap', 'hold', 'offer', 'taken', 'block')), 
    CONSTRAINT busy_guard EXCLUDE USING gist (int8range(actor_key, actor_key, '[]') WITH &&, during WITH &&) WHERE (active AND exclusive), 
    FOREIGN KEY(tenant) REFERENCES tenant (id), 
    FOREIGN KEY(actor_key) REFERENCES actor (key)
);
CREATE INDEX busy_by_actor ON busy (actor_key, ends);
CREATE INDEX busy_by_appointment ON busy (tenant, appointment);
CREATE INDEX busy_by_expiry ON busy (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX busy_by_task ON busy (tenant, task);
CREATE TABLE schedule_actor (
    tenant INTEGER NOT NULL, 
    schedule TEXT COLLATE "C" NOT NULL, 
    actor_key BIGINT NOT NULL, 
    reference TEXT COLLATE "C" NOT NULL, 
    exclusive BOOLEAN NOT NULL, 
    buffer_before INTEGER NOT NULL, 
    buffer_after INTEGER NOT NULL, 
    CONSTRAINT schedule_actor_pkey PRIMARY KEY (tenant, schedule, actor_key), 
    FOREIGN KEY(actor_key) REFERENCES actor (key)
);
CREATE INDEX schedule_actor_by_actor ON schedule_actor (tenant, actor_key);

-- Who may do what: everybody only in the tenant that the transaction has set.
GRANT SELECT, INSERT, UPDATE, DELETE ON appointment_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE appointment_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment_content FORCE ROW LEVEL SECURITY;
CREATE POLICY appointment_content_tenant ON appointment_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON appointment_response_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE appointment_response_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment_response_content FORCE ROW LEVEL SECURITY;
CREATE POLICY appointment_response_content_tenant ON appointment_response_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON appointment_response_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE appointment_response_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment_response_token FORCE ROW LEVEL SECURITY;
CREATE POLICY appointment_response_token_tenant ON appointment_response_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON appointment_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE appointment_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment_token FORCE ROW LEVEL SECURITY;
CREATE POLICY appointment_token_tenant ON appointment_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_event_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE audit_event_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_event_content FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_event_content_tenant ON audit_event_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_event_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE audit_event_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_event_token FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_event_token_tenant ON audit_event_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON basic_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE basic_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE basic_content FORCE ROW LEVEL SECURITY;
CREATE POLICY basic_content_tenant ON basic_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON basic_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE basic_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE basic_token FORCE ROW LEVEL SECURITY;
CREATE POLICY basic_token_tenant ON basic_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON communication_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE communication_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE communication_content FORCE ROW LEVEL SECURITY;
CREATE POLICY communication_content_tenant ON communication_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON communication_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE communication_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE communication_token FORCE ROW LEVEL SECURITY;
CREATE POLICY communication_token_tenant ON communication_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON condition_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE condition_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE condition_content FORCE ROW LEVEL SECURITY;
CREATE POLICY condition_content_tenant ON condition_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON condition_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE condition_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE condition_token FORCE ROW LEVEL SECURITY;
CREATE POLICY condition_token_tenant ON condition_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE coverage_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage_content FORCE ROW LEVEL SECURITY;
CREATE POLICY coverage_content_tenant ON coverage_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage_eligibility_request_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE coverage_eligibility_request_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage_eligibility_request_content FORCE ROW LEVEL SECURITY;
CREATE POLICY coverage_eligibility_request_content_tenant ON coverage_eligibility_request_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage_eligibility_request_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE coverage_eligibility_request_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage_eligibility_request_token FORCE ROW LEVEL SECURITY;
CREATE POLICY coverage_eligibility_request_token_tenant ON coverage_eligibility_request_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage_eligibility_response_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE coverage_eligibility_response_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage_eligibility_response_content FORCE ROW LEVEL SECURITY;
CREATE POLICY coverage_eligibility_response_content_tenant ON coverage_eligibility_response_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage_eligibility_response_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE coverage_eligibility_response_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage_eligibility_response_token FORCE ROW LEVEL SECURITY;
CREATE POLICY coverage_eligibility_response_token_tenant ON coverage_eligibility_response_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE coverage_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage_token FORCE ROW LEVEL SECURITY;
CREATE POLICY coverage_token_tenant ON coverage_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON device_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE device_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE device_content FORCE ROW LEVEL SECURITY;
CREATE POLICY device_content_tenant ON device_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON device_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE device_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE device_token FORCE ROW LEVEL SECURITY;
CREATE POLICY device_token_tenant ON device_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON encounter_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE encounter_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE encounter_content FORCE ROW LEVEL SECURITY;
CREATE POLICY encounter_content_tenant ON encounter_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON encounter_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE encounter_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE encounter_token FORCE ROW LEVEL SECURITY;
CREATE POLICY encounter_token_tenant ON encounter_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON group_resource_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE group_resource_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE group_resource_content FORCE ROW LEVEL SECURITY;
CREATE POLICY group_resource_content_tenant ON group_resource_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON group_resource_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE group_resource_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE group_resource_token FORCE ROW LEVEL SECURITY;
CREATE POLICY group_resource_token_tenant ON group_resource_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON healthcare_service_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE healthcare_service_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE healthcare_service_content FORCE ROW LEVEL SECURITY;
CREATE POLICY healthcare_service_content_tenant ON healthcare_service_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON healthcare_service_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE healthcare_service_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE healthcare_service_token FORCE ROW LEVEL SECURITY;
CREATE POLICY healthcare_service_token_tenant ON healthcare_service_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON identity TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE identity ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity FORCE ROW LEVEL SECURITY;
CREATE POLICY identity_tenant ON identity USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT ON instance TO fhir_gateway_app, fhir_gateway_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON list_resource_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE list_resource_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE list_resource_content FORCE ROW LEVEL SECURITY;
CREATE POLICY list_resource_content_tenant ON list_resource_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON list_resource_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE list_resource_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE list_resource_token FORCE ROW LEVEL SECURITY;
CREATE POLICY list_resource_token_tenant ON list_resource_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON location_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE location_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE location_content FORCE ROW LEVEL SECURITY;
CREATE POLICY location_content_tenant ON location_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON location_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE location_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE location_token FORCE ROW LEVEL SECURITY;
CREATE POLICY location_token_tenant ON location_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON measure_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE measure_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE measure_content FORCE ROW LEVEL SECURITY;
CREATE POLICY measure_content_tenant ON measure_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON measure_report_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE measure_report_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE measure_report_content FORCE ROW LEVEL SECURITY;
CREATE POLICY measure_report_content_tenant ON measure_report_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON measure_report_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE measure_report_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE measure_report_token FORCE ROW LEVEL SECURITY;
CREATE POLICY measure_report_token_tenant ON measure_report_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON measure_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE measure_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE measure_token FORCE ROW LEVEL SECURITY;
CREATE POLICY measure_token_tenant ON measure_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON organization_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE organization_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization_content FORCE ROW LEVEL SECURITY;
CREATE POLICY organization_content_tenant ON organization_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON organization_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE organization_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization_token FORCE ROW LEVEL SECURITY;
CREATE POLICY organization_token_tenant ON organization_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON patient_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE patient_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient_content FORCE ROW LEVEL SECURITY;
CREATE POLICY patient_content_tenant ON patient_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON patient_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE patient_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient_token FORCE ROW LEVEL SECURITY;
CREATE POLICY patient_token_tenant ON patient_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON plan_definition_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE plan_definition_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_definition_content FORCE ROW LEVEL SECURITY;
CREATE POLICY plan_definition_content_tenant ON plan_definition_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON plan_definition_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE plan_definition_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_definition_token FORCE ROW LEVEL SECURITY;
CREATE POLICY plan_definition_token_tenant ON plan_definition_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON practitioner_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE practitioner_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE practitioner_content FORCE ROW LEVEL SECURITY;
CREATE POLICY practitioner_content_tenant ON practitioner_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON practitioner_role_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE practitioner_role_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE practitioner_role_content FORCE ROW LEVEL SECURITY;
CREATE POLICY practitioner_role_content_tenant ON practitioner_role_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON practitioner_role_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE practitioner_role_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE practitioner_role_token FORCE ROW LEVEL SECURITY;
CREATE POLICY practitioner_role_token_tenant ON practitioner_role_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON practitioner_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE practitioner_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE practitioner_token FORCE ROW LEVEL SECURITY;
CREATE POLICY practitioner_token_tenant ON practitioner_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON provenance_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE provenance_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE provenance_content FORCE ROW LEVEL SECURITY;
CREATE POLICY provenance_content_tenant ON provenance_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON provenance_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE provenance_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE provenance_token FORCE ROW LEVEL SECURITY;
CREATE POLICY provenance_token_tenant ON provenance_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON related_person_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE related_person_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE related_person_content FORCE ROW LEVEL SECURITY;
CREATE POLICY related_person_content_tenant ON related_person_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON related_person_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE related_person_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE related_person_token FORCE ROW LEVEL SECURITY;
CREATE POLICY related_person_token_tenant ON related_person_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON risk_assessment_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE risk_assessment_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE risk_assessment_content FORCE ROW LEVEL SECURITY;
CREATE POLICY risk_assessment_content_tenant ON risk_assessment_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON risk_assessment_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE risk_assessment_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE risk_assessment_token FORCE ROW LEVEL SECURITY;
CREATE POLICY risk_assessment_token_tenant ON risk_assessment_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON schedule_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE schedule_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedule_content FORCE ROW LEVEL SECURITY;
CREATE POLICY schedule_content_tenant ON schedule_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON schedule_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE schedule_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedule_token FORCE ROW LEVEL SECURITY;
CREATE POLICY schedule_token_tenant ON schedule_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON search_date TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE search_date ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_date FORCE ROW LEVEL SECURITY;
CREATE POLICY search_date_tenant ON search_date USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON search_number TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE search_number ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_number FORCE ROW LEVEL SECURITY;
CREATE POLICY search_number_tenant ON search_number USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON search_text TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE search_text ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_text FORCE ROW LEVEL SECURITY;
CREATE POLICY search_text_tenant ON search_text USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON service_request_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE service_request_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_request_content FORCE ROW LEVEL SECURITY;
CREATE POLICY service_request_content_tenant ON service_request_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON service_request_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE service_request_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_request_token FORCE ROW LEVEL SECURITY;
CREATE POLICY service_request_token_tenant ON service_request_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON slot_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE slot_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE slot_content FORCE ROW LEVEL SECURITY;
CREATE POLICY slot_content_tenant ON slot_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON slot_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE slot_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE slot_token FORCE ROW LEVEL SECURITY;
CREATE POLICY slot_token_tenant ON slot_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON task_content TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE task_content ENABLE ROW LEVEL SECURITY;
ALTER TABLE task_content FORCE ROW LEVEL SECURITY;
CREATE POLICY task_content_tenant ON task_content USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON task_token TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE task_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE task_token FORCE ROW LEVEL SECURITY;
CREATE POLICY task_token_tenant ON task_token USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT ON tenant TO fhir_gateway_app, fhir_gateway_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON actor TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE actor ENABLE ROW LEVEL SECURITY;
ALTER TABLE actor FORCE ROW LEVEL SECURITY;
CREATE POLICY actor_tenant ON actor USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON appointment TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE appointment ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment FORCE ROW LEVEL SECURITY;
CREATE POLICY appointment_tenant ON appointment USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON appointment_response TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE appointment_response ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment_response FORCE ROW LEVEL SECURITY;
CREATE POLICY appointment_response_tenant ON appointment_response USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_event TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_event FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_event_tenant ON audit_event USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON basic TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE basic ENABLE ROW LEVEL SECURITY;
ALTER TABLE basic FORCE ROW LEVEL SECURITY;
CREATE POLICY basic_tenant ON basic USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON communication TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE communication ENABLE ROW LEVEL SECURITY;
ALTER TABLE communication FORCE ROW LEVEL SECURITY;
CREATE POLICY communication_tenant ON communication USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON condition TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE condition ENABLE ROW LEVEL SECURITY;
ALTER TABLE condition FORCE ROW LEVEL SECURITY;
CREATE POLICY condition_tenant ON condition USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE coverage ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage FORCE ROW LEVEL SECURITY;
CREATE POLICY coverage_tenant ON coverage USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage_eligibility_request TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE coverage_eligibility_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage_eligibility_request FORCE ROW LEVEL SECURITY;
CREATE POLICY coverage_eligibility_request_tenant ON coverage_eligibility_request USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage_eligibility_response TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE coverage_eligibility_response ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage_eligibility_response FORCE ROW LEVEL SECURITY;
CREATE POLICY coverage_eligibility_response_tenant ON coverage_eligibility_response USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON device TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE device ENABLE ROW LEVEL SECURITY;
ALTER TABLE device FORCE ROW LEVEL SECURITY;
CREATE POLICY device_tenant ON device USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON encounter TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE encounter ENABLE ROW LEVEL SECURITY;
ALTER TABLE encounter FORCE ROW LEVEL SECURITY;
CREATE POLICY encounter_tenant ON encounter USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON feed_state TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE feed_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE feed_state FORCE ROW LEVEL SECURITY;
CREATE POLICY feed_state_tenant ON feed_state USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON group_resource TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE group_resource ENABLE ROW LEVEL SECURITY;
ALTER TABLE group_resource FORCE ROW LEVEL SECURITY;
CREATE POLICY group_resource_tenant ON group_resource USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON healthcare_service TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE healthcare_service ENABLE ROW LEVEL SECURITY;
ALTER TABLE healthcare_service FORCE ROW LEVEL SECURITY;
CREATE POLICY healthcare_service_tenant ON healthcare_service USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT ON history TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE history ENABLE ROW LEVEL SECURITY;
ALTER TABLE history FORCE ROW LEVEL SECURITY;
CREATE POLICY history_tenant ON history USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE inbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox FORCE ROW LEVEL SECURITY;
CREATE POLICY inbox_tenant ON inbox USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
CREATE POLICY inbox_worker ON inbox TO fhir_gateway_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox_key TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE inbox_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox_key FORCE ROW LEVEL SECURITY;
CREATE POLICY inbox_key_tenant ON inbox_key USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON list_resource TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE list_resource ENABLE ROW LEVEL SECURITY;
ALTER TABLE list_resource FORCE ROW LEVEL SECURITY;
CREATE POLICY list_resource_tenant ON list_resource USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON location TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE location ENABLE ROW LEVEL SECURITY;
ALTER TABLE location FORCE ROW LEVEL SECURITY;
CREATE POLICY location_tenant ON location USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON measure TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE measure ENABLE ROW LEVEL SECURITY;
ALTER TABLE measure FORCE ROW LEVEL SECURITY;
CREATE POLICY measure_tenant ON measure USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON measure_report TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE measure_report ENABLE ROW LEVEL SECURITY;
ALTER TABLE measure_report FORCE ROW LEVEL SECURITY;
CREATE POLICY measure_report_tenant ON measure_report USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON organization TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE organization ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization FORCE ROW LEVEL SECURITY;
CREATE POLICY organization_tenant ON organization USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY outbox_tenant ON outbox USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
CREATE POLICY outbox_worker ON outbox TO fhir_gateway_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON patient TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient FORCE ROW LEVEL SECURITY;
CREATE POLICY patient_tenant ON patient USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON plan_definition TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE plan_definition ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_definition FORCE ROW LEVEL SECURITY;
CREATE POLICY plan_definition_tenant ON plan_definition USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON practitioner TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE practitioner ENABLE ROW LEVEL SECURITY;
ALTER TABLE practitioner FORCE ROW LEVEL SECURITY;
CREATE POLICY practitioner_tenant ON practitioner USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON practitioner_role TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE practitioner_role ENABLE ROW LEVEL SECURITY;
ALTER TABLE practitioner_role FORCE ROW LEVEL SECURITY;
CREATE POLICY practitioner_role_tenant ON practitioner_role USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON provenance TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE provenance ENABLE ROW LEVEL SECURITY;
ALTER TABLE provenance FORCE ROW LEVEL SECURITY;
CREATE POLICY provenance_tenant ON provenance USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON related_person TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE related_person ENABLE ROW LEVEL SECURITY;
ALTER TABLE related_person FORCE ROW LEVEL SECURITY;
CREATE POLICY related_person_tenant ON related_person USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON risk_assessment TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE risk_assessment ENABLE ROW LEVEL SECURITY;
ALTER TABLE risk_assessment FORCE ROW LEVEL SECURITY;
CREATE POLICY risk_assessment_tenant ON risk_assessment USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON schedule TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedule FORCE ROW LEVEL SECURITY;
CREATE POLICY schedule_tenant ON schedule USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON service_request TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE service_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_request FORCE ROW LEVEL SECURITY;
CREATE POLICY service_request_tenant ON service_request USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON slot TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE slot ENABLE ROW LEVEL SECURITY;
ALTER TABLE slot FORCE ROW LEVEL SECURITY;
CREATE POLICY slot_tenant ON slot USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON task TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE task ENABLE ROW LEVEL SECURITY;
ALTER TABLE task FORCE ROW LEVEL SECURITY;
CREATE POLICY task_tenant ON task USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON timer TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE timer ENABLE ROW LEVEL SECURITY;
ALTER TABLE timer FORCE ROW LEVEL SECURITY;
CREATE POLICY timer_tenant ON timer USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
CREATE POLICY timer_worker ON timer TO fhir_gateway_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON tombstone TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE tombstone ENABLE ROW LEVEL SECURITY;
ALTER TABLE tombstone FORCE ROW LEVEL SECURITY;
CREATE POLICY tombstone_tenant ON tombstone USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON busy TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE busy ENABLE ROW LEVEL SECURITY;
ALTER TABLE busy FORCE ROW LEVEL SECURITY;
CREATE POLICY busy_tenant ON busy USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON schedule_actor TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE schedule_actor ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedule_actor FORCE ROW LEVEL SECURITY;
CREATE POLICY schedule_actor_tenant ON schedule_actor USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);

INSERT INTO tenant (id, slug, name, zone) VALUES (1, 'default', 'Default', 'UTC');
