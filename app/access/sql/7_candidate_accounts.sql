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

-- Whose space an ID number and a mobile open, and how much of it (3.5): all of it by the bound mobile, or by another
-- school's that the person has confirmed; else the rows of the schools that know the mobile. Called as `auth`, which
-- sees no candidates.
create or replace function panel_candidate_entrance(number bytea, phone bytea)
    returns table (of_person bigint, schools bigint[], bound boolean)
    language plpgsql stable security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    if current_setting('role') <> 'panel_auth' then
        raise exception 'only the log-in asks who a mobile belongs to' using errcode = '42501';
    end if;
    return query
        select p.id,
            case when p.mobile = phone
                    or exists (select from person_mobile m where m.person_id = p.id and m.mobile = phone)
                then '{}'::bigint[]
                else array(select c.school_id from candidate c
                    where c.person_id = p.id and c.mobile = phone order by c.school_id)
            end,
            p.mobile = phone
        from person p
        where p.id_number = number and p.mobile is not null
            and (p.mobile = phone
                or exists (select from candidate c where c.person_id = p.id and c.mobile = phone));
end $$;
