-- A school registers (R9–R11, E9): its row, its one principal account and the first password, all or nothing. Nobody is
-- logged in yet, so nobody could make them; called as `auth` after the code on the phone has been checked. Null when the
-- school has its account already, or is not in the list: of two browsers in the same instant one gets the account.
create or replace function panel_register_school(of_directory bigint, of_city bigint, phone bytea, hash text)
    returns bigint language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
declare
    entry record;
    made bigint;
begin
    if current_setting('role') <> 'panel_auth' then
        raise exception 'only the registration page registers schools' using errcode = '42501';
    end if;
    select d.id, d.school_code, d.city_id, d.province_id into entry
        from school_directory d join city c on c.id = of_city and c.province_id = d.province_id
        where d.id = of_directory and d.active and coalesce(d.city_id, of_city) = of_city;
    if not found then
        return null;
    end if;
    insert into school (id, directory_id, city_id, contact_mobile, created_at, updated_at)
        values (entry.id, entry.id, of_city, phone, app_now(), app_now())
        on conflict do nothing;
    insert into account (username, name, mobile, kind, role, is_principal, school_id, created_at, updated_at)
        values (entry.school_code, '院校负责人', phone, 'school', 'school.principal', true, entry.id, app_now(), app_now())
        on conflict do nothing
        returning id into made;
    if made is not null then
        insert into credential (account_id, password_hash, must_change) values (made, hash, true);
    end if;
    return made;
end $$;
