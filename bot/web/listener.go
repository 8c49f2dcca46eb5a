package web

import (
	"net"
	"sync"
	"time"
)

// maxConnections is how many are open at once. Each may hold its headers and
// buffers, some 30 KiB; bodies are bounded by who reads them.
const maxConnections = 512

// bounded accepts so many connections at once. Those beyond are answered 503,
// over plain HTTP, and closed.
type bounded struct {
	net.Listener
	places chan struct{}
	plain  bool
}

func bound(l net.Listener, places int, plain bool) *bounded {
	return &bounded{l, make(chan struct{}, places), plain}
}

// Accept is net.Listener's.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case b.places <- struct{}{}:
			return &placed{Conn: c, leave: sync.OnceFunc(func() { <-b.places })}, nil
		default:
			b.refuse(c)
		}
	}
}

// refuse takes no time: what it writes fits into the socket's buffer.
func (b *bounded) refuse(c net.Conn) {
	if b.plain {
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = c.Write([]byte("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
	}
	_ = c.Close()
}

// placed gives its place back when it is closed.
type placed struct {
	net.Conn
	leave func()
}

// Close is net.Conn's.
func (p *placed) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
