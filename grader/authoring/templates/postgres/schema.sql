CREATE TABLE shows (show integer PRIMARY KEY, seats integer NOT NULL)
