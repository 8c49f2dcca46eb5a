package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The range lies below every system's ephemeral ports: a port that a killed server leaves is not given to an outgoing
// connection before Restart takes it again.
const (
	lowestPort  = 15000
	highestPort = 31999
)

// freePort returns a TCP port on 127.0.0.1 on which nothing listens at this moment.
func freePort(ctx context.Context) (int, error) {
	const attempts = 100
	var last error
	for range attempts {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1)
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", address(port))
		if err != nil {
			last = err
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("no free port between %d and %d in %d attempts: %w", lowestPort, highestPort, attempts, last)
}

func address(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// errPortTaken marks a start that lost the port to somebody else between the choice and the use.
var errPortTaken = errors.New("the chosen port was taken meanwhile")

// onFreePort calls start with a free port, and with another one as long as it answers errPortTaken.
func onFreePort(ctx context.Context, start func(port int) error) error {
	const attempts = 5
	var err error
	for range attempts {
		var port int
		if port, err = freePort(ctx); err != nil {
			return err
		}
		if err = start(port); !errors.Is(err, errPortTaken) {
			return err
		}
	}
	return err
}
