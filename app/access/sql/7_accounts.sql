-- A platform-made password (R2, R6, 1.2): secrets are seen by nobody, so this is the only way to set one for another.
-- Allowed over accounts of the own tenant, to its principal (a school's manager: over staff alone); to a province's
-- principal over its city bureaus; to the platform's operator over all. Ends the account's sessions (R5), and its second
-- factor: whoever proves anew who one is begins anew, so a lost phone locks nobody out and a successor inherits none.
create or replace function panel_set_credential(of_id bigint, hash text) returns void language plpgsql
    security definer set search_path = public, pg_catalog, pg_temp as $$
declare
    of_account record;
    who text := app_role();
begin
    select * into of_account from account a where a.id = of_id for update;
    if not found or current_setting('role') <> 'panel_' || split_part(who, '.', 1) or not (coalesce(case who
        when 'platform.operator' then true
        when 'school.principal' then of_account.school_id = app_tenant()
        when 'school.manager' then of_account.school_id = app_tenant() and of_account.role = 'school.staff'
        when 'organisation.principal' then of_account.organisation_id = app_tenant()
        when 'city.principal' then of_account.city_id = app_tenant()
        when 'province.principal' then of_account.province_id = app_tenant() or exists (
            select from city c where c.id = of_account.city_id and c.province_id = app_tenant())
        else false end, false)) then
        raise exception 'account % is not this actor''s', of_id using errcode = '42501';
    end if;
    insert into credential (account_id, password_hash, must_change) values (of_id, hash, true)
        on conflict (account_id) do update
        set password_hash = excluded.password_hash, must_change = true, failures = 0, locked_until = null;
    delete from second_factor f where f.account_id = of_id;
    update account a set epoch = a.epoch + 1 where a.id = of_id;
end $$;
