ALTER TABLE declaration_batch DROP COLUMN first_over_at;

