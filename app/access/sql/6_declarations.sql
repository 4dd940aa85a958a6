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
