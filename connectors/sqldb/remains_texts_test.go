package sqldb

import (
	"strings"
	"testing"
)

// TestTheBinaryLogsTimeIsTold as the server is set, MySQL's and MariaDB's way.
func TestTheBinaryLogsTimeIsTold(t *testing.T) {
	for want, is := range map[string]map[string]string{
		"is off":             {"log_bin": "OFF", "expire_logs_days": "3"},
		"no time to expire":  {"log_bin": "ON", "expire_logs_days": "0.000000"},
		"for 30 days":        {"log_bin": "ON", "binlog_expire_logs_seconds": "2592000", "expire_logs_days": "0"},
		"for 2 days":         {"log_bin": "ON", "binlog_expire_logs_seconds": "86401"},
		"for 10 days":        {"log_bin": "ON", "expire_logs_days": "10.000000"},
		"for 600 seconds":    {"log_bin": "ON", "binlog_expire_logs_seconds": "600"},
		"somebody purges it": {"log_bin": "ON"},
	} {
		if got := binaryLog(is); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", is, got, want)
		}
	}
}
