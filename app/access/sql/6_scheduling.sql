-- What other plans have taken: the organisation must not schedule against it and may not read it (R86, R88, E100).

-- Refuses whoever is neither the plan's organisation nor a job.
create or replace function panel_schedule_guard(plan bigint) returns void language plpgsql stable security definer
    set search_path = public, pg_catalog, pg_temp as $$
begin
    if not (case current_setting('role')
        when 'panel_job' then true
        when 'panel_organisation' then exists (
            select from exam_plan p where p.id = panel_schedule_guard.plan and p.organisation_id = app_tenant())
        else false end) then
        raise exception 'plan % is not this actor''s', plan using errcode = '42501';
    end if;
end $$;

-- When the plan's people sit in other plans, near its own exam window. Times only: not where, not for whom.
create or replace function panel_busy_people(plan bigint)
    returns table (person bigint, starts timestamptz, ends timestamptz) language plpgsql stable security definer
    set search_path = public, pg_catalog, pg_temp as $$
begin
    perform panel_schedule_guard(plan);
    return query
        select s.person_id, s.starts_at, s.ends_at
        from exam_plan p
        join seat_assignment s on s.plan_id <> p.id
            and s.starts_at < p.exam_to + interval '1 day' and s.ends_at > p.exam_from - interval '1 day'
        where p.id = panel_busy_people.plan
            and exists (select from registration r where r.plan_id = p.id and r.person_id = s.person_id);
end $$;

-- When the physical rooms behind the plan's rooms are used by other plans.
create or replace function panel_busy_rooms(plan bigint)
    returns table (room bigint, starts timestamptz, ends timestamptz) language plpgsql stable security definer
    set search_path = public, pg_catalog, pg_temp as $$
begin
    perform panel_schedule_guard(plan);
    return query
        select r.id, t.starts_at, t.ends_at
        from room r
        join room_session t on t.venue_id = r.venue_id and t.plan_id <> r.plan_id
        where r.plan_id = panel_busy_rooms.plan and t.ends_at > app_now() - interval '1 day';
end $$;

-- Whether exams are still to come at a site; a school does not see drafts, but must not close a site under them (4.4).
create or replace function panel_site_in_use(site bigint) returns boolean language plpgsql stable security definer
    set search_path = public, pg_catalog, pg_temp as $$
begin
    if not exists (
        select from exam_site s where s.id = site and (current_setting('role') = 'panel_job'
            or (current_setting('role') = 'panel_school' and s.school_id = app_tenant())
            or (current_setting('role') = 'panel_organisation' and s.organisation_id = app_tenant()))) then
        raise exception 'site % is not this actor''s', site using errcode = '42501';
    end if;
    return exists (select from room_session t where t.site_id = site and t.ends_at > app_now());
end $$;

-- How a room is used, drafts included: highest seat taken, whether anything is scheduled, whether it is published (E97).
create or replace function panel_room_use(asked bigint)
    returns table (seated integer, scheduled boolean, published boolean) language plpgsql stable security definer
    set search_path = public, pg_catalog, pg_temp as $$
begin
    if not exists (
        select from room r where r.id = asked and (current_setting('role') = 'panel_job'
            or (current_setting('role') = 'panel_school' and r.school_id = app_tenant()))) then
        raise exception 'room % is not this actor''s', asked using errcode = '42501';
    end if;
    return query
        select coalesce(max((select max(a.seat_number) from seat_assignment a where a.room_session_id = t.id)), 0),
            count(*) > 0, coalesce(bool_or(t.schedule_published_at is not null), false)
        from room_session t where t.room_id = asked;
end $$;
