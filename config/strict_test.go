package config

import (
	"strings"
	"testing"
)

// An empty redis.url would mean a Redis of our own, and an empty secret no
// webhook: what was meant to be there is missed aloud.
func TestEmptyReferencesAreRefusedWhereTheKeyMayBeLeftOut(t *testing.T) {
	for ref, want := range map[string]string{
		"${env:EMPTY}": "the environment variable EMPTY is empty",
		"${file:void}": "the file void is empty", "x${file:void}y": "the file void is empty",
	} {
		_, err := load(t, minimal+"redis: {url: '"+ref+"'}\n", map[string]string{"EMPTY": ""}, map[string]string{"void": "\r\n"})
		if err == nil || !strings.Contains(err.Error(), "16:14 redis.url: "+want) {
			t.Errorf("%s: got %v, want %q", ref, err, want)
		}
	}
}

// What a whole section says wrong is reported beside mistakes elsewhere.
func TestMistakesOfWholeSectionsAreNotHeldBack(t *testing.T) {
	_, err := load(t, strings.Replace(minimal, goodKey, "short", 1)+`deletes: {approval: sometimes}
web: {listen: nowhere}
requests: {backoff: 1h, max_backoff: 1s}
lgo: {}
`, nil, nil)
	for _, want := range []string{
		"9:7 keys.master[0]: ", "16:21 deletes.approval: ", "17:15 web.listen: is not an address and a port",
		"18:38 requests.max_backoff: is shorter than requests.backoff", "19:1 lgo: this key is not known", ": 5 mistakes",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
}
