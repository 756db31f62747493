CREATE TABLE cards (card integer PRIMARY KEY, points integer NOT NULL)
