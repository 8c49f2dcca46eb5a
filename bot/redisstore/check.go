package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Problem is something about a server that an operator should know.
type Problem struct {
	Fatal bool   // privacydesk must not erase on it
	What  string // what is wrong
	Mend  string // what to do
}

func (p Problem) String() string { return p.What + "; " + p.Mend }

// CheckServer reads whether the server keeps what it acknowledges: its version, role, eviction policy and
// append-only file (https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/). Managed servers that
// refuse CONFIG GET are judged by INFO, as far as that tells. An error means that the server could not be asked.
func (s *Store) CheckServer(ctx context.Context) ([]Problem, error) {
	text, err := s.client.Info(ctx).Result()
	if err != nil {
		return nil, failed("info", err)
	}
	info := parseInfo(text)
	config := func(name, fallback string) (string, error) { return s.setting(ctx, name, info[fallback]) }
	policy, err := config("maxmemory-policy", "maxmemory_policy")
	if err != nil {
		return nil, err
	}
	appendOnly, err := config("appendonly", "aof_enabled")
	if err != nil {
		return nil, err
	}
	fsync, err := config("appendfsync", "")
	if err != nil {
		return nil, err
	}
	problems := judge(info, policy, appendOnly, fsync)
	if info["redis_mode"] == "cluster" {
		problems = append(problems, s.judgeCluster())
	}
	return problems, nil
}

// judgeCluster: an ordinary client doesn't follow a cluster to the node that has the keys.
func (s *Store) judgeCluster() Problem {
	if _, follows := s.client.(*redis.ClusterClient); !follows {
		return Problem{Fatal: true, What: "redis.url leads to a node of a cluster", Mend: "let it name a Redis that is no cluster"}
	}
	return Problem{What: "the server is a cluster: all of an installation's keys lie on one of its nodes", Mend: "nothing, if that node has room"}
}

// setting reads a directive, or returns fallback where the server doesn't let us.
func (s *Store) setting(ctx context.Context, name, fallback string) (string, error) {
	values, err := s.client.ConfigGet(ctx, name).Result()
	var refusal redis.Error
	if err != nil && !errors.As(err, &refusal) {
		return "", failed("config get", err)
	}
	if value, told := values[name]; told {
		return value, nil
	}
	return fallback, nil
}

// judge is CheckServer's pure half. An empty value is one that the server didn't tell.
func judge(info map[string]string, policy, appendOnly, fsync string) []Problem {
	var out []Problem
	add := func(fatal bool, what, mend string) { out = append(out, Problem{Fatal: fatal, What: what, Mend: mend}) }
	if old, known := olderThan(info["redis_version"], 6, 2); !known {
		add(false, "the server does not say its version", "make sure that it is Redis 6.2 or newer, or a Valkey")
	} else if old {
		add(true, "the server is Redis "+info["redis_version"], "update it to 6.2 or newer")
	}
	if role := info["role"]; role == "slave" || role == "sentinel" || info["redis_mode"] == "sentinel" {
		add(true, "redis.url leads to a replica or a sentinel", "let it name the primary")
	}
	switch policy {
	case "noeviction":
	case "":
		add(false, "the server does not say its maxmemory-policy", "make sure that it is noeviction: evicted requests are lost")
	default:
		add(true, fmt.Sprintf("maxmemory-policy is %s: Redis would throw requests away when it is full", policy), "set maxmemory-policy noeviction")
	}
	switch appendOnly {
	case "yes", "1":
		out = append(out, judgeFsync(fsync)...)
	case "":
		add(false, "the server does not say whether it has an append-only file", "make sure that appendonly is yes")
	default:
		add(true, "appendonly is no: a restart of Redis loses the newest requests", "set appendonly yes")
	}
	if info["aof_last_write_status"] == "err" {
		add(true, "Redis failed to write its append-only file", "see its log; most often the disk is full")
	}
	if n, err := strconv.Atoi(info["connected_slaves"]); err == nil && n > 0 {
		add(false, "the server has replicas: a failover may lose the newest acknowledged writes",
			"nothing; what is lost is rebuilt from the spool and the tickets, or the request is held")
	}
	return out
}

func judgeFsync(fsync string) []Problem {
	switch fsync {
	case "always":
		return nil
	case "everysec":
		return []Problem{{
			What: "appendfsync is everysec: a crash of the machine loses up to a second of what was acknowledged",
			Mend: "nothing: the spool is written before anything is erased, and what Redis lost is rebuilt from it and the tickets, or held; appendfsync always avoids it",
		}}
	case "":
		return []Problem{{What: "the server does not say its appendfsync", Mend: "make sure that it is always, or everysec"}}
	}
	return []Problem{{
		Fatal: true,
		What:  fmt.Sprintf("appendfsync is %s: a crash of the machine loses many seconds of what was acknowledged", fsync),
		Mend:  "set appendfsync always, or everysec",
	}}
}

// parseInfo reads INFO's lines of name:value.
func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[name] = value
		}
	}
	return info
}

func olderThan(version string, major, minor int) (older, known bool) {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false, false
	}
	x, errx := strconv.Atoi(parts[0])
	y, erry := strconv.Atoi(parts[1])
	if errx != nil || erry != nil {
		return false, false
	}
	return x < major || x == major && y < minor, true
}
