-- Every declared row: who, when and version are kept by the database (R137).
create or replace function panel_touch() returns trigger language plpgsql
    set search_path = public, pg_catalog, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        new.created_by := coalesce(new.created_by, app_account());
        new.updated_by := new.created_by;
        return new;
    end if;
    new.version := old.version + 1;
    new.updated_at := app_now();
    new.updated_by := app_account();
    new.created_at := old.created_at;
    new.created_by := old.created_by;
    return new;
end $$;

-- Only declared moves between states (section 4: any action not listed is refused with 409).
-- Arguments: column, then pairs "FROM>TO".
create or replace function panel_guard_moves() returns trigger language plpgsql
    set search_path = pg_catalog, pg_temp as $$
declare
    was text := to_jsonb(old) ->> tg_argv[0];
    goes text := to_jsonb(new) ->> tg_argv[0];
begin
    if was is distinct from goes and not (was || '>' || goes) = any (tg_argv[1:]) then
        raise exception '%: % cannot become %', tg_table_name, was, goes
            using errcode = '23514', constraint = 'panel_flow', detail = tg_table_name;
    end if;
    return new;
end $$;

-- Irreversible facts (D8): rows that refuse every change, for every role. Argument: the Chinese sentence.
create or replace function panel_refuse() returns trigger language plpgsql
    set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '%', tg_argv[0] using errcode = '23514', constraint = 'panel_frozen', detail = tg_table_name;
end $$;

-- An actor who may change only some columns of somebody else's row (Scope: change(...)).
-- Arguments: kind, tenant column, allowed columns separated by commas.
create or replace function panel_limit_columns() returns trigger language plpgsql
    set search_path = public, pg_catalog, pg_temp as $$
declare
    changed text;
begin
    if current_setting('role') <> 'panel_' || tg_argv[0]
        or (to_jsonb(old) ->> tg_argv[1]) is not distinct from app_tenant()::text then
        return new;
    end if;
    select string_agg(n.key, ',') into changed
        from jsonb_each(to_jsonb(new)) n join jsonb_each(to_jsonb(old)) o using (key)
        where n.value is distinct from o.value
            and not n.key = any (string_to_array(tg_argv[2] || ',version,updated_at,updated_by', ','));
    if changed is not null then
        raise exception 'columns % of % are not this actor''s', changed, tg_table_name using errcode = '42501';
    end if;
    return new;
end $$;

-- The audit (D9): one entry a row; a statement that adds more than a thousand rows leaves one entry with their ids.
-- Personal values are named, not kept (R25). Arguments: the columns that hold them, encrypted or shown masked.
create or replace function panel_audit_insert() returns trigger language plpgsql security definer
    set search_path = public, pg_catalog, pg_temp as $$
declare
    many boolean := (select count(*) > 1000 from (select 1 from added limit 1001) few);
begin
    if many then
        insert into audit_entry (action, table_name, keys, rows)
            select 'INSERT', tg_table_name, range_agg(int8range(id, id, '[]')), count(*) from added;
    else
        insert into audit_entry (action, table_name, row_id, rows) select 'INSERT', tg_table_name, id, 1 from added;
    end if;
    return null;
end $$;

create or replace function panel_audit_update() returns trigger language plpgsql security definer
    set search_path = public, pg_catalog, pg_temp
    set enable_nestloop = off -- a plan cached from a small first update would make later bulk updates quadratic
    as $$
begin
    insert into audit_entry (action, table_name, row_id, rows, changes)
        select 'UPDATE', tg_table_name, n.id, 1, d.changes
        from after n join before o using (id)
        cross join lateral (
            select jsonb_object_agg(a.key, case
                when a.key = any (tg_argv) then '["***", "***"]'::jsonb
                else jsonb_build_array(b.value, a.value) end) as changes
            from jsonb_each(to_jsonb(n)) a join jsonb_each(to_jsonb(o)) b using (key)
            where a.value is distinct from b.value and a.key not in ('version', 'updated_at', 'updated_by')
        ) d
        where d.changes is not null;
    return null;
end $$;

create or replace function panel_audit_delete() returns trigger language plpgsql security definer
    set search_path = public, pg_catalog, pg_temp as $$
begin
    insert into audit_entry (action, table_name, row_id, rows, changes)
        select 'DELETE', tg_table_name, o.id, 1,
            (select jsonb_object_agg(key, case when key = any (tg_argv) and value <> 'null' then '"***"'::jsonb else value end)
             from jsonb_each(to_jsonb(o)))
        from removed o;
    return null;
end $$;

-- Who and when of an audit entry are never the writer's to choose.
create or replace function panel_audit_stamp() returns trigger language plpgsql
    set search_path = public, pg_catalog, pg_temp as $$
begin
    new.at := app_now();
    new.account_id := app_account();
    new.actor := coalesce(nullif(app_role(), ''), current_setting('role'));
    new.tenant_id := app_tenant();
    new.address := nullif(current_setting('app.address', true), '');
    new.request := nullif(current_setting('app.request', true), '');
    return new;
end $$;
