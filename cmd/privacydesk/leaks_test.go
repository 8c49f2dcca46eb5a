package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"privacydesk/cmd/privacydesk/sample"
)

// TestRule10_LeakScanFindsPlanted: a scan that can't find anything proves
// nothing, so each kind of place gets a trace planted in it.
func TestRule10_LeakScanFindsPlanted(t *testing.T) {
	jane := sample.Person{ID: 7, Tenant: sample.Acme, Email: "jane.roe@customers.example", Name: "Jane Roe"}
	plants := map[string]string{
		"as it stands":  "x jane.roe@customers.example y",
		"another case":  "JANE.ROE@Customers.Example",
		"in a URL":      "/find?email=jane.roe%40customers.example&x=1",
		"in hex":        hex.EncodeToString([]byte("..jane.roe@customers.example")),
		"base64":        base64.StdEncoding.EncodeToString([]byte("jane.roe@customers.example")),
		"base64 inside": base64.StdEncoding.EncodeToString([]byte("x: jane.roe@customers.example, more")),
		"base64 third":  base64.StdEncoding.EncodeToString([]byte("xy jane.roe@customers.example, more")),
		"her phone":     "call " + jane.Phone(),
		"her tax id":    jane.TaxID(),
	}
	for name, text := range plants {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "f"), []byte("before "+text+" after"), 0o600); err != nil {
				t.Fatal(err)
			}
			s := newLeakScan(jane.Traces())
			if err := s.folder(dir); err != nil {
				t.Fatal(err)
			}
			if len(s.found) != 1 {
				t.Errorf("found %v, want one place", s.found)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		s := newLeakScan(jane.Traces())
		s.look("here", []byte("john.roe@customers.example and Janet Roe-Smith"))
		if len(s.found) != 0 {
			t.Errorf("found %v where there is nothing", s.found)
		}
	})
}

func TestRule10_LeakScanReadsRedisAndSystems(t *testing.T) {
	ctx := context.Background()
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	client.Set(ctx, "a", "jane.roe@customers.example", 0)
	client.HSet(ctx, "b", "field", "jane.roe@customers.example")
	client.RPush(ctx, "c", "jane.roe@customers.example")
	client.ZAdd(ctx, "d", redis.Z{Member: "jane.roe@customers.example"})
	client.SAdd(ctx, "e", "jane.roe@customers.example")
	client.Set(ctx, "f/jane.roe@customers.example", "x", 0)
	s := newLeakScan([]string{"jane.roe@customers.example"})
	if err := s.redis(ctx, client); err != nil {
		t.Fatal(err)
	}
	if len(s.found) != 6 {
		t.Errorf("found %d places in Redis, want 6: %v", len(s.found), s.found)
	}
}
