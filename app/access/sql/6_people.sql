-- What happens to people when a school settles who its candidates are (3.5, 9.8, R51): rows that no tenant owns.

-- The candidate space is bound to the mobile of the first candidate row that is known to be real.
create or replace function panel_bind_people(candidates bigint[]) returns void
    language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    update person p set mobile = c.mobile, bound_at = app_now()
        from candidate c
        where c.id = any (candidates) and p.id = c.person_id and p.mobile is null and c.mobile is not null
            and c.identity_state in ('VERIFIED', 'CONFIRMED')
            and (current_setting('role') = 'panel_job' or c.school_id = app_tenant());
end $$;

-- A corrected ID number is another person: the places the school has used for the one become the other's.
-- Called while the candidate still is whom it was.
create or replace function panel_move_places(candidate bigint, becomes bigint) returns void
    language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    update quota_use u set person_id = becomes
        from candidate c
        where c.id = panel_move_places.candidate and u.school_id = c.school_id and u.person_id = c.person_id
            and (current_setting('role') = 'panel_job' or c.school_id = app_tenant())
            and not exists (
                select from quota_use v where v.school_id = u.school_id and v.certificate_id = u.certificate_id
                    and v.year = u.year and v.person_id = becomes);
end $$;
