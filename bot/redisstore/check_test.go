package redisstore

import (
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	good := "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\nconnected_slaves:0\r\naof_last_write_status:ok\r\n"
	cases := []struct {
		name                  string
		info                  string
		policy, append, fsync string
		fatal, notes          int
		says                  string
	}{
		{"all is well", good, "noeviction", "yes", "always", 0, 0, ""},
		{"INFO's spelling", good, "noeviction", "1", "always", 0, 0, ""},
		{"eviction", good, "allkeys-lru", "yes", "always", 1, 0, "noeviction"},
		{"no append-only file", good, "noeviction", "no", "always", 1, 0, "set appendonly yes"},
		{"no append-only file, by INFO", good, "noeviction", "0", "", 1, 0, "set appendonly yes"},
		{"every second", good, "noeviction", "yes", "everysec", 0, 1, "up to a second"},
		{"when the system likes", good, "noeviction", "yes", "no", 1, 0, "many seconds"},
		{"nothing is told", good, "", "", "", 0, 2, "does not say"},
		{"nothing about fsync is told", good, "noeviction", "1", "", 0, 1, "appendfsync"},
		{"old", strings.Replace(good, "7.0.15", "6.0.16", 1), "noeviction", "yes", "always", 1, 0, "6.0.16"},
		{"just new enough", strings.Replace(good, "7.0.15", "6.2.0", 1), "noeviction", "yes", "always", 0, 0, ""},
		{"of no version", strings.Replace(good, "7.0.15", "x", 1), "noeviction", "yes", "always", 0, 1, "version"},
		{"a replica", strings.Replace(good, "master", "slave", 1), "noeviction", "yes", "always", 1, 0, "primary"},
		{"with replicas", strings.Replace(good, "slaves:0", "slaves:2", 1), "noeviction", "yes", "always", 0, 1, "failover"},
		{"a full disk", strings.Replace(good, "status:ok", "status:err", 1), "noeviction", "yes", "always", 1, 0, "disk"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			problems := judge(parseInfo(c.info), c.policy, c.append, c.fsync)
			fatal, said := 0, ""
			for _, p := range problems {
				if p.Mend == "" || p.What == "" {
					t.Errorf("a problem without a mend: %+v", p)
				}
				if p.Fatal {
					fatal++
				}
				said += p.String() + "\n"
			}
			if fatal != c.fatal || len(problems)-fatal != c.notes || !strings.Contains(said, c.says) {
				t.Errorf("%d fatal and %d others: %s", fatal, len(problems)-fatal, said)
			}
		})
	}
}

func TestArrivalMembersSortByArrival(t *testing.T) {
	if a, b := wakeScore(epoch().Add(1)), wakeScore(epoch()); a != "1" || b != "0" {
		t.Errorf("a wake time is rounded to %s and %s, not up", a, b)
	}
	if before, after := arrivalMember(epoch().Add(-1), "t9"), arrivalMember(epoch(), "t1"); before >= after {
		t.Errorf("%s does not sort before %s", before, after)
	}
}
