package redisstore

import (
	"fmt"
	"path/filepath"

	"github.com/redis/go-redis/v9"
)

// Attach returns options for a client of the server that a running daemon has in dir, for commands beside it. It does not
// look whether one runs: Start says ErrInUse if so.
func Attach(dir string) (*redis.Options, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("redis data folder: %w", err)
	}
	socket, err := socketPath(abs, false)
	if err != nil {
		return nil, fmt.Errorf("redis socket: %w", err)
	}
	return &redis.Options{Network: "unix", Addr: socket}, nil
}
