package all_test

import (
	"io"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"privacydesk/connectors"
)

func connectorsEnv() connectors.Env {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return connectors.Env{
		System: "sys", Clock: time.Now, Log: log, MaxKeys: 10,
		ReadFile: func(string) ([]byte, error) { return nil, os.ErrNotExist },
	}
}
