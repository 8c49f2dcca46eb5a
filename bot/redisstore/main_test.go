package redisstore_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"privacydesk/bot/redisstore"
)

// daemonDir names, in the environment, the data folder of a test daemon: this program started anew, to be killed.
const daemonDir = "REDISSTORE_TEST_DAEMON"

func TestMain(m *testing.M) {
	if dir := os.Getenv(daemonDir); dir != "" {
		os.Exit(daemon(dir))
	}
	goleak.VerifyTestMain(m)
}

// daemon starts an embedded server, says so, and waits to be killed.
func daemon(dir string) int {
	e, err := redisstore.Start(context.Background(), dir)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	<-e.Done()
	return 1
}
