-- Places of a quota (R33, R35, R37–R39, 9.8): moved by registrations alone, never by an UPDATE of any role.
-- All three lock the quotas of (school, certificate, year) first, so two takers of the last place queue up (E36).

-- Refuses whoever is neither the school, nor the certificate's organisation (cancelling a plan), nor a job.
create or replace function panel_quota_guard(school bigint, certificate bigint) returns void language plpgsql
    stable security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    if not (case current_setting('role')
        when 'panel_job' then true
        when 'panel_school' then school = app_tenant()
        when 'panel_organisation' then exists (
            select from certificate c where c.id = panel_quota_guard.certificate and c.organisation_id = app_tenant())
        else false end) then
        raise exception 'the quota of school % is not this actor''s', school using errcode = '42501';
    end if;
end $$;

-- Gives each person a place, in the given order, and returns those who have one: they had it already this year (E37),
-- or there was one left in the pot of their kind, or else in the common one. After the year nothing is left (E35).
-- `kinds` says STUDENT or SOCIAL of each person.
create or replace function panel_use_quota(
    school bigint, certificate bigint, for_year integer, persons bigint[], kinds text[]
) returns setof bigint language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform panel_quota_guard(school, certificate);
    perform from quota q
        where q.school_id = school and q.certificate_id = certificate and q.year = for_year order by q.id for update;
    if for_year >= extract(year from app_now() at time zone 'Asia/Shanghai') then
        with asked as (
            select a.person, (array_agg(a.kind order by a.place))[1] as kind, min(a.place) as place
            from unnest(persons, kinds) with ordinality as a (person, kind, place) group by a.person
        ), fresh as (
            select a.person, a.kind, a.place, row_number() over (partition by a.kind order by a.place) as turn
            from asked a
            where exists (select from candidate c where c.school_id = school and c.person_id = a.person)
                and not exists (
                    select from quota_use u where u.school_id = school and u.certificate_id = certificate
                        and u.year = for_year and u.person_id = a.person)
        ), pot as (
            select q.id, q.kind, q.granted - q.used as free from quota q
            where q.school_id = school and q.certificate_id = certificate and q.year = for_year
        ), own as (
            select f.person, f.place, p.id as quota
            from fresh f left join pot p on p.kind = f.kind and f.turn <= p.free
        ), common as (
            select o.person, row_number() over (order by o.place) as turn from own o where o.quota is null
        ), given as (
            select o.person, o.quota from own o where o.quota is not null
            union all
            select m.person, p.id from common m join pot p on p.kind = 'ANY' and m.turn <= p.free
        ), noted as (
            insert into quota_use (quota_id, school_id, certificate_id, year, person_id)
            select g.quota, school, certificate, for_year, g.person from given g
            returning quota_id
        )
        update quota q set used = q.used + n.taken
            from (select quota_id, count(*) as taken from noted group by quota_id) n where q.id = n.quota_id;
    end if;
    return query select u.person_id from quota_use u
        where u.school_id = school and u.certificate_id = certificate and u.year = for_year
            and u.person_id = any (persons);
end $$;

-- Takes back the places of those who have no registration left for the certificate and year (R38), and returns them.
create or replace function panel_return_quota(school bigint, certificate bigint, for_year integer, persons bigint[])
    returns setof bigint language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    gone bigint[];
begin
    perform panel_quota_guard(school, certificate);
    perform from quota q
        where q.school_id = school and q.certificate_id = certificate and q.year = for_year order by q.id for update;
    with freed as (
        delete from quota_use u
        where u.school_id = school and u.certificate_id = certificate and u.year = for_year
            and u.person_id = any (persons)
            and not exists (
                select from registration r where r.school_id = school and r.certificate_id = certificate
                    and r.exam_year = for_year and r.person_id = u.person_id and r.state <> 'CANCELLED')
        returning u.quota_id, u.person_id
    ), counted as (
        update quota q set used = q.used - n.freed
            from (select quota_id, count(*) as freed from freed group by quota_id) n where q.id = n.quota_id
    )
    select array_agg(person_id) into gone from freed;
    return query select unnest(gone);
end $$;
