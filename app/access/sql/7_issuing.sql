-- What a certificate will say is settled when the first party signs (R51, R52, 9.13): an organisation reads candidates
-- one by one and writes none, so this is done for it.
--
-- Returns the tasks whose candidate may not be certified yet, with the reason; if there are any, nothing is changed.
-- Else each task's snapshot is taken anew from its candidate, and the candidates count as signed for from now on.
create or replace function panel_begin_issuance(tasks bigint[]) returns table (task bigint, reason text)
    language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    if current_setting('role') <> 'panel_organisation' or app_role() <> 'organisation.principal' then
        raise exception 'only an organisation''s principal begins to issue' using errcode = '42501';
    end if;
    if exists (select from issuance_task t where t.id = any (tasks) and t.organisation_id <> app_tenant()) then
        raise exception 'another organisation''s task' using errcode = '42501';
    end if;
    return query
        select t.id, case when c.photo is null then '没有照片' else '未通过实名认证' end
        from issuance_task t join candidate c on c.id = t.candidate_id
        where t.id = any (tasks) and (c.photo is null or c.identity_state not in ('VERIFIED', 'CONFIRMED'))
        order by t.id;
    if found then
        return;
    end if;
    update issuance_task t
        set candidate_name = c.name, id_number = c.id_number, id_masked = c.id_masked, photo = c.photo,
            school_name = c.school_name
        from candidate c
        where t.id = any (tasks) and c.id = t.candidate_id and t.state = 'WAITING_ORGANISATION'
            and (t.candidate_name, t.id_number, t.photo, t.school_name)
                is distinct from (c.name, c.id_number, c.photo, c.school_name);
    update candidate c set signed_at = app_now()
        from issuance_task t
        where t.id = any (tasks) and c.id = t.candidate_id and c.signed_at is null;
end $$;

-- The public's question (R129–R131, E135, E136): one certificate, by its number and its holder's encrypted ID number.
-- Both must be right; the newest edition answers, with the day it was revoked, and nothing beyond R130.
create or replace function panel_verify(asked text, holder bytea)
    returns table (
        certificate_number text, candidate_name text, id_masked text, photo text, certificate_name text, level text,
        organisation_name text, site_name text, issued_at timestamptz, edition integer, reissued_at timestamptz,
        revoked_at timestamptz)
    language plpgsql stable security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    if current_setting('role') <> 'panel_public' then
        raise exception 'only the public verifies here' using errcode = '42501';
    end if;
    return query
        select c.certificate_number::text, c.candidate_name::text, c.id_masked::text, c.photo::text,
            c.certificate_name::text, c.level::text, c.organisation_name::text, c.site_name::text, c.issued_at,
            c.edition,
            (select max(e.at) from certificate_event e
                where e.certificate_number = c.certificate_number and e.kind = 'REISSUED'),
            (select min(e.at) from certificate_event e
                where e.certificate_number = c.certificate_number and e.kind = 'REVOKED')
        from (select * from e_certificate n where n.certificate_number = asked order by n.edition desc limit 1) c
        where c.id_number = holder;
end $$;
