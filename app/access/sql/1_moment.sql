-- Who acts, and when: read by policies, triggers and definer functions.
create or replace function app_tenant() returns bigint language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$ select nullif(current_setting('app.tenant', true), '')::bigint $$;

create or replace function app_account() returns bigint language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$ select nullif(current_setting('app.account', true), '')::bigint $$;

-- The schools a candidate's log-in was narrowed to; null: all of the person's rows (3.5).
create or replace function app_schools() returns bigint[] language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$ select nullif(current_setting('app.schools', true), '')::bigint[] $$;

create or replace function app_role() returns text language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$ select coalesce(current_setting('app.role', true), '') $$;

-- The moment of the platform's clock (D11): moved in tests and rehearsals, else the real one.
create or replace function app_now() returns timestamptz language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$ select now() + coalesce(nullif(current_setting('app.moved', true), ''), '0')::double precision * interval '1 second' $$;
