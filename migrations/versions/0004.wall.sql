-- Who acts, and when: read by policies, triggers and definer functions.
create or replace function app_tenant() returns bigint language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$ select nullif(current_setting('app.tenant', true), '')::bigint $$;

create or replace function app_account() returns bigint language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$ select nullif(current_setting('app.account', true), '')::bigint $$;

-- The schools a candidate's log-in was narrowed to; null: all of the person's rows (3.5).
create or replace function app_schools() returns bigint[] language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$ select nullif(current_setting('app.schools', true), '')::bigint[] $$;

create or replace function app_role() returns text language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$ select coalesce(current_setting('app.role', true), '') $$;

-- The moment of the platform's clock (D11): moved in tests and rehearsals, else the real one.
create or replace function app_now() returns timestamptz language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$ select now() + coalesce(nullif(current_setting('app.moved', true), ''), '0')::double precision * interval '1 second' $$;

-- Every declared row: who, when and version are kept by the database (R137).
create or replace function panel_touch() returns trigger language plpgsql
    set search_path = public, pg_catalog, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        new.created_by := coalesce(new.created_by, app_account());
        new.updated_by := new.created_by;
        return new;
    end if;
    new.version := old.version + 1;
    new.updated_at := app_now();
    new.updated_by := app_account();
    new.created_at := old.created_at;
    new.created_by := old.created_by;
    return new;
end $$;

-- Only declared moves between states (section 4: any action not listed is refused with 409).
-- Arguments: column, then pairs "FROM>TO".
create or replace function panel_guard_moves() returns trigger language plpgsql
    set search_path = pg_catalog, pg_temp as $$
declare
    was text := to_jsonb(old) ->> tg_argv[0];
    goes text := to_jsonb(new) ->> tg_argv[0];
begin
    if was is distinct from goes and not (was || '>' || goes) = any (tg_argv[1:]) then
        raise exception '%: % cannot become %', tg_table_name, was, goes
            using errcode = '23514', constraint = 'panel_flow', detail = tg_table_name;
    end if;
    return new;
end $$;

-- Irreversible facts (D8): rows that refuse every change, for every role. Argument: the Chinese sentence.
create or replace function panel_refuse() returns trigger language plpgsql
    set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '%', tg_argv[0] using errcode = '23514', constraint = 'panel_frozen', detail = tg_table_name;
end $$;

-- An actor who may change only some columns of somebody else's row (Scope: change(...)).
-- Arguments: kind, tenant column, allowed columns separated by commas.
create or replace function panel_limit_columns() returns trigger language plpgsql
    set search_path = public, pg_catalog, pg_temp as $$
declare
    changed text;
begin
    if current_setting('role') <> 'panel_' || tg_argv[0]
        or (to_jsonb(old) ->> tg_argv[1]) is not distinct from app_tenant()::text then
        return new;
    end if;
    select string_agg(n.key, ',') into changed
        from jsonb_each(to_jsonb(new)) n join jsonb_each(to_jsonb(old)) o using (key)
        where n.value is distinct from o.value
            and not n.key = any (string_to_array(tg_argv[2] || ',version,updated_at,updated_by', ','));
    if changed is not null then
        raise exception 'columns % of % are not this actor''s', changed, tg_table_name using errcode = '42501';
    end if;
    return new;
end $$;

-- The audit (D9): one entry a row; a statement that adds more than a thousand rows leaves one entry with their ids.
-- Personal values are named, not kept (R25). Arguments: the columns that hold them, encrypted or shown masked.
create or replace function panel_audit_insert() returns trigger language plpgsql security definer
    set search_path = public, pg_catalog, pg_temp as $$
declare
    many boolean := (select count(*) > 1000 from (select 1 from added limit 1001) few);
begin
    if many then
        insert into audit_entry (action, table_name, keys, rows)
            select 'INSERT', tg_table_name, range_agg(int8range(id, id, '[]')), count(*) from added;
    else
        insert into audit_entry (action, table_name, row_id, rows) select 'INSERT', tg_table_name, id, 1 from added;
    end if;
    return null;
end $$;

create or replace function panel_audit_update() returns trigger language plpgsql security definer
    set search_path = public, pg_catalog, pg_temp
    set enable_nestloop = off -- a plan cached from a small first update would make later bulk updates quadratic
    as $$
begin
    insert into audit_entry (action, table_name, row_id, rows, changes)
        select 'UPDATE', tg_table_name, n.id, 1, d.changes
        from after n join before o using (id)
        cross join lateral (
            select jsonb_object_agg(a.key, case
                when a.key = any (tg_argv) then '["***", "***"]'::jsonb
                else jsonb_build_array(b.value, a.value) end) as changes
            from jsonb_each(to_jsonb(n)) a join jsonb_each(to_jsonb(o)) b using (key)
            where a.value is distinct from b.value and a.key not in ('version', 'updated_at', 'updated_by')
        ) d
        where d.changes is not null;
    return null;
end $$;

create or replace function panel_audit_delete() returns trigger language plpgsql security definer
    set search_path = public, pg_catalog, pg_temp as $$
begin
    insert into audit_entry (action, table_name, row_id, rows, changes)
        select 'DELETE', tg_table_name, o.id, 1,
            (select jsonb_object_agg(key, case when key = any (tg_argv) and value <> 'null' then '"***"'::jsonb else value end)
             from jsonb_each(to_jsonb(o)))
        from removed o;
    return null;
end $$;

-- Who and when of an audit entry are never the writer's to choose.
create or replace function panel_audit_stamp() returns trigger language plpgsql
    set search_path = public, pg_catalog, pg_temp as $$
begin
    new.at := app_now();
    new.account_id := app_account();
    new.actor := coalesce(nullif(app_role(), ''), current_setting('role'));
    new.tenant_id := app_tenant();
    new.address := nullif(current_setting('app.address', true), '');
    new.request := nullif(current_setting('app.request', true), '');
    return new;
end $$;

-- Numbers that never repeat (R15, R65, R75, R76, R116): one counter a scope, advanced by n, given back by nobody.
-- Returns the first of the n numbers. Past the ceiling it refuses (E92), never wraps.
create or replace function panel_take_numbers(scope text, n integer, ceiling bigint) returns bigint
    language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
declare
    reached bigint;
begin
    insert into number_sequence as s (scope_key, last) values (scope, n)
        on conflict (scope_key) do update set last = s.last + n
        returning last into reached;
    if reached > ceiling then
        raise exception 'numbers of % are used up at %', scope, ceiling
            using errcode = '23514', constraint = 'panel_numbers', detail = scope;
    end if;
    return reached - n + 1;
end $$;

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

-- A deed whose reason no column holds, written into the trail in the actor's own name (R135).
create or replace function panel_note(deed text, of_table text, of_row bigint, why text) returns void
    language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    insert into audit_entry (action, table_name, row_id, rows, reason)
        values (left(deed, 40), of_table, of_row, 1, left(why, 500));
end $$;

-- People are nobody's tenant rows: a school enters candidates, and the human being behind each is found by the ID
-- number or made anew (3.5, E54). The caller learns an id, never whether somebody else knew the person before.
create or replace function panel_people(numbers bytea[], masks text[], names text[], births date[], sexes text[])
    returns table (id_number bytea, person_id bigint)
    language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    if current_setting('role') not in ('panel_school', 'panel_job') then
        raise exception 'only schools enter people' using errcode = '42501';
    end if;
    insert into person (id_number, id_masked, name, birth_date, sex, created_at, updated_at)
        select n.id_number, n.id_masked, n.name, n.birth_date, n.sex, app_now(), app_now()
        from unnest(numbers, masks, names, births, sexes) as n (id_number, id_masked, name, birth_date, sex)
        on conflict (id_number) do nothing;
    return query select p.id_number, p.id from unnest(numbers) as n (number) join person p on p.id_number = n.number;
end $$;

-- Whether anybody has declared in a batch: a province does not see drafts, yet they hold it in place (4.1).
create or replace function panel_batch_is_used(batch bigint) returns boolean language plpgsql stable
    security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    return exists (select from declaration d where d.batch_id = batch);
end $$;

-- Whether a school is pilot for a year, or, without a year, ever was: approved, and the batch over (R36, 9.3), if only
-- once: one that opens again takes nothing back.
-- Everybody may ask: it is what a school's partners rely on.
create or replace function panel_is_pilot(school bigint, for_year integer) returns boolean language plpgsql stable
    security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    return exists (
        select from declaration d join declaration_batch b on b.id = d.batch_id
        where d.school_id = school and d.state = 'APPROVED' and coalesce(b.first_over_at, b.window_to) <= app_now()
            and (for_year is null or d.year = for_year));
