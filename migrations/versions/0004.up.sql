ALTER TABLE declaration_batch ADD COLUMN first_over_at TIMESTAMP WITH TIME ZONE;

