-- A cases.db of schema 2, as that version wrote it: one case closed, one dispatched, its messages waiting.
BEGIN TRANSACTION;
CREATE TABLE alert_causes (
	alert_id TEXT NOT NULL, 
	device_id TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	PRIMARY KEY (alert_id, device_id, reason)
);
INSERT INTO "alert_causes" VALUES('alert-000001','only','fill_critical',1772491200000000);
INSERT INTO "alert_causes" VALUES('alert-000002','near','fill_critical',1772492700000000);
CREATE TABLE alerts (
	alert_id TEXT NOT NULL, 
	episode TEXT NOT NULL, 
	about_device BOOLEAN NOT NULL, 
	place_id TEXT NOT NULL, 
	device_id TEXT, 
	subject TEXT NOT NULL, 
	level TEXT NOT NULL, 
	fired_at BIGINT NOT NULL, 
	resolved_at BIGINT, 
	case_id TEXT, 
	picture_sha256 TEXT, 
	PRIMARY KEY (alert_id), 
	UNIQUE (episode)
);
INSERT INTO "alerts" VALUES('alert-000001','plain/bin_overflow/1',0,'plain','only','bin_overflow','critical',1772491200000000,1772491800000000,'case-20260303-0001',NULL);
INSERT INTO "alerts" VALUES('alert-000002','watched/bin_overflow/1',0,'watched','near','bin_overflow','critical',1772492700000000,NULL,'case-20260303-0002',NULL);
CREATE TABLE case_log (
	position INTEGER NOT NULL, 
	case_id TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	state_before TEXT, 
	state_after TEXT NOT NULL, 
	note TEXT NOT NULL, 
	approved_by TEXT, 
	photos JSON NOT NULL, 
	PRIMARY KEY (position)
);
INSERT INTO "case_log" VALUES(1,'case-20260303-0001',1772491200000000,'rule','reported',NULL,'reported','',NULL,'[]');
INSERT INTO "case_log" VALUES(2,'case-20260303-0001',1772491200000000,'rule','file','reported','filed','',NULL,'[]');
INSERT INTO "case_log" VALUES(3,'case-20260303-0001',1772491200000000,'auto_dispatch','dispatch','filed','dispatched','',NULL,'[]');
INSERT INTO "case_log" VALUES(4,'case-20260303-0001',1772491200000000,'crew','accept','dispatched','in_progress','',NULL,'[]');
INSERT INTO "case_log" VALUES(5,'case-20260303-0001',1772491200000000,'crew','arrive','in_progress','in_progress','',NULL,'[]');
INSERT INTO "case_log" VALUES(6,'case-20260303-0001',1772491200000000,'crew','finish','in_progress','awaiting_verification','',NULL,'["1111111111111111111111111111111111111111111111111111111111111111", "2222222222222222222222222222222222222222222222222222222222222222"]');
INSERT INTO "case_log" VALUES(7,'case-20260303-0001',1772491800000000,'rule','cleared','awaiting_verification','awaiting_verification','',NULL,'[]');
INSERT INTO "case_log" VALUES(8,'case-20260303-0001',1772491800000000,'machine_verification','confirm_clean','awaiting_verification','closed','',NULL,'[]');
INSERT INTO "case_log" VALUES(9,'case-20260303-0002',1772492700000000,'rule','reported',NULL,'reported','',NULL,'[]');
INSERT INTO "case_log" VALUES(10,'case-20260303-0002',1772492700000000,'rule','file','reported','filed','',NULL,'[]');
INSERT INTO "case_log" VALUES(11,'case-20260303-0002',1772492700000000,'auto_dispatch','dispatch','filed','dispatched','',NULL,'[]');
CREATE TABLE cases (
	case_id TEXT NOT NULL, 
	number TEXT NOT NULL, 
	episode TEXT NOT NULL, 
	place_id TEXT NOT NULL, 
	problem_class TEXT NOT NULL, 
	source TEXT NOT NULL, 
	state TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	unit_id TEXT NOT NULL, 
	crew_id TEXT NOT NULL, 
	opened_at BIGINT NOT NULL, 
	filed_at BIGINT, 
	due_at BIGINT, 
	accepted_at BIGINT, 
	arrived_at BIGINT, 
	finished_at BIGINT, 
	ended_at BIGINT, 
	escalation_level INTEGER NOT NULL, 
	rework_count INTEGER NOT NULL, 
	note TEXT NOT NULL, 
	told_at BIGINT, 
	awaiting_since BIGINT, 
	paused_at BIGINT, 
	reminders INTEGER NOT NULL, 
	photo_doubts INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (case_id), 
	UNIQUE (number), 
	UNIQUE (episode)
);
INSERT INTO "cases" VALUES('case-20260303-0001','20260303-0001','plain/bin_overflow/1','plain','bin_overflow','sensor','closed',7,'unit-place','crew-place',1772491200000000,1772491200000000,1772498400000000,1772491200000000,1772491200000000,1772491200000000,1772491800000000,0,0,'',NULL,1772491200000000,NULL,0,0);
INSERT INTO "cases" VALUES('case-20260303-0002','20260303-0002','watched/bin_overflow/1','watched','bin_overflow','sensor','dispatched',3,'unit-place','crew-place',1772492700000000,1772492700000000,1772499900000000,NULL,NULL,NULL,NULL,0,0,'',1772492700000000,NULL,NULL,0,0);
CREATE TABLE changes (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	place_id TEXT NOT NULL, 
	subject_id TEXT NOT NULL, 
	"values" JSON NOT NULL
);
INSERT INTO "changes" VALUES(1,'alert_fired',1772491200000000,'plain','alert-000001','{"subject": "bin_overflow", "level": "critical", "device_id": "only", "case_id": null}');
INSERT INTO "changes" VALUES(2,'case_opened',1772491200000000,'plain','case-20260303-0001','{"number": "20260303-0001", "problem_class": "bin_overflow", "state": "reported", "source": "sensor", "actor": "rule"}');
INSERT INTO "changes" VALUES(3,'case_moved',1772491200000000,'plain','case-20260303-0001','{"number": "20260303-0001", "problem_class": "bin_overflow", "state": "filed", "action": "file", "actor": "rule"}');
INSERT INTO "changes" VALUES(4,'case_moved',1772491200000000,'plain','case-20260303-0001','{"number": "20260303-0001", "problem_class": "bin_overflow", "state": "dispatched", "action": "dispatch", "actor": "auto_dispatch"}');
INSERT INTO "changes" VALUES(5,'case_moved',1772491200000000,'plain','case-20260303-0001','{"number": "20260303-0001", "problem_class": "bin_overflow", "state": "in_progress", "action": "accept", "actor": "crew"}');
INSERT INTO "changes" VALUES(6,'case_moved',1772491200000000,'plain','case-20260303-0001','{"number": "20260303-0001", "problem_class": "bin_overflow", "state": "in_progress", "action": "arrive", "actor": "crew"}');
INSERT INTO "changes" VALUES(7,'case_moved',1772491200000000,'plain','case-20260303-0001','{"number": "20260303-0001", "problem_class": "bin_overflow", "state": "awaiting_verification", "action": "finish", "actor": "crew"}');
INSERT INTO "changes" VALUES(8,'alert_resolved',1772491800000000,'plain','alert-000001','{"subject": "bin_overflow", "level": "critical", "device_id": "only", "case_id": "case-20260303-0001"}');
INSERT INTO "changes" VALUES(9,'case_moved',1772491800000000,'plain','case-20260303-0001','{"number": "20260303-0001", "problem_class": "bin_overflow", "state": "awaiting_verification", "action": "cleared", "actor": "rule"}');
INSERT INTO "changes" VALUES(10,'case_moved',1772491800000000,'plain','case-20260303-0001','{"number": "20260303-0001", "problem_class": "bin_overflow", "state": "closed", "action": "confirm_clean", "actor": "machine_verification"}');
INSERT INTO "changes" VALUES(11,'alert_fired',1772492700000000,'watched','alert-000002','{"subject": "bin_overflow", "level": "critical", "device_id": "near", "case_id": null}');
INSERT INTO "changes" VALUES(12,'case_opened',1772492700000000,'watched','case-20260303-0002','{"number": "20260303-0002", "problem_class": "bin_overflow", "state": "reported", "source": "sensor", "actor": "rule"}');
INSERT INTO "changes" VALUES(13,'case_moved',1772492700000000,'watched','case-20260303-0002','{"number": "20260303-0002", "problem_class": "bin_overflow", "state": "filed", "action": "file", "actor": "rule"}');
INSERT INTO "changes" VALUES(14,'case_moved',1772492700000000,'watched','case-20260303-0002','{"number": "20260303-0002", "problem_class": "bin_overflow", "state": "dispatched", "action": "dispatch", "actor": "auto_dispatch"}');
CREATE TABLE counters (
	name TEXT NOT NULL, 
	value BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "counters" VALUES('alert/plain/bin_overflow',1);
INSERT INTO "counters" VALUES('alert',2);
INSERT INTO "counters" VALUES('case/20260303',2);
INSERT INTO "counters" VALUES('episode/plain/bin_overflow',1);
INSERT INTO "counters" VALUES('alert/watched/bin_overflow',1);
INSERT INTO "counters" VALUES('episode/watched/bin_overflow',1);
CREATE TABLE cursors (
	name TEXT NOT NULL, 
	position BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "cursors" VALUES('journal',7);
CREATE TABLE facts (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "facts" VALUES('schema_version','2');
INSERT INTO "facts" VALUES('store_id','0123456789abcdef');
CREATE TABLE orders (
	"key" TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "orders" VALUES('key-1','case-20260303-0001',1772491200000000);
INSERT INTO "orders" VALUES('key-2','case-20260303-0001',1772491200000000);
INSERT INTO "orders" VALUES('key-3','case-20260303-0001',1772491200000000);
CREATE TABLE outbox (
	position INTEGER NOT NULL, 
	message_id TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	episode TEXT NOT NULL, 
	occasion TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	recipient TEXT NOT NULL, 
	level TEXT NOT NULL, 
	title TEXT NOT NULL, 
	body TEXT NOT NULL, 
	link TEXT, 
	created_at BIGINT NOT NULL, 
	lane INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	repeat BOOLEAN NOT NULL, 
	attempts INTEGER NOT NULL, 
	last_error TEXT, 
	settled_at BIGINT, 
	PRIMARY KEY (position), 
	UNIQUE (message_id)
);
INSERT INTO "outbox" VALUES(1,'e1dc58d365358b6be22dbe243d95afd6','case-20260303-0001','plain/bin_overflow/1','new','webhook','crew-place','new','新任务 20260303-0001：垃圾满溢','plain号点：垃圾满溢。请crew-place在3月3日 08:40前处置，处置后拍全景、近景照片各一张。','http://127.0.0.1:8000/c/WyJjcmV3LXBsYWNlIiwiY2FzZS0yMDI2MDMwMy0wMDAxIiwxNzcyNzUwNDAwXQ.uvbQ48Pt47NfkENjnAYQ2gewp54',1772491200000000,2,'waiting',0,0,NULL,NULL);
INSERT INTO "outbox" VALUES(2,'0ee2ee5ef345ada385c68c05052a1811','case-20260303-0001','plain/bin_overflow/1','new','console','dispatchers','new','新任务 20260303-0001：垃圾满溢','plain号点：垃圾满溢。请crew-place在3月3日 08:40前处置，处置后拍全景、近景照片各一张。',NULL,1772491200000000,1,'waiting',0,0,NULL,NULL);
INSERT INTO "outbox" VALUES(3,'e7f12fd180f837ea806e29bd44dadc71','case-20260303-0001','plain/bin_overflow/1','closed','webhook','crew-place','closed','已结案 20260303-0001','plain号点：垃圾满溢经核查已处置到位，结案。',NULL,1772491800000000,2,'waiting',0,0,NULL,NULL);
INSERT INTO "outbox" VALUES(4,'32da0f6aeabab1b3dd53b9d2b3859f12','case-20260303-0002','watched/bin_overflow/1','new','webhook','crew-place','new','新任务 20260303-0002：垃圾满溢','watched号点：垃圾满溢。请crew-place在3月3日 09:05前处置，处置后拍全景、近景照片各一张。','http://127.0.0.1:8000/c/WyJjcmV3LXBsYWNlIiwiY2FzZS0yMDI2MDMwMy0wMDAyIiwxNzcyNzUxOTAwXQ.jOtD7KYQ540Vo0x-3tdSGct8A7Y',1772492700000000,2,'waiting',0,0,NULL,NULL);
INSERT INTO "outbox" VALUES(5,'7d49f51070c1090b566edede2dd176ab','case-20260303-0002','watched/bin_overflow/1','new','console','dispatchers','new','新任务 20260303-0002：垃圾满溢','watched号点：垃圾满溢。请crew-place在3月3日 09:05前处置，处置后拍全景、近景照片各一张。',NULL,1772492700000000,1,'waiting',0,0,NULL,NULL);
CREATE TABLE photo_doubts (
	number INTEGER NOT NULL, 
	case_id TEXT NOT NULL, 
	noted_at BIGINT NOT NULL, 
	sha256 TEXT NOT NULL, 
	doubt TEXT NOT NULL, 
	like_case_id TEXT, 
	like_sha256 TEXT, 
	distance_m INTEGER, 
	early_min INTEGER, 
	PRIMARY KEY (number)
);
CREATE TABLE proof_photos (
	number INTEGER NOT NULL, 
	case_id TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	sent_at BIGINT NOT NULL, 
	fingerprint BLOB NOT NULL, 
	PRIMARY KEY (number)
);
CREATE TABLE rearms (
	position INTEGER NOT NULL, 
	place_id TEXT NOT NULL, 
	problem_class TEXT NOT NULL, 
	PRIMARY KEY (position)
);
CREATE TABLE rule_states (
	rule TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	state BLOB NOT NULL, 
	PRIMARY KEY (rule, subject)
);
INSERT INTO "rule_states" VALUES('device','only',X'7B2268656172645F6174223A22323032362D30332D30325432323A35353A30305A222C2262617474657279223A302C22756E757361626C655F73696E6365223A6E756C6C7D');
INSERT INTO "rule_states" VALUES('feed','feed',X'7B226E65776573745F6174223A22323032362D30332D30325432333A30353A30305A222C22666C6F77696E675F73696E6365223A22323032362D30332D30325432323A33353A30305A227D');
INSERT INTO "rule_states" VALUES('fill','only',X'7B227761726E696E67223A7B226F6E223A66616C73652C2261626F7665223A302C2262656C6F77223A317D2C22637269746963616C223A7B226F6E223A66616C73652C2261626F7665223A302C2262656C6F77223A317D2C226C6576656C223A302E30352C226F627365727665645F6174223A22323032362D30332D30325432323A35353A30305A227D');
INSERT INTO "rule_states" VALUES('device','camera',X'7B2268656172645F6174223A22323032362D30332D30325432323A33353A30305A222C2262617474657279223A302C22756E757361626C655F73696E6365223A6E756C6C7D');
INSERT INTO "rule_states" VALUES('device','far',X'7B2268656172645F6174223A22323032362D30332D30325432323A33353A30305A222C2262617474657279223A302C22756E757361626C655F73696E6365223A6E756C6C7D');
INSERT INTO "rule_states" VALUES('device','near',X'7B2268656172645F6174223A22323032362D30332D30325432333A30353A30305A222C2262617474657279223A302C22756E757361626C655F73696E6365223A6E756C6C7D');
INSERT INTO "rule_states" VALUES('fill','near',X'7B227761726E696E67223A7B226F6E223A747275652C2261626F7665223A322C2262656C6F77223A307D2C22637269746963616C223A7B226F6E223A747275652C2261626F7665223A322C2262656C6F77223A307D2C226C6576656C223A302E39352C226F627365727665645F6174223A22323032362D30332D30325432333A30353A30305A227D');
CREATE INDEX alerts_by_place ON alerts (place_id, fired_at);
CREATE UNIQUE INDEX one_open_alert_per_device_and_condition ON alerts (device_id, subject) WHERE resolved_at IS NULL AND about_device IS 1;
CREATE UNIQUE INDEX one_open_alert_per_place_and_class ON alerts (place_id, subject) WHERE resolved_at IS NULL AND about_device IS 0;
CREATE INDEX alerts_by_case ON alerts (case_id);
CREATE INDEX cases_by_place ON cases (place_id, opened_at);
CREATE UNIQUE INDEX one_open_case_per_place_and_class ON cases (place_id, problem_class) WHERE state IN ('awaiting_verification', 'deferred', 'dispatched', 'filed', 'in_progress', 'reported', 'returned', 'rework', 'suspended');
CREATE INDEX cases_by_state ON cases (state, ended_at);
CREATE INDEX case_log_by_case ON case_log (case_id, position);
CREATE INDEX photo_doubts_by_case ON photo_doubts (case_id, number);
CREATE INDEX outbox_by_case ON outbox (case_id);
CREATE INDEX unsettled_messages ON outbox (lane, position) WHERE state IN ('waiting', 'sending');
CREATE UNIQUE INDEX one_message_per_episode_level_channel_recipient ON outbox (episode, occasion, channel, recipient);
CREATE UNIQUE INDEX one_notice_per_message ON changes (subject_id) WHERE kind = 'notice';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('changes',14);
COMMIT;
