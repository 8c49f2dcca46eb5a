package redisstore

import (
	"context"
	"embed"
	"fmt"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

// scripts are the commands that Redis runs as one. Each is sent by its digest; the text follows only if the server
// doesn't know it.
type scripts struct {
	commit, hint, drop, putOff, setAside, vouch, purge, list, acquire, renew, release, holds, swap, endTurn, take, rest, rules *redis.Script
}

func newScripts() scripts {
	return scripts{
		commit: script("commit"), hint: script("hint"), drop: script("drop"), putOff: script("defer"), setAside: script("setaside"), vouch: script("vouch"), purge: script("purge"), list: script("list"),
		acquire: script("acquire"), renew: script("renew"), release: script("release"), holds: script("holds"),
		swap: script("swap"), endTurn: script("endturn"),
		take: script("take"), rest: script("rest"), rules: script("rules"),
	}
}

func script(name string) *redis.Script { return redis.NewScript(source("prelude") + source(name)) }

func source(name string) string {
	text, err := sources.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(fmt.Sprintf("redisstore: the script %s was not compiled in: %v", name, err))
	}
	return string(text)
}

// yes runs a script that answers 1 or 0.
func (s *Store) yes(ctx context.Context, op string, script *redis.Script, keys []string, args ...any) (bool, error) {
	n, err := script.Run(ctx, s.client, keys, args...).Int()
	return n == 1, failed(op, err)
}
