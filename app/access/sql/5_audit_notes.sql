-- A deed whose reason no column holds, written into the trail in the actor's own name (R135).
create or replace function panel_note(deed text, of_table text, of_row bigint, why text) returns void
    language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    insert into audit_entry (action, table_name, row_id, rows, reason)
        values (left(deed, 40), of_table, of_row, 1, left(why, 500));
end $$;
