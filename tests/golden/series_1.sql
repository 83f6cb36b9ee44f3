-- A series.db of schema 1, as the first version wrote it: three devices, one late reading.
CREATE TABLE devices (
  number INTEGER PRIMARY KEY,
  device_id TEXT NOT NULL UNIQUE
);
CREATE TABLE fill (
  observed_us INTEGER NOT NULL,
  device INTEGER NOT NULL,
  measurement_quality TEXT NOT NULL,
  filling_level REAL,
  distance_mm REAL,
  temperature_c REAL,
  battery_v REAL,
  battery_ratio REAL,
  cover_open INTEGER,
  out_of_position INTEGER,
  rssi_dbm REAL,
  PRIMARY KEY (observed_us, device)
) WITHOUT ROWID;
CREATE TABLE emptied (
  observed_us INTEGER NOT NULL,
  device INTEGER NOT NULL,
  gateway_us INTEGER NOT NULL,
  level_before REAL NOT NULL,
  level_after REAL NOT NULL,
  PRIMARY KEY (observed_us, device)
) WITHOUT ROWID;
CREATE TABLE verdicts (
  observed_us INTEGER NOT NULL,
  device INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (observed_us, device)
) WITHOUT ROWID;
CREATE TABLE latest (
  kind TEXT NOT NULL,
  device INTEGER NOT NULL,
  observed_us INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (kind, device)
) WITHOUT ROWID;
CREATE TABLE cursors (
  feed TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO devices VALUES (1, 'sensor-000'), (2, 'sensor-001'), (3, 'camera-1');
INSERT INTO fill VALUES
  (1772490600000000, 1, 'accepted', 0.5, 812.5, NULL, NULL, NULL, 0, NULL, NULL),
  (1772490900000000, 1, 'accepted', 0.75, 612.5, 21.5, 3.6, 0.9, 0, 0, -97.0),
  (1772490900000000, 2, 'suspicious', 1.2, 30.0, NULL, NULL, NULL, 1, NULL, NULL),
  (1772577000000000, 1, 'accepted', 0.1, 1172.5, NULL, NULL, NULL, 0, NULL, NULL),
  (1772577000000000, 2, 'rejected', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO emptied VALUES (1772577000000000, 1, 1772577001000000, 0.75, 0.1);
INSERT INTO verdicts VALUES (1772490600000000, 3, CAST('{"v":1,"device_id":"camera-1","observed_at":"2026-03-02T22:30:00Z","gateway_at":"2026-03-02T22:30:00Z","values":{"kind":"verdicts","camera_health":"ok","verdicts":[]}}' AS BLOB));
INSERT INTO latest VALUES
  ('fill', 1, 1772577000000000, CAST('{"v":1,"device_id":"sensor-000","observed_at":"2026-03-03T22:30:00Z","gateway_at":"2026-03-03T22:30:01Z","values":{"kind":"fill","measurement_quality":"accepted","filling_level":0.1,"distance_mm":1172.5,"cover_open":false}}' AS BLOB)),
  ('fill', 2, 1772577000000000, CAST('{"v":1,"device_id":"sensor-001","observed_at":"2026-03-03T22:30:00Z","gateway_at":"2026-03-03T22:30:01Z","values":{"kind":"fill","measurement_quality":"rejected"}}' AS BLOB)),
  ('emptied', 1, 1772577000000000, CAST('{"v":1,"device_id":"sensor-000","observed_at":"2026-03-03T22:30:00Z","gateway_at":"2026-03-03T22:30:01Z","values":{"kind":"emptied","level_before":0.75,"level_after":0.1}}' AS BLOB)),
  ('verdicts', 3, 1772490600000000, CAST('{"v":1,"device_id":"camera-1","observed_at":"2026-03-02T22:30:00Z","gateway_at":"2026-03-02T22:30:00Z","values":{"kind":"verdicts","camera_health":"ok","verdicts":[]}}' AS BLOB));
INSERT INTO cursors VALUES ('journal', 9);
PRAGMA user_version = 1;
