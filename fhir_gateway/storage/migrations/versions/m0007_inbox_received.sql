ALTER TABLE inbox
    ADD COLUMN retry_at TIMESTAMP WITH TIME ZONE,
    DROP CONSTRAINT inbox_state_check,
    ADD CONSTRAINT inbox_state_check
        CHECK (state IN ('received', 'sent', 'filtered', 'error', 'refused'));
CREATE INDEX inbox_lanes ON inbox (tenant, application, facility, id) WHERE state = 'received';
