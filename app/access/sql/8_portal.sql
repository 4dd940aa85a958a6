-- What everybody may know beyond the rows the wall shows them, asked one certificate or notice at a time.

-- The enabled subjects of a published certificate (the portal's catalogue): the rows themselves, which name tenants and
-- states, stay inside.
create or replace function panel_certificate_subjects(asked bigint)
    returns table (subject_code text, subject_name text, mode text, target_group text, full_mark numeric)
    language plpgsql stable security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    return query
        select s.subject_code::text, s.name::text, s.mode::text, g.name::text, s.full_mark
        from subject s
        join certificate c on c.id = s.certificate_id and c.state in ('ENABLED', 'DISABLED')
        left join target_group g on g.id = s.target_group_id
        where s.certificate_id = asked and s.state = 'ENABLED'
        order by g.name nulls first, s.subject_code;
end $$;

-- The rule by which one passes a certificate, as the newest published plan has it (考核方案): of the plan itself only
-- its year is told.
create or replace function panel_certificate_rule(asked bigint)
    returns table (exam_year integer, pass_mode text, total_pass_mark numeric, subject_code text, pass_mark numeric, weight integer)
    language plpgsql stable security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    return query
        with newest as (
            select pc.* from plan_certificate pc
            join exam_plan p on p.id = pc.plan_id and p.state = 'PUBLISHED'
            where pc.certificate_id = asked
            order by p.published_at desc, pc.id desc limit 1)
        select ps.exam_year, n.pass_mode::text, n.total_pass_mark, ps.subject_code::text, ps.pass_mark, ps.weight
        from newest n
        join certificate c on c.id = asked and c.state in ('ENABLED', 'DISABLED')
        join plan_subject ps on ps.plan_certificate_id = n.id;
end $$;

-- Whether a notice that is not shown was once: a link to it is then answered with 410 instead of 404 (4.16).
create or replace function panel_notice_was_shown(asked bigint) returns boolean
    language plpgsql stable security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    return exists (
        select from notice n
        where n.id = asked and n.publish_from <= app_now()
            and (n.state = 'WITHDRAWN' or (n.state in ('PUBLISHED', 'SCHEDULED') and n.publish_to <= app_now())));
end $$;
