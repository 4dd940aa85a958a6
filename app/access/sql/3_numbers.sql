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
