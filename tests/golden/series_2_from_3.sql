-- Turns a series.db of schema 3 into what schema 2 would have been: it kept sealed days by two columns.
CREATE TABLE sealed_2 (
  day INTEGER NOT NULL,
  device INTEGER NOT NULL,
  readings INTEGER NOT NULL,
  chunk BLOB NOT NULL,
  PRIMARY KEY (day, device)
) WITHOUT ROWID;
INSERT INTO sealed_2 SELECT place >> 32, place & 4294967295, readings, chunk FROM sealed;
DROP TABLE sealed;
ALTER TABLE sealed_2 RENAME TO sealed;
PRAGMA user_version = 2;
