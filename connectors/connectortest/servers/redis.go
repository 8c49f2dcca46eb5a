package servers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// RedisServer is a child redis-server that writes every command to stable storage before it answers (appendonly,
// appendfsync always) and evicts nothing, as privacydesk demands. It asks for no password.
type RedisServer struct {
	*Process
	port   int
	socket string
}

// RedisOption changes a server's configuration.
type RedisOption func(*redisOptions)

type redisOptions struct {
	directives []string
}

// RedisConfig sets a directive of redis.conf, overriding ours, such as RedisConfig("maxmemory-policy", "allkeys-lru").
func RedisConfig(name string, values ...string) RedisOption {
	return func(o *redisOptions) {
		o.directives = append(append(o.directives, "--"+name), values...)
	}
}

// Redis starts a server for this test alone and ends it, with its data, when the test ends.
func Redis(tb testing.TB, options ...RedisOption) *RedisServer {
	tb.Helper()
	space, err := newWorkspace(os.TempDir(), account{})
	if err != nil {
		tb.Fatalf("servers: %v", err)
	}
	tb.Cleanup(func() {
		if err := space.remove(); err != nil {
			tb.Errorf("servers: %v", err)
		}
	})
	ctx, cancel := startContext(tb.Context())
	defer cancel()
	server, err := StartRedis(ctx, space.dir, options...)
	if err != nil {
		tb.Fatalf("servers: %v", err)
	}
	tb.Cleanup(func() {
		if err := server.Kill(); err != nil {
			tb.Errorf("servers: %v", err)
		}
	})
	return server
}

// StartRedis starts a server with its data in dir, which must exist. ctx bounds the start; Stop or Kill end the server.
// It returns an error that is ErrNotInstalled if there is no redis-server.
func StartRedis(ctx context.Context, dir string, options ...RedisOption) (*RedisServer, error) {
	binary, err := program("redis-server", nil, systemDirs())
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "redis.sock")
	if len(socket) > maxSocketPath {
		return nil, fmt.Errorf("start redis: the folder's path is too long for a unix socket: at most %d bytes for %s", maxSocketPath, socket)
	}
	var chosen redisOptions
	for _, option := range options {
		option(&chosen)
	}
	var server *RedisServer
	err = onFreePort(ctx, func(port int) error {
		server = newRedis(binary, dir, socket, port, chosen)
		return server.Restart(ctx)
	})
	if err != nil {
		return nil, err
	}
	return server, nil
}

// maxSocketPath is what fits into sun_path with its final NUL, see unix(7); other systems than Linux allow 4 bytes less.
const maxSocketPath = 103

func newRedis(binary, dir, socket string, port int, chosen redisOptions) *RedisServer {
	argv := []string{
		binary,
		"--bind", "127.0.0.1", "--port", strconv.Itoa(port),
		"--unixsocket", socket, "--unixsocketperm", "700",
		"--dir", dir, "--daemonize", "no", "--save", "",
		"--appendonly", "yes", "--appendfsync", "always",
		"--maxmemory-policy", "noeviction",
	}
	server := &RedisServer{port: port, socket: socket}
	server.Process = &Process{
		name: "redis-server", dir: dir, argv: append(argv, chosen.directives...),
		orderly: syscall.SIGTERM, ready: server.ping,
	}
	return server
}

// Addr returns host:port, for proxies that stand in between.
func (s *RedisServer) Addr() string { return address(s.port) }

// Socket returns the path of the unix socket, which leads to the same server.
func (s *RedisServer) Socket() string { return s.socket }

// URL returns redis://host:port/0.
func (s *RedisServer) URL() string { return "redis://" + s.Addr() + "/0" }

// ping is spoken by hand, so that the folder needs no client. A server that still reads its data in answers LOADING, and one
// that wants a password NOAUTH, which means that it is up.
func (s *RedisServer) ping(ctx context.Context) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", s.socket)
	if err != nil {
		return err
	}
	answer, err := exchange(ctx, conn, "PING\r\n")
	if err = errors.Join(err, conn.Close()); err != nil {
		return err
	}
	if answer != "+PONG" && !strings.HasPrefix(answer, "-NOAUTH") {
		return fmt.Errorf("the answer to PING was %q", answer)
	}
	return nil
}

func exchange(ctx context.Context, conn net.Conn, request string) (string, error) {
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return "", err
		}
	}
	if _, err := conn.Write([]byte(request)); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}
