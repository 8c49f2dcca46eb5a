package zendesksim

import (
	"fmt"
	"net"
	"net/http"
	"strings"
)

// CheckListen refuses an address that others than this machine can reach:
// whoever reaches the simulator signs in as anybody.
func CheckListen(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is no address with a port; 127.0.0.1:8090 is one", address)
	}
	if !isLoopback(host) {
		return fmt.Errorf("%s can be reached from other machines, and whoever reaches the simulator signs in as anybody: "+
			"let it listen on 127.0.0.1 or [::1], 127.0.0.1:8090 for one", address)
	}
	return nil
}

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// stranger refuses what a page of another site lets a browser on this machine
// send: a name of the attacker's that was pointed at 127.0.0.1 stands in Host,
// the page that sends a form in Origin.
func stranger(r *http.Request) *refusal {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.Trim(r.Host, "[]") // no port
	}
	if !isLoopback(host) {
		return refuse(http.StatusMisdirectedRequest, "ForeignHost",
			"The simulator answers under 127.0.0.1, [::1] and localhost only")
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != requestBase(r) {
		return refuse(http.StatusForbidden, "ForeignOrigin", "The simulator takes no requests from pages of other sites")
	}
	return nil
}
