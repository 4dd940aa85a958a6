-- The account of a person's own space, opened at the first log-in by mobile code (3.5): before that nobody could make
-- it, since a person is no tenant's row. Called as `auth` after the code has been checked.
create or replace function panel_candidate_account(person bigint) returns bigint
    language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    if current_setting('role') <> 'panel_auth' then
        raise exception 'only the log-in opens candidates'' accounts' using errcode = '42501';
    end if;
    insert into account (username, name, kind, role, person_id, created_at, updated_at)
        select 'S' || lpad(p.id::text, 9, '0'), p.name, 'candidate', 'candidate', p.id, app_now(), app_now()
        from person p
        where p.id = panel_candidate_account.person
            and not exists (select from account a where a.person_id = p.id)
        on conflict (username) do nothing;
    return (select min(a.id) from account a where a.person_id = panel_candidate_account.person);
end $$;