end $$;

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
alter table account enable row level security;
grant select on account to panel_platform;
grant insert on account to panel_platform;
grant update on account to panel_platform;
grant delete on account to panel_platform;
create policy platform_1 on account to panel_platform using (true) with check (true);
grant select on account to panel_province;
grant insert on account to panel_province;
grant update on account to panel_province;
grant delete on account to panel_province;
create policy province_1 on account to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('province.principal')) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('province.principal'));
create policy province_2 on account to panel_province using ((kind = 'city' and city_id in (select c.id from city c where c.province_id = (select app_tenant()))) and (select current_setting('app.role', true)) in ('province.principal')) with check ((kind = 'city' and city_id in (select c.id from city c where c.province_id = (select app_tenant()))) and (select current_setting('app.role', true)) in ('province.principal'));
create policy province_3_select on account for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_4_select on account for select to panel_province using ((id = (select app_account())));
grant select on account to panel_city;
grant insert on account to panel_city;
grant update on account to panel_city;
grant delete on account to panel_city;
create policy city_1 on account to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('city.principal')) with check (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('city.principal'));
create policy city_2_select on account for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy city_3_select on account for select to panel_city using ((id = (select app_account())));
grant select on account to panel_school;
grant insert on account to panel_school;
grant update on account to panel_school;
grant delete on account to panel_school;
create policy school_1 on account to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal')) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal'));
create policy school_2 on account to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (role = 'school.staff') and (select current_setting('app.role', true)) in ('school.manager')) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (role = 'school.staff') and (select current_setting('app.role', true)) in ('school.manager'));
create policy school_3_select on account for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_4_select on account for select to panel_school using ((id = (select app_account())));
grant select on account to panel_organisation;
grant insert on account to panel_organisation;
grant update on account to panel_organisation;
grant delete on account to panel_organisation;
create policy organisation_1 on account to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('organisation.principal')) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('organisation.principal'));
create policy organisation_2_select on account for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_3_select on account for select to panel_organisation using ((id = (select app_account())));
grant select on account to panel_candidate;
create policy candidate_1_select on account for select to panel_candidate using ((id = (select app_account())));
grant select on account to panel_auth;
grant update (epoch, last_login_at, mobile, name, version, updated_at, updated_by) on account to panel_auth;
create policy auth_1_select on account for select to panel_auth using (true);
create policy auth_1_update on account for update to panel_auth using (true) with check (true);
grant select on account to panel_job;
grant insert on account to panel_job;
grant update on account to panel_job;
grant delete on account to panel_job;
create policy job_1 on account to panel_job using (true) with check (true);
create trigger a_touch before insert or update on account for each row execute function panel_touch();
create trigger f_truncate before truncate on account for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on account referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on account referencing old table as before new table as after for each statement execute function panel_audit_update('mobile');
create trigger z_audit_delete after delete on account referencing old table as removed for each statement execute function panel_audit_delete('mobile');
alter table credential enable row level security;
grant select on credential to panel_auth;
grant insert on credential to panel_auth;
grant update on credential to panel_auth;
grant delete on credential to panel_auth;
create policy auth_1 on credential to panel_auth using (true) with check (true);
grant select on credential to panel_job;
grant insert on credential to panel_job;
grant update on credential to panel_job;
grant delete on credential to panel_job;
create policy job_1 on credential to panel_job using (true) with check (true);
create trigger a_touch before insert or update on credential for each row execute function panel_touch();
create trigger f_truncate before truncate on credential for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table second_factor enable row level security;
grant select on second_factor to panel_auth;
grant insert on second_factor to panel_auth;
grant update on second_factor to panel_auth;
grant delete on second_factor to panel_auth;
create policy auth_1 on second_factor to panel_auth using (true) with check (true);
grant select on second_factor to panel_job;
grant insert on second_factor to panel_job;
grant update on second_factor to panel_job;
grant delete on second_factor to panel_job;
create policy job_1 on second_factor to panel_job using (true) with check (true);
create trigger a_touch before insert or update on second_factor for each row execute function panel_touch();
create trigger f_truncate before truncate on second_factor for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table login_record enable row level security;
grant select on login_record to panel_platform;
create policy platform_1_select on login_record for select to panel_platform using (true);
grant select on login_record to panel_province;
create policy province_1_select on login_record for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on login_record to panel_city;
create policy city_1_select on login_record for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on login_record to panel_school;
create policy school_1_select on login_record for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on login_record to panel_organisation;
create policy organisation_1_select on login_record for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on login_record to panel_auth;
grant insert on login_record to panel_auth;
create policy auth_1_select on login_record for select to panel_auth using (true);
create policy auth_1_insert on login_record for insert to panel_auth with check (true);
grant select on login_record to panel_job;
grant insert on login_record to panel_job;
grant update on login_record to panel_job;
grant delete on login_record to panel_job;
create policy job_1 on login_record to panel_job using (true) with check (true);
create trigger a_touch before insert or update on login_record for each row execute function panel_touch();
create trigger e_append_only before update or delete on login_record for each row execute function panel_refuse('记录已锁定,不能修改');
create trigger f_truncate before truncate on login_record for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table audit_entry enable row level security;
grant select on audit_entry to panel_platform;
create policy platform_1_select on audit_entry for select to panel_platform using (true);
grant select on audit_entry to panel_province;
create policy province_1_select on audit_entry for select to panel_province using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (split_part(actor, '.', 1) = 'province'));
grant select on audit_entry to panel_city;
create policy city_1_select on audit_entry for select to panel_city using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (split_part(actor, '.', 1) = 'city'));
grant select on audit_entry to panel_school;
create policy school_1_select on audit_entry for select to panel_school using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (split_part(actor, '.', 1) = 'school'));
grant select on audit_entry to panel_organisation;
create policy organisation_1_select on audit_entry for select to panel_organisation using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (split_part(actor, '.', 1) = 'organisation'));
grant select on audit_entry to panel_candidate;
create policy candidate_1_select on audit_entry for select to panel_candidate using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (split_part(actor, '.', 1) = 'candidate'));
grant select on audit_entry to panel_job;
grant insert on audit_entry to panel_job;
create policy job_1_select on audit_entry for select to panel_job using (true);
create policy job_1_insert on audit_entry for insert to panel_job with check (true);
create trigger a_touch before insert or update on audit_entry for each row execute function panel_touch();
create trigger b_stamp before insert on audit_entry for each row execute function panel_audit_stamp();
create trigger e_append_only before update or delete on audit_entry for each row execute function panel_refuse('记录已锁定,不能修改');
create trigger f_truncate before truncate on audit_entry for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table province enable row level security;
grant select on province to panel_platform;
grant insert on province to panel_platform;
grant update on province to panel_platform;
grant delete on province to panel_platform;
create policy platform_1 on province to panel_platform using (true) with check (true);
grant select on province to panel_province;
grant update (authority, contact_name, contact_phone, version, updated_at, updated_by) on province to panel_province;
create policy province_1_select on province for select to panel_province using (true);
create policy province_2_select on province for select to panel_province using (id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_2_update on province for update to panel_province using (id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on province to panel_city;
create policy city_1_select on province for select to panel_city using (true);
grant select on province to panel_school;
create policy school_1_select on province for select to panel_school using (true);
grant select on province to panel_organisation;
create policy organisation_1_select on province for select to panel_organisation using (true);
grant select on province to panel_candidate;
create policy candidate_1_select on province for select to panel_candidate using (true);
grant select on province to panel_public;
create policy public_1_select on province for select to panel_public using (true);
grant select on province to panel_auth;
create policy auth_1_select on province for select to panel_auth using (true);
grant select on province to panel_job;
grant insert on province to panel_job;
grant update on province to panel_job;
grant delete on province to panel_job;
create policy job_1 on province to panel_job using (true) with check (true);
create trigger a_touch before insert or update on province for each row execute function panel_touch();
create trigger f_truncate before truncate on province for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on province referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on province referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on province referencing old table as removed for each statement execute function panel_audit_delete();
alter table city enable row level security;
grant select on city to panel_platform;
grant insert on city to panel_platform;
grant update on city to panel_platform;
grant delete on city to panel_platform;
create policy platform_1 on city to panel_platform using (true) with check (true);
grant select on city to panel_province;
grant update (authority, contact_name, contact_phone, version, updated_at, updated_by) on city to panel_province;
create policy province_1_select on city for select to panel_province using (true);
create policy province_2_select on city for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_2_update on city for update to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on city to panel_city;
grant update (authority, contact_name, contact_phone, version, updated_at, updated_by) on city to panel_city;
create policy city_1_select on city for select to panel_city using (true);
create policy city_2_select on city for select to panel_city using (id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy city_2_update on city for update to panel_city using (id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on city to panel_school;
create policy school_1_select on city for select to panel_school using (true);
grant select on city to panel_organisation;
create policy organisation_1_select on city for select to panel_organisation using (true);
grant select on city to panel_candidate;
create policy candidate_1_select on city for select to panel_candidate using (true);
grant select on city to panel_public;
create policy public_1_select on city for select to panel_public using (true);
grant select on city to panel_auth;
create policy auth_1_select on city for select to panel_auth using (true);
grant select on city to panel_job;
grant insert on city to panel_job;
grant update on city to panel_job;
grant delete on city to panel_job;
create policy job_1 on city to panel_job using (true) with check (true);
create trigger a_touch before insert or update on city for each row execute function panel_touch();
create trigger f_truncate before truncate on city for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on city referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on city referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on city referencing old table as removed for each statement execute function panel_audit_delete();
alter table county enable row level security;
grant select on county to panel_platform;
grant insert on county to panel_platform;
grant update on county to panel_platform;
grant delete on county to panel_platform;
create policy platform_1 on county to panel_platform using (true) with check (true);
grant select on county to panel_province;
create policy province_1_select on county for select to panel_province using (true);
grant select on county to panel_city;
create policy city_1_select on county for select to panel_city using (true);
grant select on county to panel_school;
create policy school_1_select on county for select to panel_school using (true);
grant select on county to panel_organisation;
create policy organisation_1_select on county for select to panel_organisation using (true);
grant select on county to panel_candidate;
create policy candidate_1_select on county for select to panel_candidate using (true);
grant select on county to panel_public;
create policy public_1_select on county for select to panel_public using (true);
grant select on county to panel_auth;
create policy auth_1_select on county for select to panel_auth using (true);
grant select on county to panel_job;
grant insert on county to panel_job;
grant update on county to panel_job;
grant delete on county to panel_job;
create policy job_1 on county to panel_job using (true) with check (true);
create trigger a_touch before insert or update on county for each row execute function panel_touch();
create or replace function panel_copy_county_city_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.province_id is null then select s.province_id into new.province_id from city s where s.id = new.city_id; end if; return new; end $$;
create trigger b_copy_city_id before insert or update of city_id on county for each row execute function panel_copy_county_city_id();
create or replace function panel_follow_county_city_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update county set province_id = new.province_id where city_id = new.id; return null; end $$;
create trigger y_follow_county_city_id after update of province_id on city for each row when (new.province_id is distinct from old.province_id) execute function panel_follow_county_city_id();
create trigger f_truncate before truncate on county for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on county referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on county referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on county referencing old table as removed for each statement execute function panel_audit_delete();
alter table school_directory enable row level security;
grant select on school_directory to panel_platform;
grant insert on school_directory to panel_platform;
grant update on school_directory to panel_platform;
grant delete on school_directory to panel_platform;
create policy platform_1 on school_directory to panel_platform using (true) with check (true);
grant select on school_directory to panel_province;
create policy province_1_select on school_directory for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on school_directory to panel_city;
create policy city_1_select on school_directory for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on school_directory to panel_school;
create policy school_1_select on school_directory for select to panel_school using (id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on school_directory to panel_organisation;
create policy organisation_1_select on school_directory for select to panel_organisation using (true);
grant select on school_directory to panel_public;
create policy public_1_select on school_directory for select to panel_public using ((active));
grant select on school_directory to panel_auth;
create policy auth_1_select on school_directory for select to panel_auth using (true);
grant select on school_directory to panel_job;
grant insert on school_directory to panel_job;
grant update on school_directory to panel_job;
grant delete on school_directory to panel_job;
create policy job_1 on school_directory to panel_job using (true) with check (true);
create trigger a_touch before insert or update on school_directory for each row execute function panel_touch();
create trigger f_truncate before truncate on school_directory for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on school_directory referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on school_directory referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on school_directory referencing old table as removed for each statement execute function panel_audit_delete();
alter table school enable row level security;
grant select on school to panel_platform;
grant update on school to panel_platform;
create policy platform_1_select on school for select to panel_platform using (true);
create policy platform_1_update on school for update to panel_platform using (true) with check (true);
grant select on school to panel_province;
grant update (platform_number, version, updated_at, updated_by) on school to panel_province;
create policy province_1_select on school for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_1_update on school for update to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on school to panel_city;
create policy city_1_select on school for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on school to panel_school;
grant update (address, basics_completed, city_id, contact_email, contact_mobile, contact_name, county_id, sms_reminders, uscc, website, version, updated_at, updated_by) on school to panel_school;
create policy school_1_select on school for select to panel_school using (id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_1_update on school for update to panel_school using (id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on school to panel_organisation;
create policy organisation_1_select on school for select to panel_organisation using ((false));
grant select on school to panel_candidate;
create policy candidate_1_select on school for select to panel_candidate using ((false));
grant select on school to panel_auth;
grant insert on school to panel_auth;
create policy auth_1_select on school for select to panel_auth using (true);
create policy auth_1_insert on school for insert to panel_auth with check (true);
grant select on school to panel_job;
grant insert on school to panel_job;
grant update on school to panel_job;
grant delete on school to panel_job;
create policy job_1 on school to panel_job using (true) with check (true);
create trigger a_touch before insert or update on school for each row execute function panel_touch();
create or replace function panel_copy_school_directory_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.name is null or new.kind is null or new.school_code is null or new.province_id is null or current_setting('role') <> 'panel_job' then select s.name, s.kind, s.school_code, s.province_id into new.name, new.kind, new.school_code, new.province_id from school_directory s where s.id = new.directory_id; end if; return new; end $$;
create trigger b_copy_directory_id before insert or update of directory_id on school for each row execute function panel_copy_school_directory_id();
create or replace function panel_follow_school_directory_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update school set name = new.name, kind = new.kind, school_code = new.school_code, province_id = new.province_id where directory_id = new.id; return null; end $$;
create trigger y_follow_school_directory_id after update of name, kind, school_code, province_id on school_directory for each row when (new.name is distinct from old.name or new.kind is distinct from old.kind or new.school_code is distinct from old.school_code or new.province_id is distinct from old.province_id) execute function panel_follow_school_directory_id();
create trigger f_truncate before truncate on school for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on school referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on school referencing old table as before new table as after for each statement execute function panel_audit_update('contact_email', 'contact_mobile');
create trigger z_audit_delete after delete on school referencing old table as removed for each statement execute function panel_audit_delete('contact_email', 'contact_mobile');
alter table directory_report enable row level security;
grant select on directory_report to panel_platform;
grant update (answer, directory_id, state, version, updated_at, updated_by) on directory_report to panel_platform;
create policy platform_1_select on directory_report for select to panel_platform using (true);
create policy platform_1_update on directory_report for update to panel_platform using (true) with check (true);
grant select on directory_report to panel_province;
grant insert on directory_report to panel_province;
grant update (answer, state, version, updated_at, updated_by) on directory_report to panel_province;
create policy province_1_select on directory_report for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_1_update on directory_report for update to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_2_insert on directory_report for insert to panel_province with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'OPEN'));
grant insert on directory_report to panel_auth;
create policy auth_1_insert on directory_report for insert to panel_auth with check (true);
grant select on directory_report to panel_job;
grant insert on directory_report to panel_job;
grant update on directory_report to panel_job;
grant delete on directory_report to panel_job;
create policy job_1 on directory_report to panel_job using (true) with check (true);
create trigger a_touch before insert or update on directory_report for each row execute function panel_touch();
create trigger c_flow_state before update of state on directory_report for each row execute function panel_guard_moves('state', 'FORWARDED>DECLINED', 'FORWARDED>DONE', 'OPEN>DECLINED', 'OPEN>DONE', 'OPEN>FORWARDED');
create trigger f_truncate before truncate on directory_report for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on directory_report referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on directory_report referencing old table as before new table as after for each statement execute function panel_audit_update('contact_mobile');
create trigger z_audit_delete after delete on directory_report referencing old table as removed for each statement execute function panel_audit_delete('contact_mobile');
alter table organisation enable row level security;
grant select on organisation to panel_platform;
grant insert on organisation to panel_platform;
grant update on organisation to panel_platform;
create policy platform_1_select on organisation for select to panel_platform using (true);
create policy platform_1_insert on organisation for insert to panel_platform with check (true);
create policy platform_1_update on organisation for update to panel_platform using (true) with check (true);
grant select on organisation to panel_province;
create policy province_1_select on organisation for select to panel_province using (true);
grant select on organisation to panel_city;
create policy city_1_select on organisation for select to panel_city using (true);
grant select on organisation to panel_school;
create policy school_1_select on organisation for select to panel_school using (true);
grant select on organisation to panel_organisation;
grant update (bank_details, contact_email, contact_mobile, contact_name, fee_channel, schedule_unpaid, uscc, version, updated_at, updated_by) on organisation to panel_organisation;
create policy organisation_1_select on organisation for select to panel_organisation using (id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_update on organisation for update to panel_organisation using (id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on organisation to panel_auth;
create policy auth_1_select on organisation for select to panel_auth using (true);
grant select on organisation to panel_job;
grant insert on organisation to panel_job;
grant update on organisation to panel_job;
grant delete on organisation to panel_job;
create policy job_1 on organisation to panel_job using (true) with check (true);
create trigger a_touch before insert or update on organisation for each row execute function panel_touch();
create trigger f_truncate before truncate on organisation for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on organisation referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on organisation referencing old table as before new table as after for each statement execute function panel_audit_update('contact_email', 'contact_mobile');
create trigger z_audit_delete after delete on organisation referencing old table as removed for each statement execute function panel_audit_delete('contact_email', 'contact_mobile');
alter table certificate enable row level security;
grant select on certificate to panel_platform;
grant insert on certificate to panel_platform;
grant update on certificate to panel_platform;
create policy platform_1_select on certificate for select to panel_platform using (true);
create policy platform_1_insert on certificate for insert to panel_platform with check (true);
create policy platform_1_update on certificate for update to panel_platform using (true) with check (true);
grant select on certificate to panel_province;
create policy province_1_select on certificate for select to panel_province using ((state in ('ENABLED', 'DISABLED')));
grant select on certificate to panel_city;
create policy city_1_select on certificate for select to panel_city using ((state in ('ENABLED', 'DISABLED')));
grant select on certificate to panel_school;
create policy school_1_select on certificate for select to panel_school using ((state in ('ENABLED', 'DISABLED')));
grant select on certificate to panel_organisation;
grant insert on certificate to panel_organisation;
grant update on certificate to panel_organisation;
grant delete on certificate to panel_organisation;
create policy organisation_1_select on certificate for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_insert on certificate for insert to panel_organisation with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_update on certificate for update to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_2_delete on certificate for delete to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'DRAFT'));
grant select on certificate to panel_candidate;
create policy candidate_1_select on certificate for select to panel_candidate using ((state in ('ENABLED', 'DISABLED')));
grant select on certificate to panel_public;
create policy public_1_select on certificate for select to panel_public using ((state in ('ENABLED', 'DISABLED')));
grant select on certificate to panel_job;
grant insert on certificate to panel_job;
grant update on certificate to panel_job;
grant delete on certificate to panel_job;
create policy job_1 on certificate to panel_job using (true) with check (true);
create trigger a_touch before insert or update on certificate for each row execute function panel_touch();
create or replace function panel_copy_certificate_organisation_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_name is null or current_setting('role') <> 'panel_job' then select s.name into new.organisation_name from organisation s where s.id = new.organisation_id; end if; return new; end $$;
create trigger b_copy_organisation_id before insert or update of organisation_id on certificate for each row execute function panel_copy_certificate_organisation_id();
create or replace function panel_follow_certificate_organisation_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update certificate set organisation_name = new.name where organisation_id = new.id; return null; end $$;
create trigger y_follow_certificate_organisation_id after update of name on organisation for each row when (new.name is distinct from old.name) execute function panel_follow_certificate_organisation_id();
create trigger c_flow_state before update of state on certificate for each row execute function panel_guard_moves('state', 'DISABLED>ENABLED', 'DRAFT>PENDING', 'ENABLED>DISABLED', 'PENDING>DRAFT', 'PENDING>ENABLED');
create trigger f_truncate before truncate on certificate for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on certificate referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on certificate referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on certificate referencing old table as removed for each statement execute function panel_audit_delete();
alter table certificate_version enable row level security;
grant select on certificate_version to panel_platform;
grant insert on certificate_version to panel_platform;
create policy platform_1_select on certificate_version for select to panel_platform using (true);
create policy platform_1_insert on certificate_version for insert to panel_platform with check (true);
grant select on certificate_version to panel_organisation;
create policy organisation_1_select on certificate_version for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on certificate_version to panel_job;
grant insert on certificate_version to panel_job;
grant update on certificate_version to panel_job;
grant delete on certificate_version to panel_job;
create policy job_1 on certificate_version to panel_job using (true) with check (true);
create trigger a_touch before insert or update on certificate_version for each row execute function panel_touch();
create or replace function panel_copy_certificate_version_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from certificate s where s.id = new.certificate_id; end if; return new; end $$;
create trigger b_copy_certificate_id before insert or update of certificate_id on certificate_version for each row execute function panel_copy_certificate_version_certificate_id();
create trigger e_append_only before update or delete on certificate_version for each row execute function panel_refuse('证书版本是审核时的留存,不能修改');
create trigger f_truncate before truncate on certificate_version for each statement execute function panel_refuse('证书版本是审核时的留存,不能修改');
create trigger z_audit_insert after insert on certificate_version referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on certificate_version referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on certificate_version referencing old table as removed for each statement execute function panel_audit_delete();
alter table target_group enable row level security;
grant select on target_group to panel_platform;
create policy platform_1_select on target_group for select to panel_platform using (true);
grant select on target_group to panel_province;
create policy province_1_select on target_group for select to panel_province using (true);
grant select on target_group to panel_city;
create policy city_1_select on target_group for select to panel_city using (true);
grant select on target_group to panel_school;
create policy school_1_select on target_group for select to panel_school using (true);
grant select on target_group to panel_organisation;
grant insert on target_group to panel_organisation;
grant update on target_group to panel_organisation;
grant delete on target_group to panel_organisation;
create policy organisation_1 on target_group to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on target_group to panel_candidate;
create policy candidate_1_select on target_group for select to panel_candidate using (true);
grant select on target_group to panel_job;
grant insert on target_group to panel_job;
grant update on target_group to panel_job;
grant delete on target_group to panel_job;
create policy job_1 on target_group to panel_job using (true) with check (true);
create trigger a_touch before insert or update on target_group for each row execute function panel_touch();
create or replace function panel_copy_target_group_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from certificate s where s.id = new.certificate_id; end if; return new; end $$;
create trigger b_copy_certificate_id before insert or update of certificate_id on target_group for each row execute function panel_copy_target_group_certificate_id();
create or replace function panel_follow_target_group_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update target_group set organisation_id = new.organisation_id where certificate_id = new.id; return null; end $$;
create trigger y_follow_target_group_certificate_id after update of organisation_id on certificate for each row when (new.organisation_id is distinct from old.organisation_id) execute function panel_follow_target_group_certificate_id();
create trigger f_truncate before truncate on target_group for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on target_group referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on target_group referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on target_group referencing old table as removed for each statement execute function panel_audit_delete();
alter table subject enable row level security;
grant select on subject to panel_platform;
grant insert on subject to panel_platform;
grant update on subject to panel_platform;
create policy platform_1_select on subject for select to panel_platform using (true);
create policy platform_1_insert on subject for insert to panel_platform with check (true);
create policy platform_1_update on subject for update to panel_platform using (true) with check (true);
grant select on subject to panel_province;
create policy province_1_select on subject for select to panel_province using (true);
grant select on subject to panel_city;
create policy city_1_select on subject for select to panel_city using (true);
grant select on subject to panel_school;
create policy school_1_select on subject for select to panel_school using (true);
grant select on subject to panel_organisation;
grant insert on subject to panel_organisation;
grant update on subject to panel_organisation;
grant delete on subject to panel_organisation;
create policy organisation_1 on subject to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on subject to panel_candidate;
create policy candidate_1_select on subject for select to panel_candidate using (true);
grant select on subject to panel_job;
grant insert on subject to panel_job;
grant update on subject to panel_job;
grant delete on subject to panel_job;
create policy job_1 on subject to panel_job using (true) with check (true);
create trigger a_touch before insert or update on subject for each row execute function panel_touch();
create or replace function panel_copy_subject_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from certificate s where s.id = new.certificate_id; end if; return new; end $$;
create trigger b_copy_certificate_id before insert or update of certificate_id on subject for each row execute function panel_copy_subject_certificate_id();
create or replace function panel_follow_subject_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update subject set organisation_id = new.organisation_id where certificate_id = new.id; return null; end $$;
create trigger y_follow_subject_certificate_id after update of organisation_id on certificate for each row when (new.organisation_id is distinct from old.organisation_id) execute function panel_follow_subject_certificate_id();
create trigger c_flow_state before update of state on subject for each row execute function panel_guard_moves('state', 'DISABLED>ENABLED', 'ENABLED>DISABLED');
create trigger f_truncate before truncate on subject for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on subject referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on subject referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on subject referencing old table as removed for each statement execute function panel_audit_delete();
alter table standard enable row level security;
grant select on standard to panel_platform;
create policy platform_1_select on standard for select to panel_platform using (true);
grant select on standard to panel_province;
create policy province_1_select on standard for select to panel_province using (true);
grant select on standard to panel_city;
create policy city_1_select on standard for select to panel_city using (true);
grant select on standard to panel_school;
create policy school_1_select on standard for select to panel_school using (true);
grant select on standard to panel_organisation;
grant insert on standard to panel_organisation;
grant update on standard to panel_organisation;
grant delete on standard to panel_organisation;
create policy organisation_1 on standard to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on standard to panel_candidate;
create policy candidate_1_select on standard for select to panel_candidate using (true);
grant select on standard to panel_public;
create policy public_1_select on standard for select to panel_public using (true);
grant select on standard to panel_job;
grant insert on standard to panel_job;
grant update on standard to panel_job;
grant delete on standard to panel_job;
create policy job_1 on standard to panel_job using (true) with check (true);
create trigger a_touch before insert or update on standard for each row execute function panel_touch();
create or replace function panel_copy_standard_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from certificate s where s.id = new.certificate_id; end if; return new; end $$;
create trigger b_copy_certificate_id before insert or update of certificate_id on standard for each row execute function panel_copy_standard_certificate_id();
create or replace function panel_follow_standard_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update standard set organisation_id = new.organisation_id where certificate_id = new.id; return null; end $$;
create trigger y_follow_standard_certificate_id after update of organisation_id on certificate for each row when (new.organisation_id is distinct from old.organisation_id) execute function panel_follow_standard_certificate_id();
create trigger f_truncate before truncate on standard for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on standard referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on standard referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on standard referencing old table as removed for each statement execute function panel_audit_delete();
alter table major enable row level security;
grant select on major to panel_platform;
grant insert on major to panel_platform;
grant update on major to panel_platform;
grant delete on major to panel_platform;
create policy platform_1 on major to panel_platform using (true) with check (true);
grant select on major to panel_province;
create policy province_1_select on major for select to panel_province using (true);
grant select on major to panel_city;
create policy city_1_select on major for select to panel_city using (true);
grant select on major to panel_school;
create policy school_1_select on major for select to panel_school using (true);
grant select on major to panel_organisation;
create policy organisation_1_select on major for select to panel_organisation using (true);
grant select on major to panel_candidate;
create policy candidate_1_select on major for select to panel_candidate using (true);
grant select on major to panel_job;
grant insert on major to panel_job;
grant update on major to panel_job;
grant delete on major to panel_job;
create policy job_1 on major to panel_job using (true) with check (true);
create trigger a_touch before insert or update on major for each row execute function panel_touch();
create trigger f_truncate before truncate on major for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on major referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on major referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on major referencing old table as removed for each statement execute function panel_audit_delete();
alter table certificate_major enable row level security;
grant select on certificate_major to panel_platform;
grant insert on certificate_major to panel_platform;
grant update on certificate_major to panel_platform;
grant delete on certificate_major to panel_platform;
create policy platform_1 on certificate_major to panel_platform using (true) with check (true);
grant select on certificate_major to panel_province;
create policy province_1_select on certificate_major for select to panel_province using ((certificate_state in ('ENABLED', 'DISABLED')));
grant select on certificate_major to panel_city;
create policy city_1_select on certificate_major for select to panel_city using ((certificate_state in ('ENABLED', 'DISABLED')));
grant select on certificate_major to panel_school;
create policy school_1_select on certificate_major for select to panel_school using ((certificate_state in ('ENABLED', 'DISABLED')));
grant select on certificate_major to panel_organisation;
grant insert on certificate_major to panel_organisation;
grant update on certificate_major to panel_organisation;
grant delete on certificate_major to panel_organisation;
create policy organisation_1 on certificate_major to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on certificate_major to panel_candidate;
create policy candidate_1_select on certificate_major for select to panel_candidate using ((certificate_state in ('ENABLED', 'DISABLED')));
grant select on certificate_major to panel_public;
create policy public_1_select on certificate_major for select to panel_public using ((certificate_state in ('ENABLED', 'DISABLED')));
grant select on certificate_major to panel_job;
grant insert on certificate_major to panel_job;
grant update on certificate_major to panel_job;
grant delete on certificate_major to panel_job;
create policy job_1 on certificate_major to panel_job using (true) with check (true);
create trigger a_touch before insert or update on certificate_major for each row execute function panel_touch();
create or replace function panel_copy_certificate_major_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null or new.certificate_state is null or current_setting('role') <> 'panel_job' then select s.organisation_id, s.state into new.organisation_id, new.certificate_state from certificate s where s.id = new.certificate_id; end if; return new; end $$;
create trigger b_copy_certificate_id before insert or update of certificate_id on certificate_major for each row execute function panel_copy_certificate_major_certificate_id();
create or replace function panel_follow_certificate_major_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update certificate_major set organisation_id = new.organisation_id, certificate_state = new.state where certificate_id = new.id; return null; end $$;
create trigger y_follow_certificate_major_certificate_id after update of organisation_id, state on certificate for each row when (new.organisation_id is distinct from old.organisation_id or new.state is distinct from old.state) execute function panel_follow_certificate_major_certificate_id();
create or replace function panel_copy_certificate_major_major_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.code is null or new.name is null or new.category is null or current_setting('role') <> 'panel_job' then select s.code, s.name, s.category into new.code, new.name, new.category from major s where s.id = new.major_id; end if; return new; end $$;
create trigger b_copy_major_id before insert or update of major_id on certificate_major for each row execute function panel_copy_certificate_major_major_id();
create or replace function panel_follow_certificate_major_major_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update certificate_major set code = new.code, name = new.name, category = new.category where major_id = new.id; return null; end $$;
create trigger y_follow_certificate_major_major_id after update of code, name, category on major for each row when (new.code is distinct from old.code or new.name is distinct from old.name or new.category is distinct from old.category) execute function panel_follow_certificate_major_major_id();
create trigger f_truncate before truncate on certificate_major for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on certificate_major referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on certificate_major referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on certificate_major referencing old table as removed for each statement execute function panel_audit_delete();
alter table exam_plan enable row level security;
grant select on exam_plan to panel_platform;
create policy platform_1_select on exam_plan for select to panel_platform using (true);
grant select on exam_plan to panel_province;
create policy province_1_select on exam_plan for select to panel_province using ((published_at is not null));
grant select on exam_plan to panel_city;
create policy city_1_select on exam_plan for select to panel_city using ((published_at is not null));
grant select on exam_plan to panel_school;
create policy school_1_select on exam_plan for select to panel_school using ((published_at is not null));
grant select on exam_plan to panel_organisation;
grant insert on exam_plan to panel_organisation;
grant update on exam_plan to panel_organisation;
grant delete on exam_plan to panel_organisation;
create policy organisation_1 on exam_plan to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_plan to panel_candidate;
create policy candidate_1_select on exam_plan for select to panel_candidate using ((exists (select 1 from registration r where r.plan_id = exam_plan.id)));
grant select on exam_plan to panel_job;
grant insert on exam_plan to panel_job;
grant update on exam_plan to panel_job;
grant delete on exam_plan to panel_job;
create policy job_1 on exam_plan to panel_job using (true) with check (true);
create trigger a_touch before insert or update on exam_plan for each row execute function panel_touch();
create trigger c_flow_state before update of state on exam_plan for each row execute function panel_guard_moves('state', 'DRAFT>PUBLISHED', 'PUBLISHED>CANCELLED', 'PUBLISHED>DRAFT');
create trigger e_frozen before update or delete on exam_plan for each row when (OLD.state = 'CANCELLED') execute function panel_refuse('计划已取消,不能修改');
create trigger f_truncate before truncate on exam_plan for each statement execute function panel_refuse('计划已取消,不能修改');
create trigger z_audit_insert after insert on exam_plan referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on exam_plan referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on exam_plan referencing old table as removed for each statement execute function panel_audit_delete();
alter table plan_certificate enable row level security;
grant select on plan_certificate to panel_platform;
create policy platform_1_select on plan_certificate for select to panel_platform using (true);
grant select on plan_certificate to panel_province;
create policy province_1_select on plan_certificate for select to panel_province using ((published_at is not null));
grant select on plan_certificate to panel_city;
create policy city_1_select on plan_certificate for select to panel_city using ((published_at is not null));
grant select on plan_certificate to panel_school;
create policy school_1_select on plan_certificate for select to panel_school using ((published_at is not null));
grant select on plan_certificate to panel_organisation;
grant insert on plan_certificate to panel_organisation;
grant update on plan_certificate to panel_organisation;
grant delete on plan_certificate to panel_organisation;
create policy organisation_1 on plan_certificate to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on plan_certificate to panel_candidate;
create policy candidate_1_select on plan_certificate for select to panel_candidate using ((exists (select 1 from registration r where r.plan_id = plan_certificate.plan_id)));
grant select on plan_certificate to panel_job;
grant insert on plan_certificate to panel_job;
grant update on plan_certificate to panel_job;
grant delete on plan_certificate to panel_job;
create policy job_1 on plan_certificate to panel_job using (true) with check (true);
create trigger a_touch before insert or update on plan_certificate for each row execute function panel_touch();
create or replace function panel_copy_plan_certificate_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.certificate_name is null or current_setting('role') <> 'panel_job' then select s.full_name into new.certificate_name from certificate s where s.id = new.certificate_id; end if; return new; end $$;
create trigger b_copy_certificate_id before insert or update of certificate_id on plan_certificate for each row execute function panel_copy_plan_certificate_certificate_id();
create or replace function panel_follow_plan_certificate_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update plan_certificate set certificate_name = new.full_name where certificate_id = new.id; return null; end $$;
create trigger y_follow_plan_certificate_certificate_id after update of full_name on certificate for each row when (new.full_name is distinct from old.full_name) execute function panel_follow_plan_certificate_certificate_id();
create or replace function panel_copy_plan_certificate_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null or new.published_at is null or current_setting('role') <> 'panel_job' then select s.organisation_id, s.published_at into new.organisation_id, new.published_at from exam_plan s where s.id = new.plan_id; end if; return new; end $$;
create trigger b_copy_plan_id before insert or update of plan_id on plan_certificate for each row execute function panel_copy_plan_certificate_plan_id();
create or replace function panel_follow_plan_certificate_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update plan_certificate set organisation_id = new.organisation_id, published_at = new.published_at where plan_id = new.id; return null; end $$;
create trigger y_follow_plan_certificate_plan_id after update of organisation_id, published_at on exam_plan for each row when (new.organisation_id is distinct from old.organisation_id or new.published_at is distinct from old.published_at) execute function panel_follow_plan_certificate_plan_id();
create trigger f_truncate before truncate on plan_certificate for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on plan_certificate referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on plan_certificate referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on plan_certificate referencing old table as removed for each statement execute function panel_audit_delete();
alter table plan_subject enable row level security;
grant select on plan_subject to panel_platform;
create policy platform_1_select on plan_subject for select to panel_platform using (true);
grant select on plan_subject to panel_province;
create policy province_1_select on plan_subject for select to panel_province using ((published_at is not null));
grant select on plan_subject to panel_city;
create policy city_1_select on plan_subject for select to panel_city using ((published_at is not null));
grant select on plan_subject to panel_school;
create policy school_1_select on plan_subject for select to panel_school using ((published_at is not null));
grant select on plan_subject to panel_organisation;
grant insert on plan_subject to panel_organisation;
grant update on plan_subject to panel_organisation;
grant delete on plan_subject to panel_organisation;
create policy organisation_1 on plan_subject to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on plan_subject to panel_candidate;
create policy candidate_1_select on plan_subject for select to panel_candidate using ((exists (select 1 from registration r where r.plan_id = plan_subject.plan_id)));
grant select on plan_subject to panel_job;
grant insert on plan_subject to panel_job;
grant update on plan_subject to panel_job;
grant delete on plan_subject to panel_job;
create policy job_1 on plan_subject to panel_job using (true) with check (true);
create trigger a_touch before insert or update on plan_subject for each row execute function panel_touch();
create or replace function panel_copy_plan_subject_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.certificate_id is null or new.subject_code is null or new.subject_name is null or new.mode is null or new.target_group_id is null or current_setting('role') <> 'panel_job' then select s.certificate_id, s.subject_code, s.name, s.mode, s.target_group_id into new.certificate_id, new.subject_code, new.subject_name, new.mode, new.target_group_id from subject s where s.id = new.subject_id; end if; return new; end $$;
create trigger b_copy_subject_id before insert or update of subject_id on plan_subject for each row execute function panel_copy_plan_subject_subject_id();
create or replace function panel_follow_plan_subject_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update plan_subject set certificate_id = new.certificate_id, subject_code = new.subject_code, subject_name = new.name, mode = new.mode, target_group_id = new.target_group_id where subject_id = new.id; return null; end $$;
create trigger y_follow_plan_subject_subject_id after update of certificate_id, subject_code, name, mode, target_group_id on subject for each row when (new.certificate_id is distinct from old.certificate_id or new.subject_code is distinct from old.subject_code or new.name is distinct from old.name or new.mode is distinct from old.mode or new.target_group_id is distinct from old.target_group_id) execute function panel_follow_plan_subject_subject_id();
create or replace function panel_copy_plan_subject_plan_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.certificate_name is null or current_setting('role') <> 'panel_job' then select s.certificate_name into new.certificate_name from plan_certificate s where s.id = new.plan_certificate_id; end if; return new; end $$;
create trigger b_copy_plan_certificate_id before insert or update of plan_certificate_id on plan_subject for each row execute function panel_copy_plan_subject_plan_certificate_id();
create or replace function panel_follow_plan_subject_plan_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update plan_subject set certificate_name = new.certificate_name where plan_certificate_id = new.id; return null; end $$;
create trigger y_follow_plan_subject_plan_certificate_id after update of certificate_name on plan_certificate for each row when (new.certificate_name is distinct from old.certificate_name) execute function panel_follow_plan_subject_plan_certificate_id();
create or replace function panel_copy_plan_subject_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.exam_year is null or new.organisation_id is null or new.published_at is null or current_setting('role') <> 'panel_job' then select s.exam_year, s.organisation_id, s.published_at into new.exam_year, new.organisation_id, new.published_at from exam_plan s where s.id = new.plan_id; end if; return new; end $$;
create trigger b_copy_plan_id before insert or update of plan_id on plan_subject for each row execute function panel_copy_plan_subject_plan_id();
create or replace function panel_follow_plan_subject_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update plan_subject set exam_year = new.exam_year, organisation_id = new.organisation_id, published_at = new.published_at where plan_id = new.id; return null; end $$;
create trigger y_follow_plan_subject_plan_id after update of exam_year, organisation_id, published_at on exam_plan for each row when (new.exam_year is distinct from old.exam_year or new.organisation_id is distinct from old.organisation_id or new.published_at is distinct from old.published_at) execute function panel_follow_plan_subject_plan_id();
create trigger c_flow_schedule_state before update of schedule_state on plan_subject for each row execute function panel_guard_moves('schedule_state', 'ALLOCATED>DRAFT', 'ALLOCATED>NONE', 'DRAFT>ALLOCATED', 'DRAFT>NONE', 'DRAFT>PUBLISHED', 'NONE>ALLOCATED', 'PUBLISHED>NONE');
create trigger f_truncate before truncate on plan_subject for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on plan_subject referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on plan_subject referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on plan_subject referencing old table as removed for each statement execute function panel_audit_delete();
alter table exam_session enable row level security;
grant select on exam_session to panel_platform;
create policy platform_1_select on exam_session for select to panel_platform using (true);
grant select on exam_session to panel_province;
create policy province_1_select on exam_session for select to panel_province using ((published_at is not null));
grant select on exam_session to panel_city;
create policy city_1_select on exam_session for select to panel_city using ((published_at is not null));
grant select on exam_session to panel_school;
create policy school_1_select on exam_session for select to panel_school using ((published_at is not null));
grant select on exam_session to panel_organisation;
grant insert on exam_session to panel_organisation;
grant update on exam_session to panel_organisation;
grant delete on exam_session to panel_organisation;
create policy organisation_1 on exam_session to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_session to panel_candidate;
create policy candidate_1_select on exam_session for select to panel_candidate using ((exists (select 1 from registration r where r.plan_id = exam_session.plan_id)));
grant select on exam_session to panel_job;
grant insert on exam_session to panel_job;
grant update on exam_session to panel_job;
grant delete on exam_session to panel_job;
create policy job_1 on exam_session to panel_job using (true) with check (true);
create trigger a_touch before insert or update on exam_session for each row execute function panel_touch();
create or replace function panel_copy_exam_session_plan_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.plan_id is null or new.organisation_id is null or new.published_at is null or current_setting('role') <> 'panel_job' then select s.plan_id, s.organisation_id, s.published_at into new.plan_id, new.organisation_id, new.published_at from plan_subject s where s.id = new.plan_subject_id; end if; return new; end $$;
create trigger b_copy_plan_subject_id before insert or update of plan_subject_id on exam_session for each row execute function panel_copy_exam_session_plan_subject_id();
create or replace function panel_follow_exam_session_plan_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update exam_session set plan_id = new.plan_id, organisation_id = new.organisation_id, published_at = new.published_at where plan_subject_id = new.id; return null; end $$;
create trigger y_follow_exam_session_plan_subject_id after update of plan_id, organisation_id, published_at on plan_subject for each row when (new.plan_id is distinct from old.plan_id or new.organisation_id is distinct from old.organisation_id or new.published_at is distinct from old.published_at) execute function panel_follow_exam_session_plan_subject_id();
create trigger f_truncate before truncate on exam_session for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on exam_session referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on exam_session referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on exam_session referencing old table as removed for each statement execute function panel_audit_delete();
alter table person enable row level security;
grant select on person to panel_platform;
create policy platform_1_select on person for select to panel_platform using (true);
grant select on person to panel_candidate;
create policy candidate_1_select on person for select to panel_candidate using (id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on person to panel_auth;
create policy auth_1_select on person for select to panel_auth using (true);
grant select on person to panel_job;
grant insert on person to panel_job;
grant update on person to panel_job;
grant delete on person to panel_job;
create policy job_1 on person to panel_job using (true) with check (true);
create trigger a_touch before insert or update on person for each row execute function panel_touch();
create trigger f_truncate before truncate on person for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on person referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on person referencing old table as before new table as after for each statement execute function panel_audit_update('id_number', 'mobile');
create trigger z_audit_delete after delete on person referencing old table as removed for each statement execute function panel_audit_delete('id_number', 'mobile');
alter table person_mobile enable row level security;
grant select on person_mobile to panel_candidate;
grant insert on person_mobile to panel_candidate;
grant delete on person_mobile to panel_candidate;
create policy candidate_1_select on person_mobile for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null));
create policy candidate_1_insert on person_mobile for insert to panel_candidate with check (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null));
create policy candidate_1_delete on person_mobile for delete to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null));
grant select on person_mobile to panel_job;
grant insert on person_mobile to panel_job;
grant update on person_mobile to panel_job;
grant delete on person_mobile to panel_job;
create policy job_1 on person_mobile to panel_job using (true) with check (true);
create trigger a_touch before insert or update on person_mobile for each row execute function panel_touch();
create trigger f_truncate before truncate on person_mobile for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on person_mobile referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on person_mobile referencing old table as before new table as after for each statement execute function panel_audit_update('mobile');
create trigger z_audit_delete after delete on person_mobile referencing old table as removed for each statement execute function panel_audit_delete('mobile');
alter table candidate enable row level security;
grant select on candidate to panel_platform;
create policy platform_1_select on candidate for select to panel_platform using (true);
grant select on candidate to panel_province;
create policy province_1_select on candidate for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on candidate to panel_school;
grant insert on candidate to panel_school;
grant update on candidate to panel_school;
grant delete on candidate to panel_school;
create policy school_1 on candidate to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on candidate to panel_organisation;
create policy organisation_1_select on candidate for select to panel_organisation using ((exists (select 1 from registration r where r.candidate_id = candidate.id)));
grant select on candidate to panel_candidate;
create policy candidate_1_select on candidate for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
grant select on candidate to panel_job;
grant insert on candidate to panel_job;
grant update on candidate to panel_job;
grant delete on candidate to panel_job;
create policy job_1 on candidate to panel_job using (true) with check (true);
create trigger a_touch before insert or update on candidate for each row execute function panel_touch();
create or replace function panel_copy_candidate_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_name is null or new.province_id is null or current_setting('role') <> 'panel_job' then select s.name, s.province_id into new.school_name, new.province_id from school s where s.id = new.school_id; end if; return new; end $$;
create trigger b_copy_school_id before insert or update of school_id on candidate for each row execute function panel_copy_candidate_school_id();
create or replace function panel_follow_candidate_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update candidate set school_name = new.name, province_id = new.province_id where school_id = new.id; return null; end $$;
create trigger y_follow_candidate_school_id after update of name, province_id on school for each row when (new.name is distinct from old.name or new.province_id is distinct from old.province_id) execute function panel_follow_candidate_school_id();
create trigger c_flow_identity_state before update of identity_state on candidate for each row execute function panel_guard_moves('identity_state', 'CONFIRMED>WAITING', 'FAILED>CONFIRMED', 'FAILED>WAITING', 'INCOMPLETE>WAITING', 'VERIFIED>WAITING', 'WAITING>FAILED', 'WAITING>VERIFIED');
create trigger f_truncate before truncate on candidate for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on candidate referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on candidate referencing old table as before new table as after for each statement execute function panel_audit_update('id_number', 'mobile');
create trigger z_audit_delete after delete on candidate referencing old table as removed for each statement execute function panel_audit_delete('id_number', 'mobile');
alter table photo enable row level security;
grant select on photo to panel_platform;
create policy platform_1_select on photo for select to panel_platform using (true);
grant select on photo to panel_school;
grant insert on photo to panel_school;
grant update on photo to panel_school;
grant delete on photo to panel_school;
create policy school_1 on photo to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on photo to panel_candidate;
create policy candidate_1_select on photo for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
grant select on photo to panel_job;
grant insert on photo to panel_job;
grant update on photo to panel_job;
grant delete on photo to panel_job;
create policy job_1 on photo to panel_job using (true) with check (true);
create trigger a_touch before insert or update on photo for each row execute function panel_touch();
create or replace function panel_copy_photo_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.person_id is null or current_setting('role') <> 'panel_job' then select s.school_id, s.person_id into new.school_id, new.person_id from candidate s where s.id = new.candidate_id; end if; return new; end $$;
create trigger b_copy_candidate_id before insert or update of candidate_id on photo for each row execute function panel_copy_photo_candidate_id();
create or replace function panel_follow_photo_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update photo set school_id = new.school_id, person_id = new.person_id where candidate_id = new.id; return null; end $$;
create trigger y_follow_photo_candidate_id after update of school_id, person_id on candidate for each row when (new.school_id is distinct from old.school_id or new.person_id is distinct from old.person_id) execute function panel_follow_photo_candidate_id();
create trigger f_truncate before truncate on photo for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on photo referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on photo referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on photo referencing old table as removed for each statement execute function panel_audit_delete();
alter table identity_check enable row level security;
grant select on identity_check to panel_platform;
create policy platform_1_select on identity_check for select to panel_platform using (true);
grant select on identity_check to panel_school;
grant insert on identity_check to panel_school;
create policy school_1_select on identity_check for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_1_insert on identity_check for insert to panel_school with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on identity_check to panel_candidate;
create policy candidate_1_select on identity_check for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
grant select on identity_check to panel_job;
grant insert on identity_check to panel_job;
grant update on identity_check to panel_job;
grant delete on identity_check to panel_job;
create policy job_1 on identity_check to panel_job using (true) with check (true);
create trigger a_touch before insert or update on identity_check for each row execute function panel_touch();
create or replace function panel_copy_identity_check_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.person_id is null or current_setting('role') <> 'panel_job' then select s.school_id, s.person_id into new.school_id, new.person_id from candidate s where s.id = new.candidate_id; end if; return new; end $$;
create trigger b_copy_candidate_id before insert or update of candidate_id on identity_check for each row execute function panel_copy_identity_check_candidate_id();
create or replace function panel_follow_identity_check_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update identity_check set school_id = new.school_id, person_id = new.person_id where candidate_id = new.id and not (pg_trigger_depth() = 0); return null; end $$;
create trigger y_follow_identity_check_candidate_id after update of school_id, person_id on candidate for each row when (new.school_id is distinct from old.school_id or new.person_id is distinct from old.person_id) execute function panel_follow_identity_check_candidate_id();
create trigger e_frozen before update or delete on identity_check for each row when (pg_trigger_depth() = 0) execute function panel_refuse('认证记录不能修改或删除');
create trigger f_truncate before truncate on identity_check for each statement execute function panel_refuse('认证记录不能修改或删除');
create trigger z_audit_insert after insert on identity_check referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on identity_check referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on identity_check referencing old table as removed for each statement execute function panel_audit_delete();
alter table notice enable row level security;
grant select on notice to panel_platform;
grant insert on notice to panel_platform;
grant update on notice to panel_platform;
grant delete on notice to panel_platform;
create policy platform_1 on notice to panel_platform using (true) with check (true);
grant select on notice to panel_province;
create policy province_1_select on notice for select to panel_province using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice to panel_city;
create policy city_1_select on notice for select to panel_city using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice to panel_school;
create policy school_1_select on notice for select to panel_school using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice to panel_organisation;
create policy organisation_1_select on notice for select to panel_organisation using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice to panel_candidate;
create policy candidate_1_select on notice for select to panel_candidate using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice to panel_public;
create policy public_1_select on notice for select to panel_public using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice to panel_job;
grant insert on notice to panel_job;
grant update on notice to panel_job;
grant delete on notice to panel_job;
create policy job_1 on notice to panel_job using (true) with check (true);
create trigger a_touch before insert or update on notice for each row execute function panel_touch();
create trigger c_flow_state before update of state on notice for each row execute function panel_guard_moves('state', 'DRAFT>PUBLISHED', 'DRAFT>SCHEDULED', 'PUBLISHED>WITHDRAWN', 'SCHEDULED>DRAFT', 'SCHEDULED>PUBLISHED', 'SCHEDULED>WITHDRAWN', 'WITHDRAWN>DRAFT');
create trigger f_truncate before truncate on notice for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on notice referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on notice referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on notice referencing old table as removed for each statement execute function panel_audit_delete();
alter table notice_file enable row level security;
grant select on notice_file to panel_platform;
grant insert on notice_file to panel_platform;
grant update on notice_file to panel_platform;
grant delete on notice_file to panel_platform;
create policy platform_1 on notice_file to panel_platform using (true) with check (true);
grant select on notice_file to panel_province;
create policy province_1_select on notice_file for select to panel_province using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_file to panel_city;
create policy city_1_select on notice_file for select to panel_city using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_file to panel_school;
create policy school_1_select on notice_file for select to panel_school using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_file to panel_organisation;
create policy organisation_1_select on notice_file for select to panel_organisation using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_file to panel_candidate;
create policy candidate_1_select on notice_file for select to panel_candidate using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_file to panel_public;
create policy public_1_select on notice_file for select to panel_public using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_file to panel_job;
grant insert on notice_file to panel_job;
grant update on notice_file to panel_job;
grant delete on notice_file to panel_job;
create policy job_1 on notice_file to panel_job using (true) with check (true);
create trigger a_touch before insert or update on notice_file for each row execute function panel_touch();
create or replace function panel_copy_notice_file_notice_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.state is null or new.publish_from is null or new.publish_to is null or current_setting('role') <> 'panel_job' then select s.state, s.publish_from, s.publish_to into new.state, new.publish_from, new.publish_to from notice s where s.id = new.notice_id; end if; return new; end $$;
create trigger b_copy_notice_id before insert or update of notice_id on notice_file for each row execute function panel_copy_notice_file_notice_id();
create or replace function panel_follow_notice_file_notice_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update notice_file set state = new.state, publish_from = new.publish_from, publish_to = new.publish_to where notice_id = new.id; return null; end $$;
create trigger y_follow_notice_file_notice_id after update of state, publish_from, publish_to on notice for each row when (new.state is distinct from old.state or new.publish_from is distinct from old.publish_from or new.publish_to is distinct from old.publish_to) execute function panel_follow_notice_file_notice_id();
create trigger f_truncate before truncate on notice_file for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on notice_file referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on notice_file referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on notice_file referencing old table as removed for each statement execute function panel_audit_delete();
alter table notice_picture enable row level security;
grant select on notice_picture to panel_platform;
grant insert on notice_picture to panel_platform;
grant update on notice_picture to panel_platform;
grant delete on notice_picture to panel_platform;
create policy platform_1 on notice_picture to panel_platform using (true) with check (true);
grant select on notice_picture to panel_province;
create policy province_1_select on notice_picture for select to panel_province using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_picture to panel_city;
create policy city_1_select on notice_picture for select to panel_city using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_picture to panel_school;
create policy school_1_select on notice_picture for select to panel_school using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_picture to panel_organisation;
create policy organisation_1_select on notice_picture for select to panel_organisation using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_picture to panel_candidate;
create policy candidate_1_select on notice_picture for select to panel_candidate using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_picture to panel_public;
create policy public_1_select on notice_picture for select to panel_public using ((state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now()) and (publish_to is null or publish_to > (select app_now()))));
grant select on notice_picture to panel_job;
grant insert on notice_picture to panel_job;
grant update on notice_picture to panel_job;
grant delete on notice_picture to panel_job;
create policy job_1 on notice_picture to panel_job using (true) with check (true);
create trigger a_touch before insert or update on notice_picture for each row execute function panel_touch();
create or replace function panel_copy_notice_picture_notice_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.state is null or new.publish_from is null or new.publish_to is null or current_setting('role') <> 'panel_job' then select s.state, s.publish_from, s.publish_to into new.state, new.publish_from, new.publish_to from notice s where s.id = new.notice_id; end if; return new; end $$;
create trigger b_copy_notice_id before insert or update of notice_id on notice_picture for each row execute function panel_copy_notice_picture_notice_id();
create or replace function panel_follow_notice_picture_notice_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update notice_picture set state = new.state, publish_from = new.publish_from, publish_to = new.publish_to where notice_id = new.id; return null; end $$;
create trigger y_follow_notice_picture_notice_id after update of state, publish_from, publish_to on notice for each row when (new.state is distinct from old.state or new.publish_from is distinct from old.publish_from or new.publish_to is distinct from old.publish_to) execute function panel_follow_notice_picture_notice_id();
create trigger f_truncate before truncate on notice_picture for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table verification enable row level security;
grant select on verification to panel_platform;
create policy platform_1_select on verification for select to panel_platform using (true);
grant insert on verification to panel_province;
create policy province_1_insert on verification for insert to panel_province with check (true);
grant insert on verification to panel_city;
create policy city_1_insert on verification for insert to panel_city with check (true);
grant insert on verification to panel_school;
create policy school_1_insert on verification for insert to panel_school with check (true);
grant insert on verification to panel_organisation;
create policy organisation_1_insert on verification for insert to panel_organisation with check (true);
grant insert on verification to panel_candidate;
create policy candidate_1_insert on verification for insert to panel_candidate with check (true);
grant insert on verification to panel_public;
create policy public_1_insert on verification for insert to panel_public with check (true);
grant select on verification to panel_job;
grant insert on verification to panel_job;
grant update on verification to panel_job;
grant delete on verification to panel_job;
create policy job_1 on verification to panel_job using (true) with check (true);
create trigger a_touch before insert or update on verification for each row execute function panel_touch();
create trigger e_append_only before update or delete on verification for each row execute function panel_refuse('查询记录不能修改或删除');
create trigger f_truncate before truncate on verification for each statement execute function panel_refuse('查询记录不能修改或删除');
alter table weekly_report enable row level security;
grant select on weekly_report to panel_platform;
grant update (return_reason, state, version, updated_at, updated_by) on weekly_report to panel_platform;
create policy platform_1_select on weekly_report for select to panel_platform using (true);
create policy platform_2_select on weekly_report for select to panel_platform using ((organisation_id is not null and state <> 'DRAFT'));
create policy platform_2_update on weekly_report for update to panel_platform using ((organisation_id is not null and state <> 'DRAFT')) with check ((organisation_id is not null and state <> 'DRAFT'));
grant select on weekly_report to panel_province;
grant update (return_reason, state, version, updated_at, updated_by) on weekly_report to panel_province;
create policy province_1_select on weekly_report for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT'));
create policy province_1_update on weekly_report for update to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT')) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT'));
grant select on weekly_report to panel_school;
grant insert on weekly_report to panel_school;
grant update on weekly_report to panel_school;
grant delete on weekly_report to panel_school;
create policy school_1 on weekly_report to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on weekly_report to panel_organisation;
grant insert on weekly_report to panel_organisation;
grant update on weekly_report to panel_organisation;
grant delete on weekly_report to panel_organisation;
create policy organisation_1 on weekly_report to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on weekly_report to panel_job;
grant insert on weekly_report to panel_job;
grant update on weekly_report to panel_job;
grant delete on weekly_report to panel_job;
create policy job_1 on weekly_report to panel_job using (true) with check (true);
create trigger a_touch before insert or update on weekly_report for each row execute function panel_touch();
create or replace function panel_copy_weekly_report_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.province_id is null or new.school_name is null or current_setting('role') <> 'panel_job' then select s.province_id, s.name into new.province_id, new.school_name from school s where s.id = new.school_id; end if; return new; end $$;
create trigger b_copy_school_id before insert or update of school_id on weekly_report for each row execute function panel_copy_weekly_report_school_id();
create or replace function panel_follow_weekly_report_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update weekly_report set province_id = new.province_id, school_name = new.name where school_id = new.id and not (weekly_report.state = 'CONFIRMED'); return null; end $$;
create trigger y_follow_weekly_report_school_id after update of province_id, name on school for each row when (new.province_id is distinct from old.province_id or new.name is distinct from old.name) execute function panel_follow_weekly_report_school_id();
create or replace function panel_copy_weekly_report_organisation_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_name is null or current_setting('role') <> 'panel_job' then select s.name into new.organisation_name from organisation s where s.id = new.organisation_id; end if; return new; end $$;
create trigger b_copy_organisation_id before insert or update of organisation_id on weekly_report for each row execute function panel_copy_weekly_report_organisation_id();
create or replace function panel_follow_weekly_report_organisation_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update weekly_report set organisation_name = new.name where organisation_id = new.id and not (weekly_report.state = 'CONFIRMED'); return null; end $$;
create trigger y_follow_weekly_report_organisation_id after update of name on organisation for each row when (new.name is distinct from old.name) execute function panel_follow_weekly_report_organisation_id();
create trigger c_flow_state before update of state on weekly_report for each row execute function panel_guard_moves('state', 'DRAFT>SUBMITTED', 'RETURNED>SUBMITTED', 'SUBMITTED>CONFIRMED', 'SUBMITTED>RETURNED');
create trigger e_frozen before update or delete on weekly_report for each row when (OLD.state = 'CONFIRMED') execute function panel_refuse('周报已确认,不能修改');
create trigger f_truncate before truncate on weekly_report for each statement execute function panel_refuse('周报已确认,不能修改');
create trigger z_audit_insert after insert on weekly_report referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on weekly_report referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on weekly_report referencing old table as removed for each statement execute function panel_audit_delete();
alter table training_class enable row level security;
grant select on training_class to panel_platform;
create policy platform_1_select on training_class for select to panel_platform using (true);
grant select on training_class to panel_province;
create policy province_1_select on training_class for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on training_class to panel_school;
grant insert on training_class to panel_school;
grant update on training_class to panel_school;
grant delete on training_class to panel_school;
create policy school_1 on training_class to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on training_class to panel_organisation;
create policy organisation_1_select on training_class for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on training_class to panel_job;
grant insert on training_class to panel_job;
grant update on training_class to panel_job;
grant delete on training_class to panel_job;
create policy job_1 on training_class to panel_job using (true) with check (true);
create trigger a_touch before insert or update on training_class for each row execute function panel_touch();
create or replace function panel_copy_training_class_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_name is null or new.province_id is null or current_setting('role') <> 'panel_job' then select s.name, s.province_id into new.school_name, new.province_id from school s where s.id = new.school_id; end if; return new; end $$;
create trigger b_copy_school_id before insert or update of school_id on training_class for each row execute function panel_copy_training_class_school_id();
create or replace function panel_follow_training_class_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update training_class set school_name = new.name, province_id = new.province_id where school_id = new.id; return null; end $$;
create trigger y_follow_training_class_school_id after update of name, province_id on school for each row when (new.name is distinct from old.name or new.province_id is distinct from old.province_id) execute function panel_follow_training_class_school_id();
create or replace function panel_copy_training_class_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from certificate s where s.id = new.certificate_id; end if; return new; end $$;
create trigger b_copy_certificate_id before insert or update of certificate_id on training_class for each row execute function panel_copy_training_class_certificate_id();
create or replace function panel_follow_training_class_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update training_class set organisation_id = new.organisation_id where certificate_id = new.id; return null; end $$;
create trigger y_follow_training_class_certificate_id after update of organisation_id on certificate for each row when (new.organisation_id is distinct from old.organisation_id) execute function panel_follow_training_class_certificate_id();
create trigger f_truncate before truncate on training_class for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on training_class referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on training_class referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on training_class referencing old table as removed for each statement execute function panel_audit_delete();
alter table trainee enable row level security;
grant select on trainee to panel_platform;
create policy platform_1_select on trainee for select to panel_platform using (true);
grant select on trainee to panel_school;
grant insert on trainee to panel_school;
grant update on trainee to panel_school;
grant delete on trainee to panel_school;
create policy school_1 on trainee to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on trainee to panel_job;
grant insert on trainee to panel_job;
grant update on trainee to panel_job;
grant delete on trainee to panel_job;
create policy job_1 on trainee to panel_job using (true) with check (true);
create trigger a_touch before insert or update on trainee for each row execute function panel_touch();
create or replace function panel_copy_trainee_training_class_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null then select s.school_id into new.school_id from training_class s where s.id = new.training_class_id; end if; return new; end $$;
create trigger b_copy_training_class_id before insert or update of training_class_id on trainee for each row execute function panel_copy_trainee_training_class_id();
create or replace function panel_follow_trainee_training_class_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update trainee set school_id = new.school_id where training_class_id = new.id; return null; end $$;
create trigger y_follow_trainee_training_class_id after update of school_id on training_class for each row when (new.school_id is distinct from old.school_id) execute function panel_follow_trainee_training_class_id();
create or replace function panel_copy_trainee_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.candidate_name is null or new.id_masked is null or current_setting('role') <> 'panel_job' then select s.name, s.id_masked into new.candidate_name, new.id_masked from candidate s where s.id = new.candidate_id; end if; return new; end $$;
create trigger b_copy_candidate_id before insert or update of candidate_id on trainee for each row execute function panel_copy_trainee_candidate_id();
create or replace function panel_follow_trainee_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update trainee set candidate_name = new.name, id_masked = new.id_masked where candidate_id = new.id; return null; end $$;
create trigger y_follow_trainee_candidate_id after update of name, id_masked on candidate for each row when (new.name is distinct from old.name or new.id_masked is distinct from old.id_masked) execute function panel_follow_trainee_candidate_id();
create trigger f_truncate before truncate on trainee for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on trainee referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on trainee referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on trainee referencing old table as removed for each statement execute function panel_audit_delete();
alter table declaration_batch enable row level security;
grant select on declaration_batch to panel_platform;
create policy platform_1_select on declaration_batch for select to panel_platform using (true);
grant select on declaration_batch to panel_province;
grant insert on declaration_batch to panel_province;
grant update on declaration_batch to panel_province;
grant delete on declaration_batch to panel_province;
create policy province_1_select on declaration_batch for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_1_insert on declaration_batch for insert to panel_province with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_1_update on declaration_batch for update to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_2_delete on declaration_batch for delete to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (published_at is null));
grant select on declaration_batch to panel_city;
create policy city_1_select on declaration_batch for select to panel_city using ((published_at is not null and province_id = (select own.province_id from city own where own.id = (select app_tenant()))));
grant select on declaration_batch to panel_school;
create policy school_1_select on declaration_batch for select to panel_school using ((published_at is not null and province_id = (select own.province_id from school own where own.id = (select app_tenant()))));
grant select on declaration_batch to panel_job;
grant insert on declaration_batch to panel_job;
grant update on declaration_batch to panel_job;
grant delete on declaration_batch to panel_job;
create policy job_1 on declaration_batch to panel_job using (true) with check (true);
create trigger a_touch before insert or update on declaration_batch for each row execute function panel_touch();
create trigger f_truncate before truncate on declaration_batch for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on declaration_batch referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on declaration_batch referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on declaration_batch referencing old table as removed for each statement execute function panel_audit_delete();
alter table declaration_batch_certificate enable row level security;
grant select on declaration_batch_certificate to panel_platform;
create policy platform_1_select on declaration_batch_certificate for select to panel_platform using (true);
grant select on declaration_batch_certificate to panel_province;
grant insert on declaration_batch_certificate to panel_province;
grant update on declaration_batch_certificate to panel_province;
grant delete on declaration_batch_certificate to panel_province;
create policy province_1 on declaration_batch_certificate to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on declaration_batch_certificate to panel_city;
create policy city_1_select on declaration_batch_certificate for select to panel_city using ((province_id = (select own.province_id from city own where own.id = (select app_tenant()))));
grant select on declaration_batch_certificate to panel_school;
create policy school_1_select on declaration_batch_certificate for select to panel_school using ((province_id = (select own.province_id from school own where own.id = (select app_tenant()))));
grant select on declaration_batch_certificate to panel_job;
grant insert on declaration_batch_certificate to panel_job;
grant update on declaration_batch_certificate to panel_job;
grant delete on declaration_batch_certificate to panel_job;
create policy job_1 on declaration_batch_certificate to panel_job using (true) with check (true);
create trigger a_touch before insert or update on declaration_batch_certificate for each row execute function panel_touch();
create or replace function panel_copy_declaration_batch_certificate_batch_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.province_id is null then select s.province_id into new.province_id from declaration_batch s where s.id = new.batch_id; end if; return new; end $$;
create trigger b_copy_batch_id before insert or update of batch_id on declaration_batch_certificate for each row execute function panel_copy_declaration_batch_certificate_batch_id();
create or replace function panel_follow_declaration_batch_certificate_batch_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update declaration_batch_certificate set province_id = new.province_id where batch_id = new.id; return null; end $$;
create trigger y_follow_declaration_batch_certificate_batch_id after update of province_id on declaration_batch for each row when (new.province_id is distinct from old.province_id) execute function panel_follow_declaration_batch_certificate_batch_id();
create trigger f_truncate before truncate on declaration_batch_certificate for each statement execute function panel_refuse('记录已锁定,不能修改');
create or replace function panel_sees_declaration_batch_certificate_certificate_id() returns trigger language plpgsql set search_path = public, pg_catalog, pg_temp as $$ begin if exists (select from written w where w.certificate_id is not null and not exists (select from certificate t where t.id = w.certificate_id)) then raise exception 'a row of declaration_batch_certificate points at no certificate' using errcode = '23503', constraint = 'fk_declaration_batch_certificate_certificate_id', table = 'declaration_batch_certificate'; end if; return null; end $$;
create trigger g_sees_certificate_id_insert after insert on declaration_batch_certificate referencing new table as written for each statement execute function panel_sees_declaration_batch_certificate_certificate_id();
create trigger g_sees_certificate_id_update after update on declaration_batch_certificate referencing new table as written for each statement execute function panel_sees_declaration_batch_certificate_certificate_id();
create trigger z_audit_insert after insert on declaration_batch_certificate referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on declaration_batch_certificate referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on declaration_batch_certificate referencing old table as removed for each statement execute function panel_audit_delete();
alter table declaration enable row level security;
grant select on declaration to panel_platform;
create policy platform_1_select on declaration for select to panel_platform using (true);
grant select on declaration to panel_province;
grant update (approved_count, refusal_reason, state, version, updated_at, updated_by) on declaration to panel_province;
create policy province_1_select on declaration for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT'));
create policy province_1_update on declaration for update to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT')) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT'));
grant select on declaration to panel_city;
grant update (refusal_reason, state, version, updated_at, updated_by) on declaration to panel_city;
create policy city_1_select on declaration for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT'));
create policy city_1_update on declaration for update to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT')) with check (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT'));
grant select on declaration to panel_school;
grant insert on declaration to panel_school;
grant update on declaration to panel_school;
grant delete on declaration to panel_school;
create policy school_1_select on declaration for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_insert on declaration for insert to panel_school with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'DRAFT'));
create policy school_2_delete on declaration for delete to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'DRAFT'));
create policy school_3_update on declaration for update to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'APPROVED')) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'APPROVED'));
grant select on declaration to panel_organisation;
create policy organisation_1_select on declaration for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'APPROVED'));
grant select on declaration to panel_job;
grant insert on declaration to panel_job;
grant update on declaration to panel_job;
grant delete on declaration to panel_job;
create policy job_1 on declaration to panel_job using (true) with check (true);
create trigger a_touch before insert or update on declaration for each row execute function panel_touch();
create or replace function panel_copy_declaration_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_name is null or new.province_id is null or new.city_id is null or current_setting('role') <> 'panel_job' then select s.name, s.province_id, s.city_id into new.school_name, new.province_id, new.city_id from school s where s.id = new.school_id; end if; return new; end $$;
create trigger b_copy_school_id before insert or update of school_id on declaration for each row execute function panel_copy_declaration_school_id();
create or replace function panel_follow_declaration_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update declaration set school_name = new.name, province_id = new.province_id, city_id = new.city_id where school_id = new.id; return null; end $$;
create trigger y_follow_declaration_school_id after update of name, province_id, city_id on school for each row when (new.name is distinct from old.name or new.province_id is distinct from old.province_id or new.city_id is distinct from old.city_id) execute function panel_follow_declaration_school_id();
create or replace function panel_copy_declaration_batch_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.year is null or current_setting('role') <> 'panel_job' then select s.year into new.year from declaration_batch s where s.id = new.batch_id; end if; return new; end $$;
create trigger b_copy_batch_id before insert or update of batch_id on declaration for each row execute function panel_copy_declaration_batch_id();
create or replace function panel_follow_declaration_batch_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update declaration set year = new.year where batch_id = new.id; return null; end $$;
create trigger y_follow_declaration_batch_id after update of year on declaration_batch for each row when (new.year is distinct from old.year) execute function panel_follow_declaration_batch_id();
create or replace function panel_copy_declaration_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from certificate s where s.id = new.certificate_id; end if; return new; end $$;
create trigger b_copy_certificate_id before insert or update of certificate_id on declaration for each row execute function panel_copy_declaration_certificate_id();
create or replace function panel_follow_declaration_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update declaration set organisation_id = new.organisation_id where certificate_id = new.id; return null; end $$;
create trigger y_follow_declaration_certificate_id after update of organisation_id on certificate for each row when (new.organisation_id is distinct from old.organisation_id) execute function panel_follow_declaration_certificate_id();
create trigger c_flow_state before update of state on declaration for each row execute function panel_guard_moves('state', 'APPROVED>PENDING', 'CITY_PENDING>PENDING', 'CITY_PENDING>REFUSED', 'DRAFT>CITY_PENDING', 'DRAFT>PENDING', 'PENDING>APPROVED', 'PENDING>REFUSED', 'REFUSED>CITY_PENDING', 'REFUSED>DRAFT', 'REFUSED>PENDING');
create trigger f_truncate before truncate on declaration for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on declaration referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on declaration referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on declaration referencing old table as removed for each statement execute function panel_audit_delete();
alter table declaration_major enable row level security;
grant select on declaration_major to panel_platform;
create policy platform_1_select on declaration_major for select to panel_platform using (true);
grant select on declaration_major to panel_province;
create policy province_1_select on declaration_major for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT'));
grant select on declaration_major to panel_city;
create policy city_1_select on declaration_major for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT'));
grant select on declaration_major to panel_school;
grant insert on declaration_major to panel_school;
grant update on declaration_major to panel_school;
grant delete on declaration_major to panel_school;
create policy school_1_select on declaration_major for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2 on declaration_major to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'DRAFT')) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'DRAFT'));
grant select on declaration_major to panel_organisation;
create policy organisation_1_select on declaration_major for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'APPROVED'));
grant select on declaration_major to panel_job;
grant insert on declaration_major to panel_job;
grant update on declaration_major to panel_job;
grant delete on declaration_major to panel_job;
create policy job_1 on declaration_major to panel_job using (true) with check (true);
create trigger a_touch before insert or update on declaration_major for each row execute function panel_touch();
create or replace function panel_copy_declaration_major_declaration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.province_id is null or new.city_id is null or new.organisation_id is null or new.state is null or current_setting('role') <> 'panel_job' then select s.school_id, s.province_id, s.city_id, s.organisation_id, s.state into new.school_id, new.province_id, new.city_id, new.organisation_id, new.state from declaration s where s.id = new.declaration_id; end if; return new; end $$;
create trigger b_copy_declaration_id before insert or update of declaration_id on declaration_major for each row execute function panel_copy_declaration_major_declaration_id();
create or replace function panel_follow_declaration_major_declaration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update declaration_major set school_id = new.school_id, province_id = new.province_id, city_id = new.city_id, organisation_id = new.organisation_id, state = new.state where declaration_id = new.id; return null; end $$;
create trigger y_follow_declaration_major_declaration_id after update of school_id, province_id, city_id, organisation_id, state on declaration for each row when (new.school_id is distinct from old.school_id or new.province_id is distinct from old.province_id or new.city_id is distinct from old.city_id or new.organisation_id is distinct from old.organisation_id or new.state is distinct from old.state) execute function panel_follow_declaration_major_declaration_id();
create trigger f_truncate before truncate on declaration_major for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on declaration_major referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on declaration_major referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on declaration_major referencing old table as removed for each statement execute function panel_audit_delete();
alter table declaration_file enable row level security;
grant select on declaration_file to panel_platform;
create policy platform_1_select on declaration_file for select to panel_platform using (true);
grant select on declaration_file to panel_province;
create policy province_1_select on declaration_file for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT'));
grant select on declaration_file to panel_city;
create policy city_1_select on declaration_file for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'DRAFT'));
grant select on declaration_file to panel_school;
grant insert on declaration_file to panel_school;
grant update on declaration_file to panel_school;
grant delete on declaration_file to panel_school;
create policy school_1_select on declaration_file for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2 on declaration_file to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'DRAFT')) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'DRAFT'));
grant select on declaration_file to panel_organisation;
create policy organisation_1_select on declaration_file for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'APPROVED'));
grant select on declaration_file to panel_job;
grant insert on declaration_file to panel_job;
grant update on declaration_file to panel_job;
grant delete on declaration_file to panel_job;
create policy job_1 on declaration_file to panel_job using (true) with check (true);
create trigger a_touch before insert or update on declaration_file for each row execute function panel_touch();
create or replace function panel_copy_declaration_file_declaration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.province_id is null or new.city_id is null or new.organisation_id is null or new.state is null or current_setting('role') <> 'panel_job' then select s.school_id, s.province_id, s.city_id, s.organisation_id, s.state into new.school_id, new.province_id, new.city_id, new.organisation_id, new.state from declaration s where s.id = new.declaration_id; end if; return new; end $$;
create trigger b_copy_declaration_id before insert or update of declaration_id on declaration_file for each row execute function panel_copy_declaration_file_declaration_id();
create or replace function panel_follow_declaration_file_declaration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update declaration_file set school_id = new.school_id, province_id = new.province_id, city_id = new.city_id, organisation_id = new.organisation_id, state = new.state where declaration_id = new.id; return null; end $$;
create trigger y_follow_declaration_file_declaration_id after update of school_id, province_id, city_id, organisation_id, state on declaration for each row when (new.school_id is distinct from old.school_id or new.province_id is distinct from old.province_id or new.city_id is distinct from old.city_id or new.organisation_id is distinct from old.organisation_id or new.state is distinct from old.state) execute function panel_follow_declaration_file_declaration_id();
create trigger f_truncate before truncate on declaration_file for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on declaration_file referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on declaration_file referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on declaration_file referencing old table as removed for each statement execute function panel_audit_delete();
alter table review enable row level security;
grant select on review to panel_platform;
create policy platform_1_select on review for select to panel_platform using (true);
grant select on review to panel_province;
grant insert on review to panel_province;
create policy province_1_select on review for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_2_insert on review for insert to panel_province with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (stage = 'PROVINCE'));
grant select on review to panel_city;
grant insert on review to panel_city;
create policy city_1_select on review for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy city_2_insert on review for insert to panel_city with check (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (stage = 'CITY'));
grant select on review to panel_school;
create policy school_1_select on review for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on review to panel_job;
grant insert on review to panel_job;
grant update on review to panel_job;
grant delete on review to panel_job;
create policy job_1 on review to panel_job using (true) with check (true);
create trigger a_touch before insert or update on review for each row execute function panel_touch();
create or replace function panel_copy_review_declaration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.province_id is null or new.city_id is null or current_setting('role') <> 'panel_job' then select s.school_id, s.province_id, s.city_id into new.school_id, new.province_id, new.city_id from declaration s where s.id = new.declaration_id; end if; return new; end $$;
create trigger b_copy_declaration_id before insert or update of declaration_id on review for each row execute function panel_copy_review_declaration_id();
create or replace function panel_copy_review_reviewer_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.reviewer_name is null or current_setting('role') <> 'panel_job' then select s.name into new.reviewer_name from account s where s.id = new.reviewer_id; end if; return new; end $$;
create trigger b_copy_reviewer_id before insert or update of reviewer_id on review for each row execute function panel_copy_review_reviewer_id();
create trigger e_append_only before update or delete on review for each row execute function panel_refuse('审核记录不能修改或删除');
create trigger f_truncate before truncate on review for each statement execute function panel_refuse('审核记录不能修改或删除');
create trigger z_audit_insert after insert on review referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on review referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on review referencing old table as removed for each statement execute function panel_audit_delete();
alter table recommendation enable row level security;
grant select on recommendation to panel_platform;
create policy platform_1_select on recommendation for select to panel_platform using (true);
grant select on recommendation to panel_province;
grant insert on recommendation to panel_province;
create policy province_1_select on recommendation for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (stage = 'PROVINCE'));
create policy province_1_insert on recommendation for insert to panel_province with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (stage = 'PROVINCE'));
grant select on recommendation to panel_city;
grant insert on recommendation to panel_city;
create policy city_1_select on recommendation for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (stage = 'CITY'));
create policy city_1_insert on recommendation for insert to panel_city with check (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (stage = 'CITY'));
grant select on recommendation to panel_job;
grant insert on recommendation to panel_job;
grant update on recommendation to panel_job;
grant delete on recommendation to panel_job;
create policy job_1 on recommendation to panel_job using (true) with check (true);
create trigger a_touch before insert or update on recommendation for each row execute function panel_touch();
create or replace function panel_copy_recommendation_declaration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.province_id is null or new.city_id is null or current_setting('role') <> 'panel_job' then select s.school_id, s.province_id, s.city_id into new.school_id, new.province_id, new.city_id from declaration s where s.id = new.declaration_id; end if; return new; end $$;
create trigger b_copy_declaration_id before insert or update of declaration_id on recommendation for each row execute function panel_copy_recommendation_declaration_id();
create or replace function panel_copy_recommendation_author_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.author_name is null or current_setting('role') <> 'panel_job' then select s.name into new.author_name from account s where s.id = new.author_id; end if; return new; end $$;
create trigger b_copy_author_id before insert or update of author_id on recommendation for each row execute function panel_copy_recommendation_author_id();
create trigger e_append_only before update or delete on recommendation for each row execute function panel_refuse('经办意见不能修改或删除,可以再提一次');
create trigger f_truncate before truncate on recommendation for each statement execute function panel_refuse('经办意见不能修改或删除,可以再提一次');
create trigger z_audit_insert after insert on recommendation referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on recommendation referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on recommendation referencing old table as removed for each statement execute function panel_audit_delete();
alter table exam_site enable row level security;
grant select on exam_site to panel_platform;
create policy platform_1_select on exam_site for select to panel_platform using (true);
grant select on exam_site to panel_province;
create policy province_1_select on exam_site for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_site to panel_city;
create policy city_1_select on exam_site for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_site to panel_school;
grant insert on exam_site to panel_school;
grant update on exam_site to panel_school;
grant delete on exam_site to panel_school;
create policy school_1 on exam_site to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_site to panel_organisation;
grant update (address, approved_at, certificate_count, change_text, county_id, decided_at, pending_change, place_city_id, refusal_reason, state, version, updated_at, updated_by) on exam_site to panel_organisation;
create policy organisation_1_select on exam_site for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_update on exam_site for update to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_site to panel_job;
grant insert on exam_site to panel_job;
grant update on exam_site to panel_job;
grant delete on exam_site to panel_job;
create policy job_1 on exam_site to panel_job using (true) with check (true);
create trigger a_touch before insert or update on exam_site for each row execute function panel_touch();
create or replace function panel_copy_exam_site_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_name is null or new.province_id is null or new.city_id is null or current_setting('role') <> 'panel_job' then select s.name, s.province_id, s.city_id into new.school_name, new.province_id, new.city_id from school s where s.id = new.school_id; end if; return new; end $$;
create trigger b_copy_school_id before insert or update of school_id on exam_site for each row execute function panel_copy_exam_site_school_id();
create or replace function panel_follow_exam_site_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update exam_site set school_name = new.name, province_id = new.province_id, city_id = new.city_id where school_id = new.id; return null; end $$;
create trigger y_follow_exam_site_school_id after update of name, province_id, city_id on school for each row when (new.name is distinct from old.name or new.province_id is distinct from old.province_id or new.city_id is distinct from old.city_id) execute function panel_follow_exam_site_school_id();
create trigger c_flow_state before update of state on exam_site for each row execute function panel_guard_moves('state', 'APPROVED>DISABLED', 'APPROVED>PENDING', 'PENDING>APPROVED', 'PENDING>REFUSED', 'REFUSED>PENDING');
create trigger f_truncate before truncate on exam_site for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on exam_site referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on exam_site referencing old table as before new table as after for each statement execute function panel_audit_update('contact_email', 'contact_mobile');
create trigger z_audit_delete after delete on exam_site referencing old table as removed for each statement execute function panel_audit_delete('contact_email', 'contact_mobile');
alter table exam_site_certificate enable row level security;
grant select on exam_site_certificate to panel_platform;
create policy platform_1_select on exam_site_certificate for select to panel_platform using (true);
grant select on exam_site_certificate to panel_province;
create policy province_1_select on exam_site_certificate for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_site_certificate to panel_city;
create policy city_1_select on exam_site_certificate for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_site_certificate to panel_school;
grant insert on exam_site_certificate to panel_school;
grant update on exam_site_certificate to panel_school;
grant delete on exam_site_certificate to panel_school;
create policy school_1 on exam_site_certificate to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_site_certificate to panel_organisation;
grant update (approved_at, version, updated_at, updated_by) on exam_site_certificate to panel_organisation;
create policy organisation_1_select on exam_site_certificate for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_update on exam_site_certificate for update to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_site_certificate to panel_job;
grant insert on exam_site_certificate to panel_job;
grant update on exam_site_certificate to panel_job;
grant delete on exam_site_certificate to panel_job;
create policy job_1 on exam_site_certificate to panel_job using (true) with check (true);
create trigger a_touch before insert or update on exam_site_certificate for each row execute function panel_touch();
create or replace function panel_copy_exam_site_certificate_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.certificate_name is null or current_setting('role') <> 'panel_job' then select s.full_name into new.certificate_name from certificate s where s.id = new.certificate_id; end if; return new; end $$;
create trigger b_copy_certificate_id before insert or update of certificate_id on exam_site_certificate for each row execute function panel_copy_exam_site_certificate_certificate_id();
create or replace function panel_follow_exam_site_certificate_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update exam_site_certificate set certificate_name = new.full_name where certificate_id = new.id; return null; end $$;
create trigger y_follow_exam_site_certificate_certificate_id after update of full_name on certificate for each row when (new.full_name is distinct from old.full_name) execute function panel_follow_exam_site_certificate_certificate_id();
create or replace function panel_copy_exam_site_certificate_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.organisation_id is null or new.province_id is null or new.city_id is null or current_setting('role') <> 'panel_job' then select s.school_id, s.organisation_id, s.province_id, s.city_id into new.school_id, new.organisation_id, new.province_id, new.city_id from exam_site s where s.id = new.site_id; end if; return new; end $$;
create trigger b_copy_site_id before insert or update of site_id on exam_site_certificate for each row execute function panel_copy_exam_site_certificate_site_id();
create or replace function panel_follow_exam_site_certificate_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update exam_site_certificate set school_id = new.school_id, organisation_id = new.organisation_id, province_id = new.province_id, city_id = new.city_id where site_id = new.id; return null; end $$;
create trigger y_follow_exam_site_certificate_site_id after update of school_id, organisation_id, province_id, city_id on exam_site for each row when (new.school_id is distinct from old.school_id or new.organisation_id is distinct from old.organisation_id or new.province_id is distinct from old.province_id or new.city_id is distinct from old.city_id) execute function panel_follow_exam_site_certificate_site_id();
create trigger f_truncate before truncate on exam_site_certificate for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on exam_site_certificate referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on exam_site_certificate referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on exam_site_certificate referencing old table as removed for each statement execute function panel_audit_delete();
alter table exam_site_file enable row level security;
grant select on exam_site_file to panel_platform;
create policy platform_1_select on exam_site_file for select to panel_platform using (true);
grant select on exam_site_file to panel_school;
grant insert on exam_site_file to panel_school;
grant update on exam_site_file to panel_school;
grant delete on exam_site_file to panel_school;
create policy school_1 on exam_site_file to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_site_file to panel_organisation;
create policy organisation_1_select on exam_site_file for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on exam_site_file to panel_job;
grant insert on exam_site_file to panel_job;
grant update on exam_site_file to panel_job;
grant delete on exam_site_file to panel_job;
create policy job_1 on exam_site_file to panel_job using (true) with check (true);
create trigger a_touch before insert or update on exam_site_file for each row execute function panel_touch();
create or replace function panel_copy_exam_site_file_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.organisation_id is null then select s.school_id, s.organisation_id into new.school_id, new.organisation_id from exam_site s where s.id = new.site_id; end if; return new; end $$;
create trigger b_copy_site_id before insert or update of site_id on exam_site_file for each row execute function panel_copy_exam_site_file_site_id();
create or replace function panel_follow_exam_site_file_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update exam_site_file set school_id = new.school_id, organisation_id = new.organisation_id where site_id = new.id; return null; end $$;
create trigger y_follow_exam_site_file_site_id after update of school_id, organisation_id on exam_site for each row when (new.school_id is distinct from old.school_id or new.organisation_id is distinct from old.organisation_id) execute function panel_follow_exam_site_file_site_id();
create trigger f_truncate before truncate on exam_site_file for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on exam_site_file referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on exam_site_file referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on exam_site_file referencing old table as removed for each statement execute function panel_audit_delete();
alter table borrowed_site enable row level security;
grant select on borrowed_site to panel_platform;
create policy platform_1_select on borrowed_site for select to panel_platform using (true);
grant select on borrowed_site to panel_school;
create policy school_1_select on borrowed_site for select to panel_school using (guest_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_select on borrowed_site for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on borrowed_site to panel_organisation;
grant insert on borrowed_site to panel_organisation;
grant update on borrowed_site to panel_organisation;
grant delete on borrowed_site to panel_organisation;
create policy organisation_1 on borrowed_site to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on borrowed_site to panel_job;
grant insert on borrowed_site to panel_job;
grant update on borrowed_site to panel_job;
grant delete on borrowed_site to panel_job;
create policy job_1 on borrowed_site to panel_job using (true) with check (true);
create trigger a_touch before insert or update on borrowed_site for each row execute function panel_touch();
create or replace function panel_copy_borrowed_site_guest_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.guest_school_name is null or current_setting('role') <> 'panel_job' then select s.name into new.guest_school_name from school_directory s where s.id = new.guest_school_id; end if; return new; end $$;
create trigger b_copy_guest_school_id before insert or update of guest_school_id on borrowed_site for each row execute function panel_copy_borrowed_site_guest_school_id();
create or replace function panel_follow_borrowed_site_guest_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update borrowed_site set guest_school_name = new.name where guest_school_id = new.id; return null; end $$;
create trigger y_follow_borrowed_site_guest_school_id after update of name on school_directory for each row when (new.name is distinct from old.name) execute function panel_follow_borrowed_site_guest_school_id();
create or replace function panel_copy_borrowed_site_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.site_name is null or new.address is null or new.host_school_id is null or new.host_school_name is null or current_setting('role') <> 'panel_job' then select s.name, s.address, s.school_id, s.school_name into new.site_name, new.address, new.host_school_id, new.host_school_name from exam_site s where s.id = new.site_id; end if; return new; end $$;
create trigger b_copy_site_id before insert or update of site_id on borrowed_site for each row execute function panel_copy_borrowed_site_site_id();
create or replace function panel_follow_borrowed_site_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update borrowed_site set site_name = new.name, address = new.address, host_school_id = new.school_id, host_school_name = new.school_name where site_id = new.id; return null; end $$;
create trigger y_follow_borrowed_site_site_id after update of name, address, school_id, school_name on exam_site for each row when (new.name is distinct from old.name or new.address is distinct from old.address or new.school_id is distinct from old.school_id or new.school_name is distinct from old.school_name) execute function panel_follow_borrowed_site_site_id();
create or replace function panel_copy_borrowed_site_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from exam_plan s where s.id = new.plan_id; end if; return new; end $$;
create trigger b_copy_plan_id before insert or update of plan_id on borrowed_site for each row execute function panel_copy_borrowed_site_plan_id();
create or replace function panel_follow_borrowed_site_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update borrowed_site set organisation_id = new.organisation_id where plan_id = new.id; return null; end $$;
create trigger y_follow_borrowed_site_plan_id after update of organisation_id on exam_plan for each row when (new.organisation_id is distinct from old.organisation_id) execute function panel_follow_borrowed_site_plan_id();
create trigger f_truncate before truncate on borrowed_site for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on borrowed_site referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on borrowed_site referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on borrowed_site referencing old table as removed for each statement execute function panel_audit_delete();
alter table borrow_request enable row level security;
grant select on borrow_request to panel_platform;
create policy platform_1_select on borrow_request for select to panel_platform using (true);
grant select on borrow_request to panel_school;
grant insert on borrow_request to panel_school;
grant update on borrow_request to panel_school;
grant delete on borrow_request to panel_school;
create policy school_1 on borrow_request to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'PENDING')) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state = 'PENDING'));
create policy school_2_select on borrow_request for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on borrow_request to panel_organisation;
grant update (answer, state, version, updated_at, updated_by) on borrow_request to panel_organisation;
create policy organisation_1_select on borrow_request for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_update on borrow_request for update to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on borrow_request to panel_job;
grant insert on borrow_request to panel_job;
grant update on borrow_request to panel_job;
grant delete on borrow_request to panel_job;
create policy job_1 on borrow_request to panel_job using (true) with check (true);
create trigger a_touch before insert or update on borrow_request for each row execute function panel_touch();
create or replace function panel_copy_borrow_request_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_name is null or current_setting('role') <> 'panel_job' then select s.name into new.school_name from school s where s.id = new.school_id; end if; return new; end $$;
create trigger b_copy_school_id before insert or update of school_id on borrow_request for each row execute function panel_copy_borrow_request_school_id();
create or replace function panel_follow_borrow_request_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update borrow_request set school_name = new.name where school_id = new.id; return null; end $$;
create trigger y_follow_borrow_request_school_id after update of name on school for each row when (new.name is distinct from old.name) execute function panel_follow_borrow_request_school_id();
create or replace function panel_copy_borrow_request_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from exam_plan s where s.id = new.plan_id; end if; return new; end $$;
create trigger b_copy_plan_id before insert or update of plan_id on borrow_request for each row execute function panel_copy_borrow_request_plan_id();
create or replace function panel_follow_borrow_request_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update borrow_request set organisation_id = new.organisation_id where plan_id = new.id; return null; end $$;
create trigger y_follow_borrow_request_plan_id after update of organisation_id on exam_plan for each row when (new.organisation_id is distinct from old.organisation_id) execute function panel_follow_borrow_request_plan_id();
create trigger c_flow_state before update of state on borrow_request for each row execute function panel_guard_moves('state', 'PENDING>ASSIGNED', 'PENDING>REFUSED');
create trigger f_truncate before truncate on borrow_request for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on borrow_request referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on borrow_request referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on borrow_request referencing old table as removed for each statement execute function panel_audit_delete();
alter table venue enable row level security;
grant select on venue to panel_platform;
create policy platform_1_select on venue for select to panel_platform using (true);
grant select on venue to panel_school;
grant insert on venue to panel_school;
grant update on venue to panel_school;
grant delete on venue to panel_school;
create policy school_1 on venue to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on venue to panel_job;
grant insert on venue to panel_job;
grant update on venue to panel_job;
grant delete on venue to panel_job;
create policy job_1 on venue to panel_job using (true) with check (true);
create trigger a_touch before insert or update on venue for each row execute function panel_touch();
create trigger f_truncate before truncate on venue for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on venue referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on venue referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on venue referencing old table as removed for each statement execute function panel_audit_delete();
alter table room enable row level security;
grant select on room to panel_platform;
create policy platform_1_select on room for select to panel_platform using (true);
grant select on room to panel_province;
create policy province_1_select on room for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on room to panel_city;
create policy city_1_select on room for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on room to panel_school;
grant insert on room to panel_school;
grant update on room to panel_school;
grant delete on room to panel_school;
create policy school_1 on room to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on room to panel_organisation;
create policy organisation_1_select on room for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on room to panel_job;
grant insert on room to panel_job;
grant update on room to panel_job;
grant delete on room to panel_job;
create policy job_1 on room to panel_job using (true) with check (true);
create trigger a_touch before insert or update on room for each row execute function panel_touch();
create or replace function panel_copy_room_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.school_name is null or new.site_name is null or new.organisation_id is null or new.province_id is null or new.city_id is null or current_setting('role') <> 'panel_job' then select s.school_id, s.school_name, s.name, s.organisation_id, s.province_id, s.city_id into new.school_id, new.school_name, new.site_name, new.organisation_id, new.province_id, new.city_id from exam_site s where s.id = new.site_id; end if; return new; end $$;
create trigger b_copy_site_id before insert or update of site_id on room for each row execute function panel_copy_room_site_id();
create or replace function panel_follow_room_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update room set school_id = new.school_id, school_name = new.school_name, site_name = new.name, organisation_id = new.organisation_id, province_id = new.province_id, city_id = new.city_id where site_id = new.id; return null; end $$;
create trigger y_follow_room_site_id after update of school_id, school_name, name, organisation_id, province_id, city_id on exam_site for each row when (new.school_id is distinct from old.school_id or new.school_name is distinct from old.school_name or new.name is distinct from old.name or new.organisation_id is distinct from old.organisation_id or new.province_id is distinct from old.province_id or new.city_id is distinct from old.city_id) execute function panel_follow_room_site_id();
create trigger f_truncate before truncate on room for each statement execute function panel_refuse('记录已锁定,不能修改');
create or replace function panel_sees_room_copied_from_id() returns trigger language plpgsql set search_path = public, pg_catalog, pg_temp as $$ begin if exists (select from written w where w.copied_from_id is not null and not exists (select from room t where t.id = w.copied_from_id)) then raise exception 'a row of room points at no room' using errcode = '23503', constraint = 'fk_room_copied_from_id', table = 'room'; end if; return null; end $$;
create trigger g_sees_copied_from_id_insert after insert on room referencing new table as written for each statement execute function panel_sees_room_copied_from_id();
create trigger g_sees_copied_from_id_update after update on room referencing new table as written for each statement execute function panel_sees_room_copied_from_id();
create trigger z_audit_insert after insert on room referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on room referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on room referencing old table as removed for each statement execute function panel_audit_delete();
alter table room_certificate enable row level security;
grant select on room_certificate to panel_platform;
create policy platform_1_select on room_certificate for select to panel_platform using (true);
grant select on room_certificate to panel_school;
grant insert on room_certificate to panel_school;
grant update on room_certificate to panel_school;
grant delete on room_certificate to panel_school;
create policy school_1 on room_certificate to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on room_certificate to panel_organisation;
create policy organisation_1_select on room_certificate for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on room_certificate to panel_job;
grant insert on room_certificate to panel_job;
grant update on room_certificate to panel_job;
grant delete on room_certificate to panel_job;
create policy job_1 on room_certificate to panel_job using (true) with check (true);
create trigger a_touch before insert or update on room_certificate for each row execute function panel_touch();
create or replace function panel_copy_room_certificate_site_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.certificate_id is null or new.certificate_name is null or current_setting('role') <> 'panel_job' then select s.certificate_id, s.certificate_name into new.certificate_id, new.certificate_name from exam_site_certificate s where s.id = new.site_certificate_id; end if; return new; end $$;
create trigger b_copy_site_certificate_id before insert or update of site_certificate_id on room_certificate for each row execute function panel_copy_room_certificate_site_certificate_id();
create or replace function panel_follow_room_certificate_site_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update room_certificate set certificate_id = new.certificate_id, certificate_name = new.certificate_name where site_certificate_id = new.id; return null; end $$;
create trigger y_follow_room_certificate_site_certificate_id after update of certificate_id, certificate_name on exam_site_certificate for each row when (new.certificate_id is distinct from old.certificate_id or new.certificate_name is distinct from old.certificate_name) execute function panel_follow_room_certificate_site_certificate_id();
create or replace function panel_copy_room_certificate_room_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.site_id is null or new.school_id is null or new.organisation_id is null then select s.site_id, s.school_id, s.organisation_id into new.site_id, new.school_id, new.organisation_id from room s where s.id = new.room_id; end if; return new; end $$;
create trigger b_copy_room_id before insert or update of room_id on room_certificate for each row execute function panel_copy_room_certificate_room_id();
create or replace function panel_follow_room_certificate_room_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update room_certificate set site_id = new.site_id, school_id = new.school_id, organisation_id = new.organisation_id where room_id = new.id; return null; end $$;
create trigger y_follow_room_certificate_room_id after update of site_id, school_id, organisation_id on room for each row when (new.site_id is distinct from old.site_id or new.school_id is distinct from old.school_id or new.organisation_id is distinct from old.organisation_id) execute function panel_follow_room_certificate_room_id();
create trigger f_truncate before truncate on room_certificate for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on room_certificate referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on room_certificate referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on room_certificate referencing old table as removed for each statement execute function panel_audit_delete();
alter table admission_ticket enable row level security;
grant select on admission_ticket to panel_platform;
create policy platform_1_select on admission_ticket for select to panel_platform using (true);
grant select on admission_ticket to panel_school;
grant insert on admission_ticket to panel_school;
create policy school_1_select on admission_ticket for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_1_insert on admission_ticket for insert to panel_school with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on admission_ticket to panel_organisation;
grant update (changed_at, version, updated_at, updated_by) on admission_ticket to panel_organisation;
create policy organisation_1_select on admission_ticket for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_update on admission_ticket for update to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on admission_ticket to panel_candidate;
create policy candidate_1_select on admission_ticket for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
grant select on admission_ticket to panel_job;
grant insert on admission_ticket to panel_job;
grant update on admission_ticket to panel_job;
grant delete on admission_ticket to panel_job;
create policy job_1 on admission_ticket to panel_job using (true) with check (true);
create trigger a_touch before insert or update on admission_ticket for each row execute function panel_touch();
create or replace function panel_copy_admission_ticket_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.candidate_name is null or new.person_id is null or current_setting('role') <> 'panel_job' then select s.name, s.person_id into new.candidate_name, new.person_id from candidate s where s.id = new.candidate_id; end if; return new; end $$;
create trigger b_copy_candidate_id before insert or update of candidate_id on admission_ticket for each row execute function panel_copy_admission_ticket_candidate_id();
create or replace function panel_follow_admission_ticket_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update admission_ticket set candidate_name = new.name, person_id = new.person_id where candidate_id = new.id; return null; end $$;
create trigger y_follow_admission_ticket_candidate_id after update of name, person_id on candidate for each row when (new.name is distinct from old.name or new.person_id is distinct from old.person_id) execute function panel_follow_admission_ticket_candidate_id();
create or replace function panel_copy_admission_ticket_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from exam_plan s where s.id = new.plan_id; end if; return new; end $$;
create trigger b_copy_plan_id before insert or update of plan_id on admission_ticket for each row execute function panel_copy_admission_ticket_plan_id();
create or replace function panel_follow_admission_ticket_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update admission_ticket set organisation_id = new.organisation_id where plan_id = new.id; return null; end $$;
create trigger y_follow_admission_ticket_plan_id after update of organisation_id on exam_plan for each row when (new.organisation_id is distinct from old.organisation_id) execute function panel_follow_admission_ticket_plan_id();
create trigger f_truncate before truncate on admission_ticket for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on admission_ticket referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on admission_ticket referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on admission_ticket referencing old table as removed for each statement execute function panel_audit_delete();
alter table registration enable row level security;
grant select on registration to panel_platform;
create policy platform_1_select on registration for select to panel_platform using (true);
grant select on registration to panel_school;
grant insert on registration to panel_school;
grant update on registration to panel_school;
grant delete on registration to panel_school;
create policy school_1 on registration to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_select on registration for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_update on registration for update to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on registration to panel_organisation;
grant update (attendance, ends_at, paid, site_id, starts_at, state, version, updated_at, updated_by) on registration to panel_organisation;
create policy organisation_1_select on registration for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_update on registration for update to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on registration to panel_candidate;
create policy candidate_1_select on registration for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
grant select on registration to panel_job;
grant insert on registration to panel_job;
grant update on registration to panel_job;
grant delete on registration to panel_job;
create policy job_1 on registration to panel_job using (true) with check (true);
create trigger a_touch before insert or update on registration for each row execute function panel_touch();
create or replace function panel_copy_registration_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.candidate_name is null or new.id_number is null or new.id_masked is null or new.photo is null or new.candidate_kind is null or new.school_name is null or new.person_id is null or current_setting('role') <> 'panel_job' then select s.name, s.id_number, s.id_masked, s.photo, s.kind, s.school_name, s.person_id into new.candidate_name, new.id_number, new.id_masked, new.photo, new.candidate_kind, new.school_name, new.person_id from candidate s where s.id = new.candidate_id; end if; return new; end $$;
create trigger b_copy_candidate_id before insert or update of candidate_id on registration for each row execute function panel_copy_registration_candidate_id();
create or replace function panel_follow_registration_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update registration set candidate_name = new.name, id_number = new.id_number, id_masked = new.id_masked, photo = new.photo, candidate_kind = new.kind, school_name = new.school_name, person_id = new.person_id where candidate_id = new.id; return null; end $$;
create trigger y_follow_registration_candidate_id after update of name, id_number, id_masked, photo, kind, school_name, person_id on candidate for each row when (new.name is distinct from old.name or new.id_number is distinct from old.id_number or new.id_masked is distinct from old.id_masked or new.photo is distinct from old.photo or new.kind is distinct from old.kind or new.school_name is distinct from old.school_name or new.person_id is distinct from old.person_id) execute function panel_follow_registration_candidate_id();
create or replace function panel_copy_registration_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.subject_name is null or new.mode is null or current_setting('role') <> 'panel_job' then select s.name, s.mode into new.subject_name, new.mode from subject s where s.id = new.subject_id; end if; return new; end $$;
create trigger b_copy_subject_id before insert or update of subject_id on registration for each row execute function panel_copy_registration_subject_id();
create or replace function panel_follow_registration_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update registration set subject_name = new.name, mode = new.mode where subject_id = new.id; return null; end $$;
create trigger y_follow_registration_subject_id after update of name, mode on subject for each row when (new.name is distinct from old.name or new.mode is distinct from old.mode) execute function panel_follow_registration_subject_id();
create or replace function panel_copy_registration_ticket_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.ticket_number is null or current_setting('role') <> 'panel_job' then select s.number into new.ticket_number from admission_ticket s where s.id = new.ticket_id; end if; return new; end $$;
create trigger b_copy_ticket_id before insert or update of ticket_id on registration for each row execute function panel_copy_registration_ticket_id();
create or replace function panel_follow_registration_ticket_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update registration set ticket_number = new.number where ticket_id = new.id; return null; end $$;
create trigger y_follow_registration_ticket_id after update of number on admission_ticket for each row when (new.number is distinct from old.number) execute function panel_follow_registration_ticket_id();
create or replace function panel_copy_registration_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.site_name is null or new.host_school_id is null or current_setting('role') <> 'panel_job' then select s.name, s.school_id into new.site_name, new.host_school_id from exam_site s where s.id = new.site_id; end if; return new; end $$;
create trigger b_copy_site_id before insert or update of site_id on registration for each row execute function panel_copy_registration_site_id();
create or replace function panel_follow_registration_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update registration set site_name = new.name, host_school_id = new.school_id where site_id = new.id; return null; end $$;
create trigger y_follow_registration_site_id after update of name, school_id on exam_site for each row when (new.name is distinct from old.name or new.school_id is distinct from old.school_id) execute function panel_follow_registration_site_id();
create or replace function panel_copy_registration_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.exam_year is null or new.plan_exam_to is null or new.publicity_from is null or new.publicity_to is null or new.organisation_id is null or current_setting('role') <> 'panel_job' then select s.exam_year, s.exam_to, s.publicity_from, s.publicity_to, s.organisation_id into new.exam_year, new.plan_exam_to, new.publicity_from, new.publicity_to, new.organisation_id from exam_plan s where s.id = new.plan_id; end if; return new; end $$;
create trigger b_copy_plan_id before insert or update of plan_id on registration for each row execute function panel_copy_registration_plan_id();
create or replace function panel_follow_registration_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update registration set exam_year = new.exam_year, plan_exam_to = new.exam_to, publicity_from = new.publicity_from, publicity_to = new.publicity_to, organisation_id = new.organisation_id where plan_id = new.id; return null; end $$;
create trigger y_follow_registration_plan_id after update of exam_year, exam_to, publicity_from, publicity_to, organisation_id on exam_plan for each row when (new.exam_year is distinct from old.exam_year or new.exam_to is distinct from old.exam_to or new.publicity_from is distinct from old.publicity_from or new.publicity_to is distinct from old.publicity_to or new.organisation_id is distinct from old.organisation_id) execute function panel_follow_registration_plan_id();
create or replace function panel_copy_registration_plan_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.full_mark is null or current_setting('role') <> 'panel_job' then select s.full_mark into new.full_mark from plan_subject s where s.id = new.plan_subject_id; end if; return new; end $$;
create trigger b_copy_plan_subject_id before insert or update of plan_subject_id on registration for each row execute function panel_copy_registration_plan_subject_id();
create or replace function panel_follow_registration_plan_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update registration set full_mark = new.full_mark where plan_subject_id = new.id; return null; end $$;
create trigger y_follow_registration_plan_subject_id after update of full_mark on plan_subject for each row when (new.full_mark is distinct from old.full_mark) execute function panel_follow_registration_plan_subject_id();
create trigger c_flow_state before update of state on registration for each row execute function panel_guard_moves('state', 'REGISTERED>CANCELLED', 'REGISTERED>SCHEDULED', 'SCHEDULED>REGISTERED');
create trigger d_limit_school before update on registration for each row execute function panel_limit_columns('school', 'school_id', 'attendance');
create trigger f_truncate before truncate on registration for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on registration referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on registration referencing old table as before new table as after for each statement execute function panel_audit_update('id_number');
create trigger z_audit_delete after delete on registration referencing old table as removed for each statement execute function panel_audit_delete('id_number');
alter table score enable row level security;
grant select on score to panel_platform;
create policy platform_1_select on score for select to panel_platform using (true);
grant select on score to panel_school;
create policy school_1_select on score for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_select on score for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (locked_at is not null));
grant select on score to panel_organisation;
grant insert on score to panel_organisation;
grant update on score to panel_organisation;
grant delete on score to panel_organisation;
create policy organisation_1 on score to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on score to panel_candidate;
create policy candidate_1_select on score for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])) and (visible_from <= (select app_now())));
grant select on score to panel_job;
grant insert on score to panel_job;
grant update on score to panel_job;
grant delete on score to panel_job;
create policy job_1 on score to panel_job using (true) with check (true);
create trigger a_touch before insert or update on score for each row execute function panel_touch();
create or replace function panel_copy_score_registration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.plan_id is null or new.plan_subject_id is null or new.candidate_name is null or new.id_number is null or new.id_masked is null or new.photo is null or new.ticket_number is null or new.school_name is null or new.subject_id is null or new.mode is null or new.certificate_id is null or new.site_id is null or new.site_name is null or new.starts_at is null or new.full_mark is null or new.exam_year is null or new.visible_from is null or new.publicity_to is null or new.school_id is null or new.host_school_id is null or new.organisation_id is null or new.person_id is null or current_setting('role') <> 'panel_job' then select s.plan_id, s.plan_subject_id, s.candidate_name, s.id_number, s.id_masked, s.photo, s.ticket_number, s.school_name, s.subject_id, s.mode, s.certificate_id, s.site_id, s.site_name, s.starts_at, s.full_mark, s.exam_year, s.publicity_from, s.publicity_to, s.school_id, s.host_school_id, s.organisation_id, s.person_id into new.plan_id, new.plan_subject_id, new.candidate_name, new.id_number, new.id_masked, new.photo, new.ticket_number, new.school_name, new.subject_id, new.mode, new.certificate_id, new.site_id, new.site_name, new.starts_at, new.full_mark, new.exam_year, new.visible_from, new.publicity_to, new.school_id, new.host_school_id, new.organisation_id, new.person_id from registration s where s.id = new.registration_id; end if; return new; end $$;
create trigger b_copy_registration_id before insert or update of registration_id on score for each row execute function panel_copy_score_registration_id();
create or replace function panel_follow_score_registration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update score set plan_id = new.plan_id, plan_subject_id = new.plan_subject_id, candidate_name = new.candidate_name, id_number = new.id_number, id_masked = new.id_masked, photo = new.photo, ticket_number = new.ticket_number, school_name = new.school_name, subject_id = new.subject_id, mode = new.mode, certificate_id = new.certificate_id, site_id = new.site_id, site_name = new.site_name, starts_at = new.starts_at, full_mark = new.full_mark, exam_year = new.exam_year, visible_from = new.publicity_from, publicity_to = new.publicity_to, school_id = new.school_id, host_school_id = new.host_school_id, organisation_id = new.organisation_id, person_id = new.person_id where registration_id = new.id and not (score.locked_at is not null); return null; end $$;
create trigger y_follow_score_registration_id after update of plan_id, plan_subject_id, candidate_name, id_number, id_masked, photo, ticket_number, school_name, subject_id, mode, certificate_id, site_id, site_name, starts_at, full_mark, exam_year, publicity_from, publicity_to, school_id, host_school_id, organisation_id, person_id on registration for each row when (new.plan_id is distinct from old.plan_id or new.plan_subject_id is distinct from old.plan_subject_id or new.candidate_name is distinct from old.candidate_name or new.id_number is distinct from old.id_number or new.id_masked is distinct from old.id_masked or new.photo is distinct from old.photo or new.ticket_number is distinct from old.ticket_number or new.school_name is distinct from old.school_name or new.subject_id is distinct from old.subject_id or new.mode is distinct from old.mode or new.certificate_id is distinct from old.certificate_id or new.site_id is distinct from old.site_id or new.site_name is distinct from old.site_name or new.starts_at is distinct from old.starts_at or new.full_mark is distinct from old.full_mark or new.exam_year is distinct from old.exam_year or new.publicity_from is distinct from old.publicity_from or new.publicity_to is distinct from old.publicity_to or new.school_id is distinct from old.school_id or new.host_school_id is distinct from old.host_school_id or new.organisation_id is distinct from old.organisation_id or new.person_id is distinct from old.person_id) execute function panel_follow_score_registration_id();
create trigger c_flow_state before update of state on score for each row execute function panel_guard_moves('state', 'RECORDED>LOCKED');
create trigger e_frozen before update or delete on score for each row when (OLD.locked_at is not null) execute function panel_refuse('成绩已锁定,不能修改');
create trigger f_truncate before truncate on score for each statement execute function panel_refuse('成绩已锁定,不能修改');
create trigger z_audit_insert after insert on score referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on score referencing old table as before new table as after for each statement execute function panel_audit_update('id_number');
create trigger z_audit_delete after delete on score referencing old table as removed for each statement execute function panel_audit_delete('id_number');
alter table score_change enable row level security;
grant select on score_change to panel_platform;
create policy platform_1_select on score_change for select to panel_platform using (true);
grant select on score_change to panel_school;
create policy school_1_select on score_change for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on score_change to panel_organisation;
grant insert on score_change to panel_organisation;
create policy organisation_1_select on score_change for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_insert on score_change for insert to panel_organisation with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on score_change to panel_job;
grant insert on score_change to panel_job;
grant update on score_change to panel_job;
grant delete on score_change to panel_job;
create policy job_1 on score_change to panel_job using (true) with check (true);
create trigger a_touch before insert or update on score_change for each row execute function panel_touch();
create or replace function panel_copy_score_change_score_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.organisation_id is null then select s.school_id, s.organisation_id into new.school_id, new.organisation_id from score s where s.id = new.score_id; end if; return new; end $$;
create trigger b_copy_score_id before insert or update of score_id on score_change for each row execute function panel_copy_score_change_score_id();
create trigger e_append_only before update or delete on score_change for each row execute function panel_refuse('记录已锁定,不能修改');
create trigger f_truncate before truncate on score_change for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on score_change referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on score_change referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on score_change referencing old table as removed for each statement execute function panel_audit_delete();
alter table recheck enable row level security;
grant select on recheck to panel_platform;
create policy platform_1_select on recheck for select to panel_platform using (true);
grant select on recheck to panel_school;
grant insert on recheck to panel_school;
grant update (state, version, updated_at, updated_by) on recheck to panel_school;
create policy school_1_select on recheck for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_1_insert on recheck for insert to panel_school with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_select on recheck for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_update on recheck for update to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on recheck to panel_organisation;
grant update (answer, answered_at, answered_by_id, outcome, state, version, updated_at, updated_by) on recheck to panel_organisation;
create policy organisation_1_select on recheck for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_update on recheck for update to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on recheck to panel_candidate;
grant insert on recheck to panel_candidate;
grant update (state, version, updated_at, updated_by) on recheck to panel_candidate;
create policy candidate_1_select on recheck for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
create policy candidate_1_insert on recheck for insert to panel_candidate with check (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
create policy candidate_2_select on recheck for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
create policy candidate_2_update on recheck for update to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[]))) with check (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
grant select on recheck to panel_job;
grant insert on recheck to panel_job;
grant update on recheck to panel_job;
grant delete on recheck to panel_job;
create policy job_1 on recheck to panel_job using (true) with check (true);
create trigger a_touch before insert or update on recheck for each row execute function panel_touch();
create or replace function panel_copy_recheck_score_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.candidate_name is null or new.ticket_number is null or new.subject_id is null or new.plan_id is null or new.school_id is null or new.organisation_id is null or new.person_id is null or current_setting('role') <> 'panel_job' then select s.candidate_name, s.ticket_number, s.subject_id, s.plan_id, s.school_id, s.organisation_id, s.person_id into new.candidate_name, new.ticket_number, new.subject_id, new.plan_id, new.school_id, new.organisation_id, new.person_id from score s where s.id = new.score_id; end if; return new; end $$;
create trigger b_copy_score_id before insert or update of score_id on recheck for each row execute function panel_copy_recheck_score_id();
create or replace function panel_follow_recheck_score_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update recheck set candidate_name = new.candidate_name, ticket_number = new.ticket_number, subject_id = new.subject_id, plan_id = new.plan_id, school_id = new.school_id, organisation_id = new.organisation_id, person_id = new.person_id where score_id = new.id and not (recheck.state <> 'OPEN'); return null; end $$;
create trigger y_follow_recheck_score_id after update of candidate_name, ticket_number, subject_id, plan_id, school_id, organisation_id, person_id on score for each row when (new.candidate_name is distinct from old.candidate_name or new.ticket_number is distinct from old.ticket_number or new.subject_id is distinct from old.subject_id or new.plan_id is distinct from old.plan_id or new.school_id is distinct from old.school_id or new.organisation_id is distinct from old.organisation_id or new.person_id is distinct from old.person_id) execute function panel_follow_recheck_score_id();
create trigger c_flow_state before update of state on recheck for each row execute function panel_guard_moves('state', 'OPEN>ANSWERED', 'OPEN>WITHDRAWN');
create trigger e_frozen before update or delete on recheck for each row when (OLD.state <> 'OPEN') execute function panel_refuse('复核已结束,不能修改');
create trigger f_truncate before truncate on recheck for each statement execute function panel_refuse('复核已结束,不能修改');
create trigger z_audit_insert after insert on recheck referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on recheck referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on recheck referencing old table as removed for each statement execute function panel_audit_delete();
alter table certificate_result enable row level security;
grant select on certificate_result to panel_platform;
create policy platform_1_select on certificate_result for select to panel_platform using (true);
grant select on certificate_result to panel_school;
create policy school_1_select on certificate_result for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_select on certificate_result for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on certificate_result to panel_organisation;
grant insert on certificate_result to panel_organisation;
grant update on certificate_result to panel_organisation;
grant delete on certificate_result to panel_organisation;
create policy organisation_1 on certificate_result to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on certificate_result to panel_candidate;
create policy candidate_1_select on certificate_result for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])) and (visible_from <= (select app_now())));
grant select on certificate_result to panel_job;
grant insert on certificate_result to panel_job;
grant update on certificate_result to panel_job;
grant delete on certificate_result to panel_job;
create policy job_1 on certificate_result to panel_job using (true) with check (true);
create trigger a_touch before insert or update on certificate_result for each row execute function panel_touch();
create or replace function panel_copy_certificate_result_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.candidate_name is null or new.id_number is null or new.id_masked is null or new.photo is null or new.candidate_kind is null or new.school_name is null or new.school_id is null or new.person_id is null or current_setting('role') <> 'panel_job' then select s.name, s.id_number, s.id_masked, s.photo, s.kind, s.school_name, s.school_id, s.person_id into new.candidate_name, new.id_number, new.id_masked, new.photo, new.candidate_kind, new.school_name, new.school_id, new.person_id from candidate s where s.id = new.candidate_id; end if; return new; end $$;
create trigger b_copy_candidate_id before insert or update of candidate_id on certificate_result for each row execute function panel_copy_certificate_result_candidate_id();
create or replace function panel_follow_certificate_result_candidate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update certificate_result set candidate_name = new.name, id_number = new.id_number, id_masked = new.id_masked, photo = new.photo, candidate_kind = new.kind, school_name = new.school_name, school_id = new.school_id, person_id = new.person_id where candidate_id = new.id and not (certificate_result.final_at is not null); return null; end $$;
create trigger y_follow_certificate_result_candidate_id after update of name, id_number, id_masked, photo, kind, school_name, school_id, person_id on candidate for each row when (new.name is distinct from old.name or new.id_number is distinct from old.id_number or new.id_masked is distinct from old.id_masked or new.photo is distinct from old.photo or new.kind is distinct from old.kind or new.school_name is distinct from old.school_name or new.school_id is distinct from old.school_id or new.person_id is distinct from old.person_id) execute function panel_follow_certificate_result_candidate_id();
create or replace function panel_copy_certificate_result_ticket_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.ticket_number is null or current_setting('role') <> 'panel_job' then select s.number into new.ticket_number from admission_ticket s where s.id = new.ticket_id; end if; return new; end $$;
create trigger b_copy_ticket_id before insert or update of ticket_id on certificate_result for each row execute function panel_copy_certificate_result_ticket_id();
create or replace function panel_follow_certificate_result_ticket_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update certificate_result set ticket_number = new.number where ticket_id = new.id and not (certificate_result.final_at is not null); return null; end $$;
create trigger y_follow_certificate_result_ticket_id after update of number on admission_ticket for each row when (new.number is distinct from old.number) execute function panel_follow_certificate_result_ticket_id();
create or replace function panel_copy_certificate_result_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.site_name is null or new.host_school_id is null or current_setting('role') <> 'panel_job' then select s.name, s.school_id into new.site_name, new.host_school_id from exam_site s where s.id = new.site_id; end if; return new; end $$;
create trigger b_copy_site_id before insert or update of site_id on certificate_result for each row execute function panel_copy_certificate_result_site_id();
create or replace function panel_follow_certificate_result_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update certificate_result set site_name = new.name, host_school_id = new.school_id where site_id = new.id and not (certificate_result.final_at is not null); return null; end $$;
create trigger y_follow_certificate_result_site_id after update of name, school_id on exam_site for each row when (new.name is distinct from old.name or new.school_id is distinct from old.school_id) execute function panel_follow_certificate_result_site_id();
create or replace function panel_copy_certificate_result_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.exam_year is null or new.visible_from is null or new.organisation_id is null or current_setting('role') <> 'panel_job' then select s.exam_year, s.publicity_from, s.organisation_id into new.exam_year, new.visible_from, new.organisation_id from exam_plan s where s.id = new.plan_id; end if; return new; end $$;
create trigger b_copy_plan_id before insert or update of plan_id on certificate_result for each row execute function panel_copy_certificate_result_plan_id();
create or replace function panel_follow_certificate_result_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update certificate_result set exam_year = new.exam_year, visible_from = new.publicity_from, organisation_id = new.organisation_id where plan_id = new.id and not (certificate_result.final_at is not null); return null; end $$;
create trigger y_follow_certificate_result_plan_id after update of exam_year, publicity_from, organisation_id on exam_plan for each row when (new.exam_year is distinct from old.exam_year or new.publicity_from is distinct from old.publicity_from or new.organisation_id is distinct from old.organisation_id) execute function panel_follow_certificate_result_plan_id();
create trigger c_flow_outcome before update of outcome on certificate_result for each row execute function panel_guard_moves('outcome', 'FAILED>PASSED', 'PASSED>FAILED', 'PENDING>FAILED', 'PENDING>PASSED');
create trigger e_frozen before update or delete on certificate_result for each row when (OLD.final_at is not null) execute function panel_refuse('考证结果已最终确定,不能修改');
create trigger f_truncate before truncate on certificate_result for each statement execute function panel_refuse('考证结果已最终确定,不能修改');
create trigger z_audit_insert after insert on certificate_result referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on certificate_result referencing old table as before new table as after for each statement execute function panel_audit_update('id_number');
create trigger z_audit_delete after delete on certificate_result referencing old table as removed for each statement execute function panel_audit_delete('id_number');
alter table seal enable row level security;
grant select on seal to panel_school;
grant insert on seal to panel_school;
create policy school_1_select on seal for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal'));
create policy school_1_insert on seal for insert to panel_school with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal'));
grant select on seal to panel_organisation;
grant insert on seal to panel_organisation;
create policy organisation_1_select on seal for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('organisation.principal'));
create policy organisation_1_insert on seal for insert to panel_organisation with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('organisation.principal'));
grant select on seal to panel_job;
grant insert on seal to panel_job;
grant update on seal to panel_job;
grant delete on seal to panel_job;
create policy job_1 on seal to panel_job using (true) with check (true);
create trigger a_touch before insert or update on seal for each row execute function panel_touch();
create trigger e_append_only before update or delete on seal for each row execute function panel_refuse('签名章不能修改或删除,更换请上传新的签名章');
create trigger f_truncate before truncate on seal for each statement execute function panel_refuse('签名章不能修改或删除,更换请上传新的签名章');
create trigger z_audit_insert after insert on seal referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on seal referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on seal referencing old table as removed for each statement execute function panel_audit_delete();
alter table issuance_task enable row level security;
grant select on issuance_task to panel_platform;
create policy platform_1_select on issuance_task for select to panel_platform using (true);
grant select on issuance_task to panel_school;
grant update (decision_reason, issued_at, state, version, updated_at, updated_by) on issuance_task to panel_school;
create policy school_1_select on issuance_task for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_select on issuance_task for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_3_select on issuance_task for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal'));
create policy school_3_update on issuance_task for update to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal')) with check (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal'));
grant select on issuance_task to panel_organisation;
grant insert on issuance_task to panel_organisation;
grant update on issuance_task to panel_organisation;
grant delete on issuance_task to panel_organisation;
create policy organisation_1 on issuance_task to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on issuance_task to panel_candidate;
create policy candidate_1_select on issuance_task for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])) and (visible_from <= (select app_now())));
grant select on issuance_task to panel_job;
grant insert on issuance_task to panel_job;
grant update on issuance_task to panel_job;
grant delete on issuance_task to panel_job;
create policy job_1 on issuance_task to panel_job using (true) with check (true);
create trigger a_touch before insert or update on issuance_task for each row execute function panel_touch();
create or replace function panel_copy_issuance_task_result_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.plan_id is null or new.site_id is null or new.certificate_id is null or new.candidate_id is null or new.visible_from is null or new.school_id is null or new.host_school_id is null or new.organisation_id is null or new.person_id is null or current_setting('role') <> 'panel_job' then select s.plan_id, s.site_id, s.certificate_id, s.candidate_id, s.visible_from, s.school_id, s.host_school_id, s.organisation_id, s.person_id into new.plan_id, new.site_id, new.certificate_id, new.candidate_id, new.visible_from, new.school_id, new.host_school_id, new.organisation_id, new.person_id from certificate_result s where s.id = new.result_id; end if; return new; end $$;
create trigger b_copy_result_id before insert or update of result_id on issuance_task for each row execute function panel_copy_issuance_task_result_id();
create or replace function panel_follow_issuance_task_result_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update issuance_task set plan_id = new.plan_id, site_id = new.site_id, certificate_id = new.certificate_id, candidate_id = new.candidate_id, visible_from = new.visible_from, school_id = new.school_id, host_school_id = new.host_school_id, organisation_id = new.organisation_id, person_id = new.person_id where result_id = new.id and not (issuance_task.state in ('SIGNED', 'TERMINATED')); return null; end $$;
create trigger y_follow_issuance_task_result_id after update of plan_id, site_id, certificate_id, candidate_id, visible_from, school_id, host_school_id, organisation_id, person_id on certificate_result for each row when (new.plan_id is distinct from old.plan_id or new.site_id is distinct from old.site_id or new.certificate_id is distinct from old.certificate_id or new.candidate_id is distinct from old.candidate_id or new.visible_from is distinct from old.visible_from or new.school_id is distinct from old.school_id or new.host_school_id is distinct from old.host_school_id or new.organisation_id is distinct from old.organisation_id or new.person_id is distinct from old.person_id) execute function panel_follow_issuance_task_result_id();
create trigger c_flow_state before update of state on issuance_task for each row execute function panel_guard_moves('state', 'REFUSED_ORGANISATION>TERMINATED', 'REFUSED_ORGANISATION>WAITING_ORGANISATION', 'REFUSED_SITE>TERMINATED', 'REFUSED_SITE>WAITING_ORGANISATION', 'WAITING_LOCK>WAITING_ORGANISATION', 'WAITING_ORGANISATION>REFUSED_ORGANISATION', 'WAITING_ORGANISATION>WAITING_SITE', 'WAITING_SITE>REFUSED_SITE', 'WAITING_SITE>SIGNED');
create trigger e_frozen before update or delete on issuance_task for each row when (OLD.state in ('SIGNED', 'TERMINATED')) execute function panel_refuse('签发已完成,不能撤销或修改');
create trigger f_truncate before truncate on issuance_task for each statement execute function panel_refuse('签发已完成,不能撤销或修改');
create trigger z_audit_insert after insert on issuance_task referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on issuance_task referencing old table as before new table as after for each statement execute function panel_audit_update('id_number');
create trigger z_audit_delete after delete on issuance_task referencing old table as removed for each statement execute function panel_audit_delete('id_number');
alter table signature enable row level security;
grant select on signature to panel_platform;
create policy platform_1_select on signature for select to panel_platform using (true);
grant select on signature to panel_school;
grant insert on signature to panel_school;
create policy school_1_select on signature for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_select on signature for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_3_insert on signature for insert to panel_school with check (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (party = 'SITE_SCHOOL') and (select current_setting('app.role', true)) in ('school.principal'));
grant select on signature to panel_organisation;
grant insert on signature to panel_organisation;
create policy organisation_1_select on signature for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_2_insert on signature for insert to panel_organisation with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (party = 'ORGANISATION') and (select current_setting('app.role', true)) in ('organisation.principal'));
grant select on signature to panel_job;
grant insert on signature to panel_job;
grant update on signature to panel_job;
grant delete on signature to panel_job;
create policy job_1 on signature to panel_job using (true) with check (true);
create trigger a_touch before insert or update on signature for each row execute function panel_touch();
create or replace function panel_copy_signature_task_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.host_school_id is null or new.organisation_id is null or current_setting('role') <> 'panel_job' then select s.school_id, s.host_school_id, s.organisation_id into new.school_id, new.host_school_id, new.organisation_id from issuance_task s where s.id = new.task_id; end if; return new; end $$;
create trigger b_copy_task_id before insert or update of task_id on signature for each row execute function panel_copy_signature_task_id();
create trigger e_append_only before update or delete on signature for each row execute function panel_refuse('签发记录不能修改或删除');
create trigger f_truncate before truncate on signature for each statement execute function panel_refuse('签发记录不能修改或删除');
create or replace function panel_sees_signature_seal_id() returns trigger language plpgsql set search_path = public, pg_catalog, pg_temp as $$ begin if exists (select from written w where w.seal_id is not null and not exists (select from seal t where t.id = w.seal_id)) then raise exception 'a row of signature points at no seal' using errcode = '23503', constraint = 'fk_signature_seal_id', table = 'signature'; end if; return null; end $$;
create trigger g_sees_seal_id_insert after insert on signature referencing new table as written for each statement execute function panel_sees_signature_seal_id();
create trigger g_sees_seal_id_update after update on signature referencing new table as written for each statement execute function panel_sees_signature_seal_id();
create trigger z_audit_insert after insert on signature referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on signature referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on signature referencing old table as removed for each statement execute function panel_audit_delete();
alter table signing_request enable row level security;
grant select on signing_request to panel_school;
grant insert on signing_request to panel_school;
grant update on signing_request to panel_school;
grant delete on signing_request to panel_school;
create policy school_1 on signing_request to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal')) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal'));
grant select on signing_request to panel_organisation;
grant insert on signing_request to panel_organisation;
grant update on signing_request to panel_organisation;
grant delete on signing_request to panel_organisation;
create policy organisation_1 on signing_request to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('organisation.principal')) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('organisation.principal'));
grant select on signing_request to panel_auth;
grant update (hand_signature, opened_at, phone_hash, state, version, updated_at, updated_by) on signing_request to panel_auth;
create policy auth_1_select on signing_request for select to panel_auth using (true);
create policy auth_1_update on signing_request for update to panel_auth using (true) with check (true);
grant select on signing_request to panel_job;
grant insert on signing_request to panel_job;
grant update on signing_request to panel_job;
grant delete on signing_request to panel_job;
create policy job_1 on signing_request to panel_job using (true) with check (true);
create trigger a_touch before insert or update on signing_request for each row execute function panel_touch();
create trigger c_flow_state before update of state on signing_request for each row execute function panel_guard_moves('state', 'OPENED>EXPIRED', 'OPENED>SIGNED', 'WAITING>EXPIRED', 'WAITING>OPENED');
create trigger e_frozen before update or delete on signing_request for each row when (OLD.state in ('SIGNED', 'EXPIRED')) execute function panel_refuse('签字请求已结束');
create trigger f_truncate before truncate on signing_request for each statement execute function panel_refuse('签字请求已结束');
create trigger z_audit_insert after insert on signing_request referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on signing_request referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on signing_request referencing old table as removed for each statement execute function panel_audit_delete();
alter table signing_request_task enable row level security;
grant select on signing_request_task to panel_school;
grant insert on signing_request_task to panel_school;
grant update on signing_request_task to panel_school;
grant delete on signing_request_task to panel_school;
create policy school_1 on signing_request_task to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal')) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('school.principal'));
grant select on signing_request_task to panel_organisation;
grant insert on signing_request_task to panel_organisation;
grant update on signing_request_task to panel_organisation;
grant delete on signing_request_task to panel_organisation;
create policy organisation_1 on signing_request_task to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('organisation.principal')) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (select current_setting('app.role', true)) in ('organisation.principal'));
grant select on signing_request_task to panel_auth;
create policy auth_1_select on signing_request_task for select to panel_auth using (true);
grant select on signing_request_task to panel_job;
grant insert on signing_request_task to panel_job;
grant update on signing_request_task to panel_job;
grant delete on signing_request_task to panel_job;
create policy job_1 on signing_request_task to panel_job using (true) with check (true);
create trigger a_touch before insert or update on signing_request_task for each row execute function panel_touch();
create or replace function panel_copy_signing_request_task_request_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.organisation_id is null or current_setting('role') <> 'panel_job' then select s.school_id, s.organisation_id into new.school_id, new.organisation_id from signing_request s where s.id = new.request_id; end if; return new; end $$;
create trigger b_copy_request_id before insert or update of request_id on signing_request_task for each row execute function panel_copy_signing_request_task_request_id();
create or replace function panel_follow_signing_request_task_request_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update signing_request_task set school_id = new.school_id, organisation_id = new.organisation_id where request_id = new.id; return null; end $$;
create trigger y_follow_signing_request_task_request_id after update of school_id, organisation_id on signing_request for each row when (new.school_id is distinct from old.school_id or new.organisation_id is distinct from old.organisation_id) execute function panel_follow_signing_request_task_request_id();
create trigger f_truncate before truncate on signing_request_task for each statement execute function panel_refuse('记录已锁定,不能修改');
create or replace function panel_sees_signing_request_task_request_id() returns trigger language plpgsql set search_path = public, pg_catalog, pg_temp as $$ begin if exists (select from written w where w.request_id is not null and not exists (select from signing_request t where t.id = w.request_id)) then raise exception 'a row of signing_request_task points at no signing_request' using errcode = '23503', constraint = 'fk_signing_request_task_request_id', table = 'signing_request_task'; end if; return null; end $$;
create trigger g_sees_request_id_insert after insert on signing_request_task referencing new table as written for each statement execute function panel_sees_signing_request_task_request_id();
create trigger g_sees_request_id_update after update on signing_request_task referencing new table as written for each statement execute function panel_sees_signing_request_task_request_id();
create or replace function panel_sees_signing_request_task_task_id() returns trigger language plpgsql set search_path = public, pg_catalog, pg_temp as $$ begin if exists (select from written w where w.task_id is not null and not exists (select from issuance_task t where t.id = w.task_id)) then raise exception 'a row of signing_request_task points at no issuance_task' using errcode = '23503', constraint = 'fk_signing_request_task_task_id', table = 'signing_request_task'; end if; return null; end $$;
create trigger g_sees_task_id_insert after insert on signing_request_task referencing new table as written for each statement execute function panel_sees_signing_request_task_task_id();
create trigger g_sees_task_id_update after update on signing_request_task referencing new table as written for each statement execute function panel_sees_signing_request_task_task_id();
alter table e_certificate enable row level security;
grant select on e_certificate to panel_platform;
grant insert on e_certificate to panel_platform;
create policy platform_1_select on e_certificate for select to panel_platform using (true);
create policy platform_1_insert on e_certificate for insert to panel_platform with check (true);
grant select on e_certificate to panel_school;
create policy school_1_select on e_certificate for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_select on e_certificate for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on e_certificate to panel_organisation;
create policy organisation_1_select on e_certificate for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on e_certificate to panel_candidate;
create policy candidate_1_select on e_certificate for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
grant select on e_certificate to panel_job;
grant insert on e_certificate to panel_job;
grant update on e_certificate to panel_job;
grant delete on e_certificate to panel_job;
create policy job_1 on e_certificate to panel_job using (true) with check (true);
create trigger a_touch before insert or update on e_certificate for each row execute function panel_touch();
create or replace function panel_copy_e_certificate_task_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.host_school_id is null or current_setting('role') <> 'panel_job' then select s.school_id, s.host_school_id into new.school_id, new.host_school_id from issuance_task s where s.id = new.task_id; end if; return new; end $$;
create trigger b_copy_task_id before insert or update of task_id on e_certificate for each row execute function panel_copy_e_certificate_task_id();
create trigger e_append_only before update or delete on e_certificate for each row execute function panel_refuse('已签发的证书不能修改或删除,请走更正、补办或注销');
create trigger f_truncate before truncate on e_certificate for each statement execute function panel_refuse('已签发的证书不能修改或删除,请走更正、补办或注销');
create trigger z_audit_insert after insert on e_certificate referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on e_certificate referencing old table as before new table as after for each statement execute function panel_audit_update('id_number');
create trigger z_audit_delete after delete on e_certificate referencing old table as removed for each statement execute function panel_audit_delete('id_number');
alter table certificate_event enable row level security;
grant select on certificate_event to panel_platform;
grant insert on certificate_event to panel_platform;
create policy platform_1_select on certificate_event for select to panel_platform using (true);
create policy platform_1_insert on certificate_event for insert to panel_platform with check (true);
grant select on certificate_event to panel_school;
grant insert on certificate_event to panel_school;
create policy school_1_select on certificate_event for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_select on certificate_event for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_3_insert on certificate_event for insert to panel_school with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (kind in ('DOWNLOADED', 'HANDED_OVER')));
grant select on certificate_event to panel_organisation;
grant insert on certificate_event to panel_organisation;
create policy organisation_1_select on certificate_event for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_2_insert on certificate_event for insert to panel_organisation with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (kind <> 'REVOKED'));
grant select on certificate_event to panel_candidate;
grant insert on certificate_event to panel_candidate;
create policy candidate_1_select on certificate_event for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
create policy candidate_2_insert on certificate_event for insert to panel_candidate with check (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])) and (kind = 'DOWNLOADED'));
grant select on certificate_event to panel_job;
grant insert on certificate_event to panel_job;
grant update on certificate_event to panel_job;
grant delete on certificate_event to panel_job;
create policy job_1 on certificate_event to panel_job using (true) with check (true);
create trigger a_touch before insert or update on certificate_event for each row execute function panel_touch();
create or replace function panel_copy_certificate_event_e_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.certificate_number is null or new.school_id is null or new.host_school_id is null or new.organisation_id is null or new.person_id is null or current_setting('role') <> 'panel_job' then select s.certificate_number, s.school_id, s.host_school_id, s.organisation_id, s.person_id into new.certificate_number, new.school_id, new.host_school_id, new.organisation_id, new.person_id from e_certificate s where s.id = new.e_certificate_id; end if; return new; end $$;
create trigger b_copy_e_certificate_id before insert or update of e_certificate_id on certificate_event for each row execute function panel_copy_certificate_event_e_certificate_id();
create trigger e_append_only before update or delete on certificate_event for each row execute function panel_refuse('记录已锁定,不能修改');
create trigger f_truncate before truncate on certificate_event for each statement execute function panel_refuse('记录已锁定,不能修改');
create or replace function panel_sees_certificate_event_correction_id() returns trigger language plpgsql set search_path = public, pg_catalog, pg_temp as $$ begin if exists (select from written w where w.correction_id is not null and not exists (select from correction_request t where t.id = w.correction_id)) then raise exception 'a row of certificate_event points at no correction_request' using errcode = '23503', constraint = 'fk_certificate_event_correction_id', table = 'certificate_event'; end if; return null; end $$;
create trigger g_sees_correction_id_insert after insert on certificate_event referencing new table as written for each statement execute function panel_sees_certificate_event_correction_id();
create trigger g_sees_correction_id_update after update on certificate_event referencing new table as written for each statement execute function panel_sees_certificate_event_correction_id();
create trigger z_audit_insert after insert on certificate_event referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on certificate_event referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on certificate_event referencing old table as removed for each statement execute function panel_audit_delete();
alter table correction_request enable row level security;
grant select on correction_request to panel_platform;
grant update (answer, decided_at, decided_by_id, platform_opinion, stage, state, version, updated_at, updated_by) on correction_request to panel_platform;
create policy platform_1_select on correction_request for select to panel_platform using (true);
create policy platform_1_update on correction_request for update to panel_platform using (true) with check (true);
grant select on correction_request to panel_school;
grant insert on correction_request to panel_school;
grant update (answer, decided_at, decided_by_id, school_opinion, stage, state, version, updated_at, updated_by) on correction_request to panel_school;
create policy school_1_select on correction_request for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_1_insert on correction_request for insert to panel_school with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_select on correction_request for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_update on correction_request for update to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on correction_request to panel_organisation;
grant insert on correction_request to panel_organisation;
grant update (answer, decided_at, decided_by_id, organisation_opinion, stage, state, version, updated_at, updated_by) on correction_request to panel_organisation;
create policy organisation_1_select on correction_request for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_insert on correction_request for insert to panel_organisation with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_2_select on correction_request for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_2_update on correction_request for update to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on correction_request to panel_candidate;
grant insert on correction_request to panel_candidate;
create policy candidate_1_select on correction_request for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
create policy candidate_1_insert on correction_request for insert to panel_candidate with check (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])));
grant select on correction_request to panel_job;
grant insert on correction_request to panel_job;
grant update on correction_request to panel_job;
grant delete on correction_request to panel_job;
create policy job_1 on correction_request to panel_job using (true) with check (true);
create trigger a_touch before insert or update on correction_request for each row execute function panel_touch();
create or replace function panel_copy_correction_request_e_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.certificate_number is null or current_setting('role') <> 'panel_job' then select s.certificate_number into new.certificate_number from e_certificate s where s.id = new.e_certificate_id; end if; return new; end $$;
create trigger b_copy_e_certificate_id before insert or update of e_certificate_id on correction_request for each row execute function panel_copy_correction_request_e_certificate_id();
create or replace function panel_follow_correction_request_e_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update correction_request set certificate_number = new.certificate_number where e_certificate_id = new.id and not (correction_request.state in ('APPROVED', 'REJECTED')); return null; end $$;
create trigger y_follow_correction_request_e_certificate_id after update of certificate_number on e_certificate for each row when (new.certificate_number is distinct from old.certificate_number) execute function panel_follow_correction_request_e_certificate_id();
create trigger c_flow_state before update of state on correction_request for each row execute function panel_guard_moves('state', 'IN_PROGRESS>APPROVED', 'IN_PROGRESS>REJECTED', 'PENDING>APPROVED', 'PENDING>IN_PROGRESS', 'PENDING>REJECTED');
create trigger e_frozen before update or delete on correction_request for each row when (OLD.state in ('APPROVED', 'REJECTED')) execute function panel_refuse('申请已办结,不能修改');
create trigger f_truncate before truncate on correction_request for each statement execute function panel_refuse('申请已办结,不能修改');
create trigger z_audit_insert after insert on correction_request referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on correction_request referencing old table as before new table as after for each statement execute function panel_audit_update('new_id_number', 'old_id_number');
create trigger z_audit_delete after delete on correction_request referencing old table as removed for each statement execute function panel_audit_delete('new_id_number', 'old_id_number');
alter table fee_slip enable row level security;
grant select on fee_slip to panel_school;
grant insert on fee_slip to panel_school;
grant delete on fee_slip to panel_school;
create policy school_1_select on fee_slip for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_insert on fee_slip for insert to panel_school with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'CONFIRMED'));
create policy school_2_delete on fee_slip for delete to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (state <> 'CONFIRMED'));
grant select on fee_slip to panel_organisation;
grant update (confirmed_at, confirmed_by_id, received_amount, received_on, refusal_reason, state, version, updated_at, updated_by) on fee_slip to panel_organisation;
create policy organisation_1_select on fee_slip for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_1_update on fee_slip for update to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on fee_slip to panel_job;
grant insert on fee_slip to panel_job;
grant update on fee_slip to panel_job;
grant delete on fee_slip to panel_job;
create policy job_1 on fee_slip to panel_job using (true) with check (true);
create trigger a_touch before insert or update on fee_slip for each row execute function panel_touch();
create or replace function panel_copy_fee_slip_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_name is null or current_setting('role') <> 'panel_job' then select s.name into new.school_name from school s where s.id = new.school_id; end if; return new; end $$;
create trigger b_copy_school_id before insert or update of school_id on fee_slip for each row execute function panel_copy_fee_slip_school_id();
create or replace function panel_follow_fee_slip_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update fee_slip set school_name = new.name where school_id = new.id and not (fee_slip.state = 'CONFIRMED'); return null; end $$;
create trigger y_follow_fee_slip_school_id after update of name on school for each row when (new.name is distinct from old.name) execute function panel_follow_fee_slip_school_id();
create or replace function panel_copy_fee_slip_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from exam_plan s where s.id = new.plan_id; end if; return new; end $$;
create trigger b_copy_plan_id before insert or update of plan_id on fee_slip for each row execute function panel_copy_fee_slip_plan_id();
create or replace function panel_follow_fee_slip_plan_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update fee_slip set organisation_id = new.organisation_id where plan_id = new.id and not (fee_slip.state = 'CONFIRMED'); return null; end $$;
create trigger y_follow_fee_slip_plan_id after update of organisation_id on exam_plan for each row when (new.organisation_id is distinct from old.organisation_id) execute function panel_follow_fee_slip_plan_id();
create trigger c_flow_state before update of state on fee_slip for each row execute function panel_guard_moves('state', 'PENDING>CONFIRMED', 'PENDING>RETURNED');
create trigger e_frozen before update or delete on fee_slip for each row when (OLD.state = 'CONFIRMED') execute function panel_refuse('缴费单已确认,不能修改或删除');
create trigger f_truncate before truncate on fee_slip for each statement execute function panel_refuse('缴费单已确认,不能修改或删除');
create trigger z_audit_insert after insert on fee_slip referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on fee_slip referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on fee_slip referencing old table as removed for each statement execute function panel_audit_delete();
alter table fee_slip_line enable row level security;
grant select on fee_slip_line to panel_school;
grant insert on fee_slip_line to panel_school;
grant delete on fee_slip_line to panel_school;
create policy school_1_select on fee_slip_line for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_insert on fee_slip_line for insert to panel_school with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (slip_state <> 'CONFIRMED'));
create policy school_2_delete on fee_slip_line for delete to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (slip_state <> 'CONFIRMED'));
grant select on fee_slip_line to panel_organisation;
create policy organisation_1_select on fee_slip_line for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on fee_slip_line to panel_job;
grant insert on fee_slip_line to panel_job;
grant update on fee_slip_line to panel_job;
grant delete on fee_slip_line to panel_job;
create policy job_1 on fee_slip_line to panel_job using (true) with check (true);
create trigger a_touch before insert or update on fee_slip_line for each row execute function panel_touch();
create or replace function panel_copy_fee_slip_line_registration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.candidate_name is null or new.id_masked is null or new.ticket_number is null or new.certificate_id is null or new.subject_name is null or current_setting('role') <> 'panel_job' then select s.candidate_name, s.id_masked, s.ticket_number, s.certificate_id, s.subject_name into new.candidate_name, new.id_masked, new.ticket_number, new.certificate_id, new.subject_name from registration s where s.id = new.registration_id; end if; return new; end $$;
create trigger b_copy_registration_id before insert or update of registration_id on fee_slip_line for each row execute function panel_copy_fee_slip_line_registration_id();
create or replace function panel_follow_fee_slip_line_registration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update fee_slip_line set candidate_name = new.candidate_name, id_masked = new.id_masked, ticket_number = new.ticket_number, certificate_id = new.certificate_id, subject_name = new.subject_name where registration_id = new.id and not (fee_slip_line.slip_state = 'CONFIRMED'); return null; end $$;
create trigger y_follow_fee_slip_line_registration_id after update of candidate_name, id_masked, ticket_number, certificate_id, subject_name on registration for each row when (new.candidate_name is distinct from old.candidate_name or new.id_masked is distinct from old.id_masked or new.ticket_number is distinct from old.ticket_number or new.certificate_id is distinct from old.certificate_id or new.subject_name is distinct from old.subject_name) execute function panel_follow_fee_slip_line_registration_id();
create or replace function panel_copy_fee_slip_line_slip_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.slip_state is null or new.plan_id is null or new.school_id is null or new.organisation_id is null or current_setting('role') <> 'panel_job' then select s.state, s.plan_id, s.school_id, s.organisation_id into new.slip_state, new.plan_id, new.school_id, new.organisation_id from fee_slip s where s.id = new.slip_id; end if; return new; end $$;
create trigger b_copy_slip_id before insert or update of slip_id on fee_slip_line for each row execute function panel_copy_fee_slip_line_slip_id();
create or replace function panel_follow_fee_slip_line_slip_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update fee_slip_line set slip_state = new.state, plan_id = new.plan_id, school_id = new.school_id, organisation_id = new.organisation_id where slip_id = new.id and not (fee_slip_line.slip_state = 'CONFIRMED'); return null; end $$;
create trigger y_follow_fee_slip_line_slip_id after update of state, plan_id, school_id, organisation_id on fee_slip for each row when (new.state is distinct from old.state or new.plan_id is distinct from old.plan_id or new.school_id is distinct from old.school_id or new.organisation_id is distinct from old.organisation_id) execute function panel_follow_fee_slip_line_slip_id();
create trigger e_frozen before update or delete on fee_slip_line for each row when (OLD.slip_state = 'CONFIRMED') execute function panel_refuse('缴费单已确认,不能修改或删除');
create trigger f_truncate before truncate on fee_slip_line for each statement execute function panel_refuse('缴费单已确认,不能修改或删除');
create trigger z_audit_insert after insert on fee_slip_line referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on fee_slip_line referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on fee_slip_line referencing old table as removed for each statement execute function panel_audit_delete();
alter table job enable row level security;
grant select on job to panel_platform;
grant insert on job to panel_platform;
grant update on job to panel_platform;
grant delete on job to panel_platform;
create policy platform_1 on job to panel_platform using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on job to panel_province;
grant insert on job to panel_province;
grant update on job to panel_province;
grant delete on job to panel_province;
create policy province_1 on job to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (account_id = (select app_account()))) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (account_id = (select app_account())));
grant select on job to panel_city;
grant insert on job to panel_city;
grant update on job to panel_city;
grant delete on job to panel_city;
create policy city_1 on job to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (account_id = (select app_account()))) with check (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (account_id = (select app_account())));
grant select on job to panel_school;
grant insert on job to panel_school;
grant update on job to panel_school;
grant delete on job to panel_school;
create policy school_1 on job to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (account_id = (select app_account()))) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (account_id = (select app_account())));
grant select on job to panel_organisation;
grant insert on job to panel_organisation;
grant update on job to panel_organisation;
grant delete on job to panel_organisation;
create policy organisation_1 on job to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (account_id = (select app_account()))) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (account_id = (select app_account())));
grant select on job to panel_candidate;
grant insert on job to panel_candidate;
grant update on job to panel_candidate;
grant delete on job to panel_candidate;
create policy candidate_1 on job to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (account_id = (select app_account()))) with check (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (account_id = (select app_account())));
grant select on job to panel_job;
grant insert on job to panel_job;
grant update on job to panel_job;
grant delete on job to panel_job;
create policy job_1 on job to panel_job using (true) with check (true);
create trigger a_touch before insert or update on job for each row execute function panel_touch();
create trigger c_flow_state before update of state on job for each row execute function panel_guard_moves('state', 'READY>CANCELLED', 'READY>FAILED', 'READY>WAITING', 'RUNNING>CANCELLED', 'RUNNING>DONE', 'RUNNING>FAILED', 'RUNNING>READY', 'RUNNING>WAITING', 'WAITING>CANCELLED', 'WAITING>FAILED', 'WAITING>RUNNING');
create trigger f_truncate before truncate on job for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table staged_chunk enable row level security;
grant select on staged_chunk to panel_platform;
grant insert on staged_chunk to panel_platform;
grant update on staged_chunk to panel_platform;
grant delete on staged_chunk to panel_platform;
create policy platform_1 on staged_chunk to panel_platform using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on staged_chunk to panel_province;
grant insert on staged_chunk to panel_province;
grant update on staged_chunk to panel_province;
grant delete on staged_chunk to panel_province;
create policy province_1 on staged_chunk to panel_province using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on staged_chunk to panel_city;
grant insert on staged_chunk to panel_city;
grant update on staged_chunk to panel_city;
grant delete on staged_chunk to panel_city;
create policy city_1 on staged_chunk to panel_city using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on staged_chunk to panel_school;
grant insert on staged_chunk to panel_school;
grant update on staged_chunk to panel_school;
grant delete on staged_chunk to panel_school;
create policy school_1 on staged_chunk to panel_school using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on staged_chunk to panel_organisation;
grant insert on staged_chunk to panel_organisation;
grant update on staged_chunk to panel_organisation;
grant delete on staged_chunk to panel_organisation;
create policy organisation_1 on staged_chunk to panel_organisation using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on staged_chunk to panel_candidate;
grant insert on staged_chunk to panel_candidate;
grant update on staged_chunk to panel_candidate;
grant delete on staged_chunk to panel_candidate;
create policy candidate_1 on staged_chunk to panel_candidate using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on staged_chunk to panel_job;
grant insert on staged_chunk to panel_job;
grant update on staged_chunk to panel_job;
grant delete on staged_chunk to panel_job;
create policy job_1 on staged_chunk to panel_job using (true) with check (true);
create trigger a_touch before insert or update on staged_chunk for each row execute function panel_touch();
create trigger f_truncate before truncate on staged_chunk for each statement execute function panel_refuse('记录已锁定,不能修改');
create or replace function panel_sees_staged_chunk_job_id() returns trigger language plpgsql set search_path = public, pg_catalog, pg_temp as $$ begin if exists (select from written w where w.job_id is not null and not exists (select from job t where t.id = w.job_id)) then raise exception 'a row of staged_chunk points at no job' using errcode = '23503', constraint = 'fk_staged_chunk_job_id', table = 'staged_chunk'; end if; return null; end $$;
create trigger g_sees_job_id_insert after insert on staged_chunk referencing new table as written for each statement execute function panel_sees_staged_chunk_job_id();
create trigger g_sees_job_id_update after update on staged_chunk referencing new table as written for each statement execute function panel_sees_staged_chunk_job_id();
alter table form_draft enable row level security;
grant select on form_draft to panel_platform;
grant insert on form_draft to panel_platform;
grant update on form_draft to panel_platform;
grant delete on form_draft to panel_platform;
create policy platform_1 on form_draft to panel_platform using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on form_draft to panel_province;
grant insert on form_draft to panel_province;
grant update on form_draft to panel_province;
grant delete on form_draft to panel_province;
create policy province_1 on form_draft to panel_province using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on form_draft to panel_city;
grant insert on form_draft to panel_city;
grant update on form_draft to panel_city;
grant delete on form_draft to panel_city;
create policy city_1 on form_draft to panel_city using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on form_draft to panel_school;
grant insert on form_draft to panel_school;
grant update on form_draft to panel_school;
grant delete on form_draft to panel_school;
create policy school_1 on form_draft to panel_school using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on form_draft to panel_organisation;
grant insert on form_draft to panel_organisation;
grant update on form_draft to panel_organisation;
grant delete on form_draft to panel_organisation;
create policy organisation_1 on form_draft to panel_organisation using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on form_draft to panel_candidate;
grant insert on form_draft to panel_candidate;
grant update on form_draft to panel_candidate;
grant delete on form_draft to panel_candidate;
create policy candidate_1 on form_draft to panel_candidate using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on form_draft to panel_job;
grant insert on form_draft to panel_job;
grant update on form_draft to panel_job;
grant delete on form_draft to panel_job;
create policy job_1 on form_draft to panel_job using (true) with check (true);
create trigger a_touch before insert or update on form_draft for each row execute function panel_touch();
create trigger f_truncate before truncate on form_draft for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table stored_file enable row level security;
grant select on stored_file to panel_platform;
grant insert on stored_file to panel_platform;
grant update on stored_file to panel_platform;
grant delete on stored_file to panel_platform;
create policy platform_1 on stored_file to panel_platform using ((account_id = (select app_account()))) with check ((account_id = (select app_account())));
grant select on stored_file to panel_province;
grant insert on stored_file to panel_province;
grant update on stored_file to panel_province;
grant delete on stored_file to panel_province;
create policy province_1 on stored_file to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on stored_file to panel_city;
grant insert on stored_file to panel_city;
grant update on stored_file to panel_city;
grant delete on stored_file to panel_city;
create policy city_1 on stored_file to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on stored_file to panel_school;
grant insert on stored_file to panel_school;
grant update on stored_file to panel_school;
grant delete on stored_file to panel_school;
create policy school_1 on stored_file to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on stored_file to panel_organisation;
grant insert on stored_file to panel_organisation;
grant update on stored_file to panel_organisation;
grant delete on stored_file to panel_organisation;
create policy organisation_1 on stored_file to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on stored_file to panel_candidate;
grant insert on stored_file to panel_candidate;
grant update on stored_file to panel_candidate;
grant delete on stored_file to panel_candidate;
create policy candidate_1 on stored_file to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on stored_file to panel_job;
grant insert on stored_file to panel_job;
grant update on stored_file to panel_job;
grant delete on stored_file to panel_job;
create policy job_1 on stored_file to panel_job using (true) with check (true);
create trigger a_touch before insert or update on stored_file for each row execute function panel_touch();
create trigger f_truncate before truncate on stored_file for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on stored_file referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on stored_file referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on stored_file referencing old table as removed for each statement execute function panel_audit_delete();
alter table message enable row level security;
grant select on message to panel_platform;
grant insert on message to panel_platform;
grant update on message to panel_platform;
grant delete on message to panel_platform;
create policy platform_1 on message to panel_platform using ((for_platform)) with check ((for_platform));
create policy platform_2_insert on message for insert to panel_platform with check (true);
grant select on message to panel_province;
grant insert on message to panel_province;
grant update on message to panel_province;
grant delete on message to panel_province;
create policy province_1 on message to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_2_insert on message for insert to panel_province with check (true);
grant select on message to panel_city;
grant insert on message to panel_city;
grant update on message to panel_city;
grant delete on message to panel_city;
create policy city_1 on message to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy city_2_insert on message for insert to panel_city with check (true);
grant select on message to panel_school;
grant insert on message to panel_school;
grant update on message to panel_school;
grant delete on message to panel_school;
create policy school_1 on message to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy school_2_insert on message for insert to panel_school with check (true);
grant select on message to panel_organisation;
grant insert on message to panel_organisation;
grant update on message to panel_organisation;
grant delete on message to panel_organisation;
create policy organisation_1 on message to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy organisation_2_insert on message for insert to panel_organisation with check (true);
grant select on message to panel_candidate;
grant insert on message to panel_candidate;
grant update on message to panel_candidate;
grant delete on message to panel_candidate;
create policy candidate_1 on message to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null)) with check (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null));
create policy candidate_2_insert on message for insert to panel_candidate with check (true);
grant insert on message to panel_auth;
create policy auth_1_insert on message for insert to panel_auth with check (true);
grant select on message to panel_job;
grant insert on message to panel_job;
grant update on message to panel_job;
grant delete on message to panel_job;
create policy job_1 on message to panel_job using (true) with check (true);
create trigger a_touch before insert or update on message for each row execute function panel_touch();
create trigger f_truncate before truncate on message for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table parameter enable row level security;
grant select on parameter to panel_platform;
grant insert on parameter to panel_platform;
grant update on parameter to panel_platform;
create policy platform_1_select on parameter for select to panel_platform using (true);
create policy platform_1_insert on parameter for insert to panel_platform with check (true);
create policy platform_1_update on parameter for update to panel_platform using (true) with check (true);
grant select on parameter to panel_province;
create policy province_1_select on parameter for select to panel_province using (true);
grant select on parameter to panel_city;
create policy city_1_select on parameter for select to panel_city using (true);
grant select on parameter to panel_school;
create policy school_1_select on parameter for select to panel_school using (true);
grant select on parameter to panel_organisation;
create policy organisation_1_select on parameter for select to panel_organisation using (true);
grant select on parameter to panel_candidate;
create policy candidate_1_select on parameter for select to panel_candidate using (true);
grant select on parameter to panel_public;
create policy public_1_select on parameter for select to panel_public using (true);
grant select on parameter to panel_auth;
create policy auth_1_select on parameter for select to panel_auth using (true);
grant select on parameter to panel_job;
grant insert on parameter to panel_job;
grant update on parameter to panel_job;
grant delete on parameter to panel_job;
create policy job_1 on parameter to panel_job using (true) with check (true);
create trigger a_touch before insert or update on parameter for each row execute function panel_touch();
create trigger f_truncate before truncate on parameter for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on parameter referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on parameter referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on parameter referencing old table as removed for each statement execute function panel_audit_delete();
alter table dictionary_item enable row level security;
grant select on dictionary_item to panel_platform;
grant insert on dictionary_item to panel_platform;
grant update on dictionary_item to panel_platform;
grant delete on dictionary_item to panel_platform;
create policy platform_1 on dictionary_item to panel_platform using (true) with check (true);
grant select on dictionary_item to panel_province;
create policy province_1_select on dictionary_item for select to panel_province using (true);
grant select on dictionary_item to panel_city;
create policy city_1_select on dictionary_item for select to panel_city using (true);
grant select on dictionary_item to panel_school;
create policy school_1_select on dictionary_item for select to panel_school using (true);
grant select on dictionary_item to panel_organisation;
create policy organisation_1_select on dictionary_item for select to panel_organisation using (true);
grant select on dictionary_item to panel_candidate;
create policy candidate_1_select on dictionary_item for select to panel_candidate using (true);
grant select on dictionary_item to panel_public;
create policy public_1_select on dictionary_item for select to panel_public using (true);
grant select on dictionary_item to panel_auth;
create policy auth_1_select on dictionary_item for select to panel_auth using (true);
grant select on dictionary_item to panel_job;
grant insert on dictionary_item to panel_job;
grant update on dictionary_item to panel_job;
grant delete on dictionary_item to panel_job;
create policy job_1 on dictionary_item to panel_job using (true) with check (true);
create trigger a_touch before insert or update on dictionary_item for each row execute function panel_touch();
create trigger f_truncate before truncate on dictionary_item for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on dictionary_item referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on dictionary_item referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on dictionary_item referencing old table as removed for each statement execute function panel_audit_delete();
alter table number_sequence enable row level security;
grant select on number_sequence to panel_platform;
create policy platform_1_select on number_sequence for select to panel_platform using (true);
grant select on number_sequence to panel_job;
create policy job_1_select on number_sequence for select to panel_job using (true);
create trigger a_touch before insert or update on number_sequence for each row execute function panel_touch();
create trigger f_truncate before truncate on number_sequence for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table sms_template enable row level security;
grant select on sms_template to panel_platform;
grant update on sms_template to panel_platform;
create policy platform_1_select on sms_template for select to panel_platform using (true);
create policy platform_1_update on sms_template for update to panel_platform using (true) with check (true);
grant select on sms_template to panel_province;
create policy province_1_select on sms_template for select to panel_province using (true);
grant select on sms_template to panel_city;
create policy city_1_select on sms_template for select to panel_city using (true);
grant select on sms_template to panel_school;
create policy school_1_select on sms_template for select to panel_school using (true);
grant select on sms_template to panel_organisation;
create policy organisation_1_select on sms_template for select to panel_organisation using (true);
grant select on sms_template to panel_candidate;
create policy candidate_1_select on sms_template for select to panel_candidate using (true);
grant select on sms_template to panel_public;
create policy public_1_select on sms_template for select to panel_public using (true);
grant select on sms_template to panel_auth;
create policy auth_1_select on sms_template for select to panel_auth using (true);
grant select on sms_template to panel_job;
grant insert on sms_template to panel_job;
grant update on sms_template to panel_job;
grant delete on sms_template to panel_job;
create policy job_1 on sms_template to panel_job using (true) with check (true);
create trigger a_touch before insert or update on sms_template for each row execute function panel_touch();
create trigger f_truncate before truncate on sms_template for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on sms_template referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on sms_template referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on sms_template referencing old table as removed for each statement execute function panel_audit_delete();
alter table sms_message enable row level security;
grant select on sms_message to panel_platform;
grant insert on sms_message to panel_platform;
grant update (error, receipt, reported_at, sent_at, state, version, updated_at, updated_by) on sms_message to panel_platform;
create policy platform_1_select on sms_message for select to panel_platform using (true);
create policy platform_2_update on sms_message for update to panel_platform using (true) with check (true);
create policy platform_3_insert on sms_message for insert to panel_platform with check (true);
grant select on sms_message to panel_province;
grant insert on sms_message to panel_province;
grant update (state, version, updated_at, updated_by) on sms_message to panel_province;
create policy province_1_select on sms_message for select to panel_province using ((created_by = (select app_account())));
create policy province_1_insert on sms_message for insert to panel_province with check ((created_by = (select app_account())));
create policy province_1_update on sms_message for update to panel_province using ((created_by = (select app_account()))) with check ((created_by = (select app_account())));
grant select on sms_message to panel_city;
grant insert on sms_message to panel_city;
grant update (state, version, updated_at, updated_by) on sms_message to panel_city;
create policy city_1_select on sms_message for select to panel_city using ((created_by = (select app_account())));
create policy city_1_insert on sms_message for insert to panel_city with check ((created_by = (select app_account())));
create policy city_1_update on sms_message for update to panel_city using ((created_by = (select app_account()))) with check ((created_by = (select app_account())));
grant select on sms_message to panel_school;
grant insert on sms_message to panel_school;
grant update (state, version, updated_at, updated_by) on sms_message to panel_school;
create policy school_1_select on sms_message for select to panel_school using ((created_by = (select app_account())));
create policy school_1_insert on sms_message for insert to panel_school with check ((created_by = (select app_account())));
create policy school_1_update on sms_message for update to panel_school using ((created_by = (select app_account()))) with check ((created_by = (select app_account())));
grant select on sms_message to panel_organisation;
grant insert on sms_message to panel_organisation;
grant update (state, version, updated_at, updated_by) on sms_message to panel_organisation;
create policy organisation_1_select on sms_message for select to panel_organisation using ((created_by = (select app_account())));
create policy organisation_1_insert on sms_message for insert to panel_organisation with check ((created_by = (select app_account())));
create policy organisation_1_update on sms_message for update to panel_organisation using ((created_by = (select app_account()))) with check ((created_by = (select app_account())));
grant select on sms_message to panel_candidate;
grant insert on sms_message to panel_candidate;
grant update (state, version, updated_at, updated_by) on sms_message to panel_candidate;
create policy candidate_1_select on sms_message for select to panel_candidate using ((created_by = (select app_account())));
create policy candidate_1_insert on sms_message for insert to panel_candidate with check ((created_by = (select app_account())));
create policy candidate_1_update on sms_message for update to panel_candidate using ((created_by = (select app_account()))) with check ((created_by = (select app_account())));
grant select on sms_message to panel_auth;
grant insert on sms_message to panel_auth;
create policy auth_1_select on sms_message for select to panel_auth using (true);
create policy auth_1_insert on sms_message for insert to panel_auth with check (true);
grant select on sms_message to panel_job;
grant insert on sms_message to panel_job;
grant update on sms_message to panel_job;
grant delete on sms_message to panel_job;
create policy job_1 on sms_message to panel_job using (true) with check (true);
create trigger a_touch before insert or update on sms_message for each row execute function panel_touch();
create trigger c_flow_state before update of state on sms_message for each row execute function panel_guard_moves('state', 'FAILED>CANCELLED', 'FAILED>QUEUED', 'QUEUED>CANCELLED', 'QUEUED>DELIVERED', 'QUEUED>FAILED', 'QUEUED>SENT', 'SENT>DELIVERED', 'SENT>UNDELIVERED', 'UNDELIVERED>CANCELLED', 'UNDELIVERED>QUEUED');
create trigger f_truncate before truncate on sms_message for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table sms_code enable row level security;
grant select on sms_code to panel_auth;
grant insert on sms_code to panel_auth;
grant update on sms_code to panel_auth;
grant delete on sms_code to panel_auth;
create policy auth_1 on sms_code to panel_auth using (true) with check (true);
grant select on sms_code to panel_job;
grant insert on sms_code to panel_job;
grant update on sms_code to panel_job;
grant delete on sms_code to panel_job;
create policy job_1 on sms_code to panel_job using (true) with check (true);
create trigger a_touch before insert or update on sms_code for each row execute function panel_touch();
create trigger f_truncate before truncate on sms_code for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table captcha enable row level security;
grant select on captcha to panel_auth;
grant insert on captcha to panel_auth;
grant update on captcha to panel_auth;
grant delete on captcha to panel_auth;
create policy auth_1 on captcha to panel_auth using (true) with check (true);
grant select on captcha to panel_job;
grant insert on captcha to panel_job;
grant update on captcha to panel_job;
grant delete on captcha to panel_job;
create policy job_1 on captcha to panel_job using (true) with check (true);
create trigger a_touch before insert or update on captcha for each row execute function panel_touch();
create trigger f_truncate before truncate on captcha for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table quota enable row level security;
grant select on quota to panel_platform;
create policy platform_1_select on quota for select to panel_platform using (true);
grant select on quota to panel_province;
grant insert on quota to panel_province;
grant update (granted, version, updated_at, updated_by) on quota to panel_province;
create policy province_1_select on quota for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_1_update on quota for update to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_2_insert on quota for insert to panel_province with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (used = 0));
grant select on quota to panel_city;
create policy city_1_select on quota for select to panel_city using (city_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on quota to panel_school;
create policy school_1_select on quota for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on quota to panel_organisation;
create policy organisation_1_select on quota for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on quota to panel_job;
grant insert on quota to panel_job;
grant update on quota to panel_job;
grant delete on quota to panel_job;
create policy job_1 on quota to panel_job using (true) with check (true);
create trigger a_touch before insert or update on quota for each row execute function panel_touch();
create or replace function panel_copy_quota_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_name is null or new.province_id is null or new.city_id is null or current_setting('role') <> 'panel_job' then select s.name, s.province_id, s.city_id into new.school_name, new.province_id, new.city_id from school s where s.id = new.school_id; end if; return new; end $$;
create trigger b_copy_school_id before insert or update of school_id on quota for each row execute function panel_copy_quota_school_id();
create or replace function panel_follow_quota_school_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update quota set school_name = new.name, province_id = new.province_id, city_id = new.city_id where school_id = new.id; return null; end $$;
create trigger y_follow_quota_school_id after update of name, province_id, city_id on school for each row when (new.name is distinct from old.name or new.province_id is distinct from old.province_id or new.city_id is distinct from old.city_id) execute function panel_follow_quota_school_id();
create or replace function panel_copy_quota_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.organisation_id is null then select s.organisation_id into new.organisation_id from certificate s where s.id = new.certificate_id; end if; return new; end $$;
create trigger b_copy_certificate_id before insert or update of certificate_id on quota for each row execute function panel_copy_quota_certificate_id();
create or replace function panel_follow_quota_certificate_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update quota set organisation_id = new.organisation_id where certificate_id = new.id; return null; end $$;
create trigger y_follow_quota_certificate_id after update of organisation_id on certificate for each row when (new.organisation_id is distinct from old.organisation_id) execute function panel_follow_quota_certificate_id();
create trigger f_truncate before truncate on quota for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on quota referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on quota referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on quota referencing old table as removed for each statement execute function panel_audit_delete();
alter table quota_change enable row level security;
grant select on quota_change to panel_platform;
create policy platform_1_select on quota_change for select to panel_platform using (true);
grant select on quota_change to panel_province;
grant insert on quota_change to panel_province;
create policy province_1_select on quota_change for select to panel_province using (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
create policy province_1_insert on quota_change for insert to panel_province with check (province_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on quota_change to panel_school;
create policy school_1_select on quota_change for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on quota_change to panel_organisation;
create policy organisation_1_select on quota_change for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on quota_change to panel_job;
grant insert on quota_change to panel_job;
grant update on quota_change to panel_job;
grant delete on quota_change to panel_job;
create policy job_1 on quota_change to panel_job using (true) with check (true);
create trigger a_touch before insert or update on quota_change for each row execute function panel_touch();
create or replace function panel_copy_quota_change_quota_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.school_id is null or new.province_id is null or new.organisation_id is null or current_setting('role') <> 'panel_job' then select s.school_id, s.province_id, s.organisation_id into new.school_id, new.province_id, new.organisation_id from quota s where s.id = new.quota_id; end if; return new; end $$;
create trigger b_copy_quota_id before insert or update of quota_id on quota_change for each row execute function panel_copy_quota_change_quota_id();
create or replace function panel_copy_quota_change_changed_by_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.changed_by_name is null or current_setting('role') <> 'panel_job' then select s.name into new.changed_by_name from account s where s.id = new.changed_by_id; end if; return new; end $$;
create trigger b_copy_changed_by_id before insert or update of changed_by_id on quota_change for each row execute function panel_copy_quota_change_changed_by_id();
create trigger e_append_only before update or delete on quota_change for each row execute function panel_refuse('指标调整记录不能修改或删除');
create trigger f_truncate before truncate on quota_change for each statement execute function panel_refuse('指标调整记录不能修改或删除');
create trigger z_audit_insert after insert on quota_change referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on quota_change referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on quota_change referencing old table as removed for each statement execute function panel_audit_delete();
alter table quota_use enable row level security;
grant select on quota_use to panel_platform;
create policy platform_1_select on quota_use for select to panel_platform using (true);
grant select on quota_use to panel_school;
create policy school_1_select on quota_use for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on quota_use to panel_job;
grant insert on quota_use to panel_job;
grant update on quota_use to panel_job;
grant delete on quota_use to panel_job;
create policy job_1 on quota_use to panel_job using (true) with check (true);
create trigger a_touch before insert or update on quota_use for each row execute function panel_touch();
create trigger f_truncate before truncate on quota_use for each statement execute function panel_refuse('记录已锁定,不能修改');
alter table site_allocation enable row level security;
grant select on site_allocation to panel_platform;
create policy platform_1_select on site_allocation for select to panel_platform using (true);
grant select on site_allocation to panel_school;
create policy school_1_select on site_allocation for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (schedule_published_at is not null));
create policy school_2_select on site_allocation for select to panel_school using (guest_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (schedule_published_at is not null));
grant select on site_allocation to panel_organisation;
grant insert on site_allocation to panel_organisation;
grant update on site_allocation to panel_organisation;
grant delete on site_allocation to panel_organisation;
create policy organisation_1 on site_allocation to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on site_allocation to panel_job;
grant insert on site_allocation to panel_job;
grant update on site_allocation to panel_job;
grant delete on site_allocation to panel_job;
create policy job_1 on site_allocation to panel_job using (true) with check (true);
create trigger a_touch before insert or update on site_allocation for each row execute function panel_touch();
create or replace function panel_copy_site_allocation_plan_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.plan_id is null or new.organisation_id is null or new.schedule_published_at is null or current_setting('role') <> 'panel_job' then select s.plan_id, s.organisation_id, s.schedule_published_at into new.plan_id, new.organisation_id, new.schedule_published_at from plan_subject s where s.id = new.plan_subject_id; end if; return new; end $$;
create trigger b_copy_plan_subject_id before insert or update of plan_subject_id on site_allocation for each row execute function panel_copy_site_allocation_plan_subject_id();
create or replace function panel_follow_site_allocation_plan_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update site_allocation set plan_id = new.plan_id, organisation_id = new.organisation_id, schedule_published_at = new.schedule_published_at where plan_subject_id = new.id; return null; end $$;
create trigger y_follow_site_allocation_plan_subject_id after update of plan_id, organisation_id, schedule_published_at on plan_subject for each row when (new.plan_id is distinct from old.plan_id or new.organisation_id is distinct from old.organisation_id or new.schedule_published_at is distinct from old.schedule_published_at) execute function panel_follow_site_allocation_plan_subject_id();
create or replace function panel_copy_site_allocation_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.host_school_id is null or current_setting('role') <> 'panel_job' then select s.school_id into new.host_school_id from exam_site s where s.id = new.site_id; end if; return new; end $$;
create trigger b_copy_site_id before insert or update of site_id on site_allocation for each row execute function panel_copy_site_allocation_site_id();
create or replace function panel_follow_site_allocation_site_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update site_allocation set host_school_id = new.school_id where site_id = new.id; return null; end $$;
create trigger y_follow_site_allocation_site_id after update of school_id on exam_site for each row when (new.school_id is distinct from old.school_id) execute function panel_follow_site_allocation_site_id();
create trigger f_truncate before truncate on site_allocation for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on site_allocation referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on site_allocation referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on site_allocation referencing old table as removed for each statement execute function panel_audit_delete();
alter table room_session enable row level security;
grant select on room_session to panel_platform;
create policy platform_1_select on room_session for select to panel_platform using (true);
grant select on room_session to panel_school;
grant update (absent, attended, invigilators, patrols, recorded_at, version, updated_at, updated_by) on room_session to panel_school;
create policy school_1_select on room_session for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (schedule_published_at is not null));
create policy school_1_update on room_session for update to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (schedule_published_at is not null)) with check (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (schedule_published_at is not null));
grant select on room_session to panel_organisation;
grant insert on room_session to panel_organisation;
grant update on room_session to panel_organisation;
grant delete on room_session to panel_organisation;
create policy organisation_1 on room_session to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on room_session to panel_job;
grant insert on room_session to panel_job;
grant update on room_session to panel_job;
grant delete on room_session to panel_job;
create policy job_1 on room_session to panel_job using (true) with check (true);
create trigger a_touch before insert or update on room_session for each row execute function panel_touch();
create or replace function panel_copy_room_session_plan_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.plan_id is null or new.subject_id is null or new.certificate_id is null or new.mode is null or new.consecutive is null or new.exam_year is null or new.organisation_id is null or new.schedule_published_at is null or current_setting('role') <> 'panel_job' then select s.plan_id, s.subject_id, s.certificate_id, s.mode, s.consecutive, s.exam_year, s.organisation_id, s.schedule_published_at into new.plan_id, new.subject_id, new.certificate_id, new.mode, new.consecutive, new.exam_year, new.organisation_id, new.schedule_published_at from plan_subject s where s.id = new.plan_subject_id; end if; return new; end $$;
create trigger b_copy_plan_subject_id before insert or update of plan_subject_id on room_session for each row execute function panel_copy_room_session_plan_subject_id();
create or replace function panel_follow_room_session_plan_subject_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update room_session set plan_id = new.plan_id, subject_id = new.subject_id, certificate_id = new.certificate_id, mode = new.mode, consecutive = new.consecutive, exam_year = new.exam_year, organisation_id = new.organisation_id, schedule_published_at = new.schedule_published_at where plan_subject_id = new.id; return null; end $$;
create trigger y_follow_room_session_plan_subject_id after update of plan_id, subject_id, certificate_id, mode, consecutive, exam_year, organisation_id, schedule_published_at on plan_subject for each row when (new.plan_id is distinct from old.plan_id or new.subject_id is distinct from old.subject_id or new.certificate_id is distinct from old.certificate_id or new.mode is distinct from old.mode or new.consecutive is distinct from old.consecutive or new.exam_year is distinct from old.exam_year or new.organisation_id is distinct from old.organisation_id or new.schedule_published_at is distinct from old.schedule_published_at) execute function panel_follow_room_session_plan_subject_id();
create or replace function panel_copy_room_session_room_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.room_name is null or new.site_id is null or new.site_name is null or new.room_kind is null or new.seats is null or new.address is null or new.venue_id is null or new.host_school_id is null or new.host_school_name is null or current_setting('role') <> 'panel_job' then select s.name, s.site_id, s.site_name, s.kind, s.seats, s.address, s.venue_id, s.school_id, s.school_name into new.room_name, new.site_id, new.site_name, new.room_kind, new.seats, new.address, new.venue_id, new.host_school_id, new.host_school_name from room s where s.id = new.room_id; end if; return new; end $$;
create trigger b_copy_room_id before insert or update of room_id on room_session for each row execute function panel_copy_room_session_room_id();
create or replace function panel_follow_room_session_room_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update room_session set room_name = new.name, site_id = new.site_id, site_name = new.site_name, room_kind = new.kind, seats = new.seats, address = new.address, venue_id = new.venue_id, host_school_id = new.school_id, host_school_name = new.school_name where room_id = new.id; return null; end $$;
create trigger y_follow_room_session_room_id after update of name, site_id, site_name, kind, seats, address, venue_id, school_id, school_name on room for each row when (new.name is distinct from old.name or new.site_id is distinct from old.site_id or new.site_name is distinct from old.site_name or new.kind is distinct from old.kind or new.seats is distinct from old.seats or new.address is distinct from old.address or new.venue_id is distinct from old.venue_id or new.school_id is distinct from old.school_id or new.school_name is distinct from old.school_name) execute function panel_follow_room_session_room_id();
create or replace function panel_copy_room_session_session_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.starts_at is null or new.ends_at is null or current_setting('role') <> 'panel_job' then select s.starts_at, s.ends_at into new.starts_at, new.ends_at from exam_session s where s.id = new.session_id; end if; return new; end $$;
create trigger b_copy_session_id before insert or update of session_id on room_session for each row execute function panel_copy_room_session_session_id();
create or replace function panel_follow_room_session_session_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update room_session set starts_at = new.starts_at, ends_at = new.ends_at where session_id = new.id; return null; end $$;
create trigger y_follow_room_session_session_id after update of starts_at, ends_at on exam_session for each row when (new.starts_at is distinct from old.starts_at or new.ends_at is distinct from old.ends_at) execute function panel_follow_room_session_session_id();
create trigger f_truncate before truncate on room_session for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on room_session referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on room_session referencing old table as before new table as after for each statement execute function panel_audit_update();
create trigger z_audit_delete after delete on room_session referencing old table as removed for each statement execute function panel_audit_delete();
alter table invigilator enable row level security;
grant select on invigilator to panel_platform;
create policy platform_1_select on invigilator for select to panel_platform using (true);
grant select on invigilator to panel_school;
grant insert on invigilator to panel_school;
grant update on invigilator to panel_school;
grant delete on invigilator to panel_school;
create policy school_1 on invigilator to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on invigilator to panel_organisation;
create policy organisation_1_select on invigilator for select to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on invigilator to panel_job;
grant insert on invigilator to panel_job;
grant update on invigilator to panel_job;
grant delete on invigilator to panel_job;
create policy job_1 on invigilator to panel_job using (true) with check (true);
create trigger a_touch before insert or update on invigilator for each row execute function panel_touch();
create or replace function panel_copy_invigilator_room_session_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.starts_at is null or new.ends_at is null or new.room_name is null or new.host_school_id is null or new.organisation_id is null or current_setting('role') <> 'panel_job' then select s.starts_at, s.ends_at, s.room_name, s.host_school_id, s.organisation_id into new.starts_at, new.ends_at, new.room_name, new.host_school_id, new.organisation_id from room_session s where s.id = new.room_session_id; end if; return new; end $$;
create trigger b_copy_room_session_id before insert or update of room_session_id on invigilator for each row execute function panel_copy_invigilator_room_session_id();
create or replace function panel_follow_invigilator_room_session_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update invigilator set starts_at = new.starts_at, ends_at = new.ends_at, room_name = new.room_name, host_school_id = new.host_school_id, organisation_id = new.organisation_id where room_session_id = new.id; return null; end $$;
create trigger y_follow_invigilator_room_session_id after update of starts_at, ends_at, room_name, host_school_id, organisation_id on room_session for each row when (new.starts_at is distinct from old.starts_at or new.ends_at is distinct from old.ends_at or new.room_name is distinct from old.room_name or new.host_school_id is distinct from old.host_school_id or new.organisation_id is distinct from old.organisation_id) execute function panel_follow_invigilator_room_session_id();
create trigger f_truncate before truncate on invigilator for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on invigilator referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on invigilator referencing old table as before new table as after for each statement execute function panel_audit_update('mobile');
create trigger z_audit_delete after delete on invigilator referencing old table as removed for each statement execute function panel_audit_delete('mobile');
alter table seat_assignment enable row level security;
grant select on seat_assignment to panel_platform;
create policy platform_1_select on seat_assignment for select to panel_platform using (true);
grant select on seat_assignment to panel_school;
grant update (attendance, version, updated_at, updated_by) on seat_assignment to panel_school;
create policy school_1_select on seat_assignment for select to panel_school using (school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (schedule_published_at is not null));
create policy school_2_select on seat_assignment for select to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (schedule_published_at is not null));
create policy school_2_update on seat_assignment for update to panel_school using (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (schedule_published_at is not null)) with check (host_school_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and (schedule_published_at is not null));
grant select on seat_assignment to panel_organisation;
grant insert on seat_assignment to panel_organisation;
grant update on seat_assignment to panel_organisation;
grant delete on seat_assignment to panel_organisation;
create policy organisation_1 on seat_assignment to panel_organisation using (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint)) with check (organisation_id = (select nullif(current_setting('app.tenant', true), '')::bigint));
grant select on seat_assignment to panel_candidate;
create policy candidate_1_select on seat_assignment for select to panel_candidate using (person_id = (select nullif(current_setting('app.tenant', true), '')::bigint) and ((select app_schools()) is null or school_id = any ((select app_schools())::bigint[])) and (schedule_published_at is not null));
grant select on seat_assignment to panel_job;
grant insert on seat_assignment to panel_job;
grant update on seat_assignment to panel_job;
grant delete on seat_assignment to panel_job;
create policy job_1 on seat_assignment to panel_job using (true) with check (true);
create trigger a_touch before insert or update on seat_assignment for each row execute function panel_touch();
create or replace function panel_copy_seat_assignment_registration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.plan_id is null or new.plan_subject_id is null or new.candidate_name is null or new.id_number is null or new.id_masked is null or new.photo is null or new.ticket_number is null or new.school_name is null or new.subject_id is null or new.certificate_id is null or new.mode is null or new.school_id is null or new.organisation_id is null or new.person_id is null or current_setting('role') <> 'panel_job' then select s.plan_id, s.plan_subject_id, s.candidate_name, s.id_number, s.id_masked, s.photo, s.ticket_number, s.school_name, s.subject_id, s.certificate_id, s.mode, s.school_id, s.organisation_id, s.person_id into new.plan_id, new.plan_subject_id, new.candidate_name, new.id_number, new.id_masked, new.photo, new.ticket_number, new.school_name, new.subject_id, new.certificate_id, new.mode, new.school_id, new.organisation_id, new.person_id from registration s where s.id = new.registration_id; end if; return new; end $$;
create trigger b_copy_registration_id before insert or update of registration_id on seat_assignment for each row execute function panel_copy_seat_assignment_registration_id();
create or replace function panel_follow_seat_assignment_registration_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update seat_assignment set plan_id = new.plan_id, plan_subject_id = new.plan_subject_id, candidate_name = new.candidate_name, id_number = new.id_number, id_masked = new.id_masked, photo = new.photo, ticket_number = new.ticket_number, school_name = new.school_name, subject_id = new.subject_id, certificate_id = new.certificate_id, mode = new.mode, school_id = new.school_id, organisation_id = new.organisation_id, person_id = new.person_id where registration_id = new.id; return null; end $$;
create trigger y_follow_seat_assignment_registration_id after update of plan_id, plan_subject_id, candidate_name, id_number, id_masked, photo, ticket_number, school_name, subject_id, certificate_id, mode, school_id, organisation_id, person_id on registration for each row when (new.plan_id is distinct from old.plan_id or new.plan_subject_id is distinct from old.plan_subject_id or new.candidate_name is distinct from old.candidate_name or new.id_number is distinct from old.id_number or new.id_masked is distinct from old.id_masked or new.photo is distinct from old.photo or new.ticket_number is distinct from old.ticket_number or new.school_name is distinct from old.school_name or new.subject_id is distinct from old.subject_id or new.certificate_id is distinct from old.certificate_id or new.mode is distinct from old.mode or new.school_id is distinct from old.school_id or new.organisation_id is distinct from old.organisation_id or new.person_id is distinct from old.person_id) execute function panel_follow_seat_assignment_registration_id();
create or replace function panel_copy_seat_assignment_room_session_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin if tg_op = 'UPDATE' or new.site_id is null or new.site_name is null or new.room_name is null or new.starts_at is null or new.ends_at is null or new.address is null or new.room_seats is null or new.consecutive is null or new.session_id is null or new.host_school_id is null or new.schedule_published_at is null or current_setting('role') <> 'panel_job' then select s.site_id, s.site_name, s.room_name, s.starts_at, s.ends_at, s.address, s.seats, s.consecutive, s.session_id, s.host_school_id, s.schedule_published_at into new.site_id, new.site_name, new.room_name, new.starts_at, new.ends_at, new.address, new.room_seats, new.consecutive, new.session_id, new.host_school_id, new.schedule_published_at from room_session s where s.id = new.room_session_id; end if; return new; end $$;
create trigger b_copy_room_session_id before insert or update of room_session_id on seat_assignment for each row execute function panel_copy_seat_assignment_room_session_id();
create or replace function panel_follow_seat_assignment_room_session_id() returns trigger language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$ begin update seat_assignment set site_id = new.site_id, site_name = new.site_name, room_name = new.room_name, starts_at = new.starts_at, ends_at = new.ends_at, address = new.address, room_seats = new.seats, consecutive = new.consecutive, session_id = new.session_id, host_school_id = new.host_school_id, schedule_published_at = new.schedule_published_at where room_session_id = new.id; return null; end $$;
create trigger y_follow_seat_assignment_room_session_id after update of site_id, site_name, room_name, starts_at, ends_at, address, seats, consecutive, session_id, host_school_id, schedule_published_at on room_session for each row when (new.site_id is distinct from old.site_id or new.site_name is distinct from old.site_name or new.room_name is distinct from old.room_name or new.starts_at is distinct from old.starts_at or new.ends_at is distinct from old.ends_at or new.address is distinct from old.address or new.seats is distinct from old.seats or new.consecutive is distinct from old.consecutive or new.session_id is distinct from old.session_id or new.host_school_id is distinct from old.host_school_id or new.schedule_published_at is distinct from old.schedule_published_at) execute function panel_follow_seat_assignment_room_session_id();
create trigger f_truncate before truncate on seat_assignment for each statement execute function panel_refuse('记录已锁定,不能修改');
create trigger z_audit_insert after insert on seat_assignment referencing new table as added for each statement execute function panel_audit_insert();
create trigger z_audit_update after update on seat_assignment referencing old table as before new table as after for each statement execute function panel_audit_update('id_number');
create trigger z_audit_delete after delete on seat_assignment referencing old table as removed for each statement execute function panel_audit_delete('id_number');
grant usage on schema public to panel_platform, panel_province, panel_city, panel_school, panel_organisation, panel_candidate, panel_public, panel_auth, panel_job;
revoke execute on all functions in schema public from public;
grant execute on all functions in schema public to panel_platform, panel_province, panel_city, panel_school, panel_organisation, panel_candidate, panel_public, panel_auth, panel_job;
