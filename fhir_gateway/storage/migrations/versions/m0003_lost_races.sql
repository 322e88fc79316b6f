CREATE FUNCTION lost_race() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
        MESSAGE = 'somebody else has changed the same record';
END
$$;
