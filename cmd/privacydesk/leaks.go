package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"privacydesk/cmd/privacydesk/sample"
)

// leakScan looks for a person's traces where they must not be. It names
// places, never the trace.
type leakScan struct {
	needles [][]byte
	found   []string
}

// newLeakScan looks for each trace as it stands, whatever its case, and as
// base64, hex and URLs would spell it.
func newLeakScan(traces []string) *leakScan {
	s := &leakScan{}
	for _, t := range traces {
		low := strings.ToLower(t)
		forms := []string{
			low, strings.ToLower(url.QueryEscape(t)), strings.ToLower(url.PathEscape(t)),
			strings.ToLower(hex.EncodeToString([]byte(t))),
		}
		// In base64 a text looks in one of three ways, by where it starts; the
		// characters at its ends depend on its neighbours and are left out.
		for shift := range 3 {
			coded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), t...))
			if from, to := (shift*8+5)/6, len(strings.TrimRight(coded, "="))-2; to-from >= 8 {
				forms = append(forms, strings.ToLower(coded[from:to]))
			}
		}
		for _, f := range slices.Compact(forms) {
			s.needles = append(s.needles, []byte(f))
		}
	}
	return s
}

// look notes the place if the content holds a trace.
func (s *leakScan) look(place string, content []byte) {
	content = bytes.ToLower(content)
	if slices.ContainsFunc(s.needles, func(n []byte) bool { return bytes.Contains(content, n) }) {
		s.found = append(s.found, place)
	}
}

// folder reads every file below dir.
func (s *leakScan) folder(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		s.look("the name of "+filepath.Join(dir, path), []byte(d.Name()))
		content, err := fs.ReadFile(root.FS(), path)
		if err != nil {
			return fmt.Errorf("scan: %w", err)
		}
		s.look("file "+filepath.Join(dir, path), content)
		return nil
	})
}

// redis reads every key and value of a Redis.
func (s *leakScan) redis(ctx context.Context, client redis.UniversalClient) error {
	keys := client.Scan(ctx, 0, "*", 1000).Iterator()
	for keys.Next(ctx) {
		key := keys.Val()
		s.look("the name of a key in Redis", []byte(key))
		values, err := redisValues(ctx, client, key)
		if errors.Is(err, redis.Nil) {
			continue // it ended between the look at its type and the look at its value
		}
		if err != nil {
			return fmt.Errorf("scan of Redis: %w", err)
		}
		for _, v := range values {
			s.look("Redis key "+key, []byte(v))
		}
	}
	return keys.Err()
}

func redisValues(ctx context.Context, client redis.UniversalClient, key string) ([]string, error) {
	kind, err := client.Type(ctx, key).Result()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "string":
		v, err := client.Get(ctx, key).Result()
		return []string{v}, err
	case "list":
		return client.LRange(ctx, key, 0, -1).Result()
	case "set":
		return client.SMembers(ctx, key).Result()
	case "zset":
		return client.ZRange(ctx, key, 0, -1).Result()
	case "hash":
		m, err := client.HGetAll(ctx, key).Result()
		var out []string
		for k, v := range m {
			out = append(out, k, v)
		}
		return out, err
	case "none":
		return nil, nil
	}
	return nil, fmt.Errorf("key %s is of type %s, which the scan can't read", key, kind)
}

// system reads every row of a sample system that belongs to the tenant and
// that a delete is to purge.
func (s *leakScan) system(ctx context.Context, sys sample.System, db *sql.DB, tenant string, kept ...string) error {
	dump, err := sys.Dump(ctx, db)
	if err != nil {
		return err
	}
	for table, rows := range dump {
		if slices.Contains(kept, table) {
			continue
		}
		for _, row := range rows {
			if strings.Contains(row, "|"+tenant+"|") {
				s.look("table "+sys.Name+"."+table, []byte(row))
			}
		}
	}
	return nil
}

// file reads one file.
func (s *leakScan) file(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	s.look("file "+path, content)
	return nil
}
