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
