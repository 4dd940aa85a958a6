-- How many of a school's people sat for a certificate in a year, and how many passed: what those who review its
-- declarations may know of results (1.5: statistics). Their own schools alone; final results alone.
create or replace function panel_pass_figures(school bigint, for_year integer)
    returns table (certificate bigint, sat bigint, passed bigint) language plpgsql stable
    security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    if not exists (
        select from school s where s.id = panel_pass_figures.school and case current_setting('role')
            when 'panel_platform' then true
            when 'panel_province' then s.province_id = app_tenant()
            when 'panel_city' then s.city_id = app_tenant()
            else false end) then
        raise exception 'the figures of school % are not this actor''s', school using errcode = '42501';
    end if;
    return query select r.certificate_id, count(distinct r.person_id),
            count(distinct r.person_id) filter (where r.outcome = 'PASSED')
        from certificate_result r
        where r.school_id = panel_pass_figures.school and r.exam_year = for_year and r.final_at is not null
        group by r.certificate_id;
end $$;
