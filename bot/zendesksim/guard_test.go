package zendesksim_test

import (
	"net/http"
	"strings"
	"testing"

	"privacydesk/bot/zendesksim"
)

// TestForeignHostsAndOrigins: pages and API alike answer under this machine's
// own names, and take nothing from pages of other sites.
func TestForeignHostsAndOrigins(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	_, port, _ := strings.Cut(strings.TrimPrefix(w.server.URL, "http://"), ":")
	for _, path := range []string{"/", "/api/v2/users/me", "/oauth/authorizations/new", "/agent/tickets"} {
		for host, want := range map[string]int{
			"evil.example": 421, "evil.example:" + port: 421, "127.0.0.1.evil.example": 421, "0.0.0.0:" + port: 421,
			"localhost:" + port: 0, "127.0.0.1:" + port: 0, "[::1]:" + port: 0, "[::1]": 0,
		} {
			got := w.tries(path, host, "")
			if (got == 421) != (want == 421) {
				t.Errorf("%s as %s: status %d", path, host, got)
			}
		}
	}
	for origin, refused := range map[string]bool{
		"http://evil.example": true, "null": true, "http://127.0.0.1:1": true, "https://127.0.0.1:" + port: true, w.server.URL: false, "": false,
	} {
		if got := w.tries("/", "127.0.0.1:"+port, origin); (got == 403) != refused {
			t.Errorf("from a page of %q: status %d", origin, got)
		}
	}
}

func (w *world) tries(path, host, origin string) int {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodGet, w.server.URL+path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Host = host
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestCheckListen(t *testing.T) {
	for address, good := range map[string]bool{
		"127.0.0.1:8090": true, "127.8.0.1:0": true, "[::1]:8090": true, "localhost:8090": true,
		"0.0.0.0:8090": false, ":8090": false, "[::]:8090": false, "192.168.1.7:8090": false, "desk.example:8090": false, "127.0.0.1": false, "": false,
	} {
		err := zendesksim.CheckListen(address)
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "127.0.0.1:8090") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
