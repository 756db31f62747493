CREATE TABLE stock (item integer PRIMARY KEY, pieces integer NOT NULL)
