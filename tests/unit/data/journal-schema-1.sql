-- A journal as schema 1 of the library wrote it, of a controller that was killed while the guest's
-- memory travelled: `sqlite3 FILE .dump` at that moment, with the two pragmas that it leaves out.
PRAGMA application_id = 1296648018;
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE job (  id TEXT PRIMARY KEY NOT NULL, guest_uuid TEXT COLLATE NOCASE, state TEXT,  created INTEGER NOT NULL, updated INTEGER NOT NULL, dict TEXT NOT NULL);
INSERT INTO job VALUES('1ab96fe2','60b4d8ef-6388-40fe-8a07-8f91b5665fc1','prepared',1795565772106463,1795565772118526,'{''destination'': <''sim://w/h2''>, ''facts'': <{''was-paused'': <false>, ''persistent'': <true>, ''autostart'': <true>}>, ''guest'': <''g0''>, ''guest-name'': <''g0''>, ''guest-uuid'': <''60b4d8ef-6388-40fe-8a07-8f91b5665fc1''>, ''in-flight'': <true>, ''kind'': <''auto''>, ''outcome'': <''none''>, ''phase'': <''copying-memory''>, ''policy'': <{''transport'': <''p2p''>, ''hand-over'': <''fast''>, ''confirm'': <''auto''>, ''bandwidth'': <''0''>, ''target-downtime'': <''400''>, ''deadline'': <''0''>, ''call-timeout'': <''10000''>, ''settle-timeout'': <''60''>, ''poll-interval'': <''500''>, ''hook-timeout'': <''60''>, ''accept'': <''''>}>, ''progress'': <{''phase'': <''copying-memory''>, ''fraction'': <0.67264772951602936>, ''elapsed-ms'': <uint64 3254>, ''memory-total'': <uint64 536870912>, ''memory-processed'': <uint64 361125000>, ''memory-remaining'': <uint64 175745912>, ''rate'': <uint64 125000000>, ''dirty-rate'': <uint64 0>, ''pass'': <uint64 1>, ''throttle'': <uint64 0>, ''time-left-ms'': <uint64 1405>}>, ''source'': <''sim://w/h1''>, ''state'': <''prepared''>}');
CREATE TABLE entry (  seq INTEGER PRIMARY KEY AUTOINCREMENT,  job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,  at INTEGER NOT NULL, generation INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,  status TEXT NOT NULL, dict TEXT NOT NULL);
INSERT INTO entry VALUES(1,'1ab96fe2',1795565772106905,0,'edge','check','done','@a{sv} {}');
INSERT INTO entry VALUES(2,'1ab96fe2',1795565772107286,0,'edge','prepare','begun','@a{sv} {}');
INSERT INTO entry VALUES(3,'1ab96fe2',1795565772109246,1,'step','clear-autostart','begun','@a{sv} {}');
INSERT INTO entry VALUES(4,'1ab96fe2',1795565772110022,1,'step','clear-autostart','done','@a{sv} {}');
INSERT INTO entry VALUES(5,'1ab96fe2',1795565772110987,1,'edge','prepare','done','@a{sv} {}');
INSERT INTO entry VALUES(6,'1ab96fe2',1795565772111406,1,'edge','migrate','begun','@a{sv} {}');
INSERT INTO entry VALUES(7,'1ab96fe2',1795565772112506,1,'step','transfer','begun','{''paused'': <false>, ''peer-uri'': <''sim://w/h2''>, ''transport'': <''p2p''>}');
CREATE TABLE claim (  guest_uuid TEXT PRIMARY KEY NOT NULL COLLATE NOCASE,  job_id TEXT UNIQUE REFERENCES job (id),  generation INTEGER NOT NULL, holder TEXT, taken INTEGER NOT NULL);
INSERT INTO claim VALUES('60b4d8ef-6388-40fe-8a07-8f91b5665fc1','1ab96fe2',1,'holder-7d2b0a54f09f9e63f922c72da1c5b9bb',1795565772108296);
CREATE TABLE mailbox (  seq INTEGER PRIMARY KEY AUTOINCREMENT,  job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,  at INTEGER NOT NULL, verb TEXT NOT NULL, dict TEXT NOT NULL);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('entry',7);
CREATE INDEX entry_job ON entry (job_id, seq);
CREATE INDEX mailbox_job ON mailbox (job_id, seq);
COMMIT;
