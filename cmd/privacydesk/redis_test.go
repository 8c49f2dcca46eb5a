package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/connectors/connectortest/servers"
)

// leastRights is the line of docs/operations.md that makes the account.
func leastRights(t *testing.T) string {
	t.Helper()
	line := regexp.MustCompile(`(?m)^ACL SETUSER privacydesk .*$`).FindString(document(t, "docs/operations.md"))
	if line == "" {
		t.Fatal("docs/operations.md does not say how to make an account")
	}
	return strings.Replace(line, "PASSWORD", "secret", 1)
}

// as makes the account by the line, and lets the installation be it.
func (tr *trial) as(line string) {
	tr.Helper()
	var words []any
	for _, word := range strings.Fields(line) {
		words = append(words, word)
	}
	tr.must(tr.client.Do(tr.Context(), words...).Err())
	tr.set("redis", "://", "://privacydesk:secret@")
	tr.set("redis", "prefix: tr", "prefix: pd")
}

// TestRedisWithLeastRights works a request off with the account that is
// documented, to the letter: check is content, and Redis refused nothing.
func TestRedisWithLeastRights(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.as(leastRights(t))
	if ok, said := tr.check(); !ok || strings.Contains(said, "subscribe") {
		t.Errorf("check: %s", said)
	}
	hook, secret := tr.desk.Sim.AddWebhook("http://127.0.0.1:1/", "zen:event-type:ticket.created", "zen:event-type:ticket.updated")
	tr.set("zendesk", "form:", fmt.Sprintf("webhook: {secret: %q}, form:", secret))
	delivering, stop := context.WithCancel(t.Context())
	delivered := make(chan struct{})
	go func() { defer close(delivered); tr.desk.Sim.AutoDeliver(delivering) }()
	t.Cleanup(func() { stop(); <-delivered })
	var ticket int64
	file := func() {
		ticket = tr.desk.File("alex@acme.example", "access", "", "Access", sample.Body("access", few()[0].Email))
	}
	served, said := tr.serve(started, func(address string) {
		tr.desk.Sim.PointWebhook(hook, "http://"+address+"/webhooks/zendesk")
		file()
		tr.until("the ticket is solved", func() bool { return tr.status(ticket) == "solved" })
	})
	if !served || t.Failed() {
		t.Fatal(said)
	}
	if refused, err := tr.client.Do(t.Context(), "ACL", "LOG").Slice(); err != nil || len(refused) > 0 {
		t.Errorf("Redis refused: %v, %v", refused, err)
	}
}

func (tr *trial) status(ticket int64) string {
	for _, k := range tr.desk.Sim.Tickets() {
		if k.ID == ticket {
			return k.Status
		}
	}
	return ""
}

// TestRedisWithoutTheChannel: it works, with one line of the log and a note.
func TestRedisWithoutTheChannel(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.as(strings.Replace(leastRights(t), "&asynq:cancel ", "", 1))
	if ok, said := tr.check(); !ok || !strings.Contains(said, "may not subscribe") {
		t.Errorf("check: ok %t: %s", ok, said)
	}
}

// issue writes a certificate and its key, signed by the parent or by itself.
func (tr *trial) issue(name string, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	tr.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	tr.must(err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	tr.must(err)
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{name}, IsCA: parent == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	tr.must(err)
	tr.write(name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	private, err := x509.MarshalPKCS8PrivateKey(key)
	tr.must(err)
	tr.write(name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	made, err := x509.ParseCertificate(der)
	tr.must(err)
	return made, key
}

// TestRedisByTLS: an authority of one's own, a certificate of ours, and a name
// that is not the host; what is missing or wrong is refused by its key.
func TestRedisByTLS(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	ca, signer := tr.issue("ca", nil, nil)
	tr.issue("redis.internal", ca, signer)
	tr.issue("client", ca, signer)
	tr.issue("stranger", nil, nil)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	tr.must(err)
	port := fmt.Sprint(free.Addr().(*net.TCPAddr).Port)
	tr.must(free.Close())
	file := func(name string) string { return filepath.Join(tr.dir, name) }
	server := servers.Redis(t, servers.RedisConfig("tls-port", port), servers.RedisConfig("tls-cert-file", file("redis.internal.pem")),
		servers.RedisConfig("tls-key-file", file("redis.internal.key")), servers.RedisConfig("tls-ca-cert-file", file("ca.pem")), servers.RedisConfig("tls-auth-clients", "yes"))
	options, err := redis.ParseURL(server.URL())
	tr.must(err)
	admin := redis.NewClient(options)
	t.Cleanup(func() { _ = admin.Close() })
	for _, c := range []struct{ tls, words string }{
		{"{ca: ca.pem, cert: client.pem, key: client.key, server_name: redis.internal}", ""},
		{"{ca: ca.pem, cert: client.pem, key: client.key}", "certificate"},                        // the host is another name
		{"{ca: ca.pem, server_name: redis.internal}", "redis"},                                    // no certificate of ours
		{"{cert: client.pem, key: client.key, server_name: redis.internal}", "unknown authority"}, // the system's authorities
		{"{ca: stranger.pem, cert: client.pem, key: client.key, server_name: redis.internal}", "unknown authority"},
		{"{ca: none.pem}", "redis.tls.ca"},
		{"{ca: client.key}", "no certificate in PEM"},
		{"{cert: client.pem, key: stranger.key}", "redis.tls.key"},
	} {
		tr.parts["redis"] = fmt.Sprintf("{url: \"rediss://127.0.0.1:%s/0?max_retries=-1\", prefix: tr, tls: %s}", port, c.tls)
		if ok, said := tr.check(); ok != (c.words == "") || !strings.Contains(said, c.words) {
			t.Errorf("%s: ok %t, and should say %q: %s", c.tls, ok, c.words, said)
		}
	}
	tr.parts["redis"] = fmt.Sprintf("{url: \"redis://127.0.0.1:%s/0\", prefix: tr, tls: {ca: ca.pem}}", port)
	if ok, said := tr.check(); ok || !strings.Contains(said, "rediss://") {
		t.Errorf("TLS settings for a URL without it: %s", said)
	}
}
