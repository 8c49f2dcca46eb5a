package deploy_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v4"

	"privacydesk/bot"
	"privacydesk/bot/bottest"
	"privacydesk/bot/redisstore"
	"privacydesk/bot/worker"
	"privacydesk/connectors/connectortest/servers"
)

// TestComposeConfinesItsServices: none of them can write to its image, gain
// rights, use the whole machine, or leave its memory in a file.
func TestComposeConfinesItsServices(t *testing.T) {
	file := compose(t)
	for _, name := range []string{"privacydesk", "redis"} {
		s := file.Services[name]
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.Security, "no-new-privileges:true") {
			t.Errorf("%s could write to its image, or has or gains rights", name)
		}
		if core, set := s.Ulimits["core"]; s.MemLimit == "" || s.PIDs == 0 || !set || core != 0 {
			t.Errorf("%s has no limit of memory or processes, or dumps core", name)
		}
		for _, mount := range s.Tmpfs {
			if !strings.Contains(mount, "size=") {
				t.Errorf("%s may fill the machine's memory through %s", name, mount)
			}
		}
	}
	if user := file.Services["redis"].User; !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(user) {
		t.Errorf("redis runs as %q", user)
	}
}

// TestComposeRedisIsReachedByPrivacydeskAlone.
func TestComposeRedisIsReachedByPrivacydeskAlone(t *testing.T) {
	file := compose(t)
	s := file.Services["redis"]
	if len(s.Ports) > 0 || len(s.Networks) != 1 || !file.Networks[s.Networks[0]].Internal || !slices.Contains(file.Services["privacydesk"].Networks, s.Networks[0]) {
		t.Errorf("redis publishes %v, in the networks %v", s.Ports, s.Networks)
	}
}

// TestComposeRedisIsMaintained: the branches up to 7.0 get no mends any more.
func TestComposeRedisIsMaintained(t *testing.T) {
	image := compose(t).Services["redis"].Image
	version := regexp.MustCompile(`^redis:(\d+)\.(\d+)\.\d+-`).FindStringSubmatch(image)
	if version == nil {
		t.Fatalf("it is %s", image)
	}
	if major, _ := strconv.Atoi(version[1]); major < 8 {
		t.Errorf("it is %s, of a branch that gets no mends", image)
	}
}

// accounts are those that the compose file says to write into redis.acl.
func accounts(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, line := range regexp.MustCompile(`(?m)^#\s+user (\w+) (.+)$`).FindAllStringSubmatch(read(t, "docker-compose.yml"), -1) {
		out[line[1]] = strings.Fields(line[2])
	}
	if len(out) != 3 || !slices.Equal(out["default"], []string{"off"}) {
		t.Fatalf("the accounts are %v", out)
	}
	return out
}

// TestComposeRedisAccount lets the account that the file tells of do all that
// privacydesk does, on a real server, and nothing beyond its own keys.
func TestComposeRedisAccount(t *testing.T) {
	server := servers.Redis(t)
	admin := redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket()})
	t.Cleanup(func() { _ = admin.Close() })
	for name, rules := range accounts(t) {
		if name == "default" {
			continue // the test is it
		}
		args := []any{"ACL", "SETUSER", name}
		for _, r := range rules {
			args = append(args, r)
		}
		if err := admin.Do(t.Context(), args...).Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	as := func(user, password string) *redis.Client {
		client := redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket(), Username: user, Password: password})
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
	ours := as("privacydesk", "PASSWORD")
	store, err := redisstore.New(ours, &bottest.Authenticator{}, redisstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	problems, err := store.CheckServer(t.Context())
	for _, p := range problems {
		if p.Fatal {
			err = errors.Join(err, errors.New(p.String()))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	bottest.StoreSuite(t, func(t *testing.T) bot.Store {
		admin.FlushAll(t.Context())
		return store
	})
	works(t, ours)
	for what, refused := range map[string]error{
		"a foreign key":   ours.Set(t.Context(), "elsewhere", "x", 0).Err(),
		"shutting down":   ours.Shutdown(t.Context()).Err(),
		"another setting": ours.ConfigSet(t.Context(), "appendonly", "no").Err(),
		"another account": ours.Do(t.Context(), "ACL", "SETUSER", "more", "on").Err(),
		"flushing":        ours.FlushAll(t.Context()).Err(),
		"health's keys":   as("health", "health").Get(t.Context(), "pd:{pd}:due").Err(),
	} {
		if refused == nil || !strings.Contains(refused.Error(), "NOPERM") {
			t.Errorf("%s: %v", what, refused)
		}
	}
	check := compose(t).Services["redis"].Healthcheck.Test
	at := slices.Index(check, "--user")
	if at < 0 || as(check[at+1], check[slices.Index(check, "--pass")+1]).Ping(t.Context()).Err() != nil {
		t.Errorf("the check of its health can't sign in: %q", check)
	}
}

// stepped is an engine that tells of its steps.
type stepped chan string

func (s stepped) Step(_ context.Context, id string) error { s <- id; return nil }

func (s stepped) Run(context.Context, string, string) error { return nil }

// works sends a task through the queue and lets a clock lead.
func works(t *testing.T, client *redis.Client) {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	engine := make(stepped, 1)
	queue, err := worker.NewQueue(client, "")
	if err != nil {
		t.Fatal(err)
	}
	w, err := worker.New(worker.Options{Redis: client, Engine: engine, Log: log, Steps: 1, Runs: 1, CheckEvery: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	clock, err := worker.NewClock(worker.ClockOptions{Redis: client, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	led := make(chan struct{}, 100)
	if err := clock.Schedule("each", "@every 1s", true, func(context.Context) error { led <- struct{}{}; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Start(), clock.Start(), queue.Step(t.Context(), "t1", "key")); err != nil {
		t.Fatal(err)
	}
	if id := <-engine; id != "t1" {
		t.Errorf("it stepped %s", id)
	}
	<-led
	if _, _, err := queue.Waiting(t.Context()); err != nil {
		t.Error(err)
	}
	if err := errors.Join(queue.Tidy(t.Context()), clock.Shutdown(t.Context()), w.Shutdown(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestKubernetesPolicy: who comes in is named, and only by the port for web;
// where it goes is named by port, and no machine's own credentials are there.
func TestKubernetesPolicy(t *testing.T) {
	var policy struct {
		Kind string
		Spec struct {
			PodSelector struct {
				MatchLabels map[string]string `yaml:"matchLabels"`
			} `yaml:"podSelector"`
			PolicyTypes []string `yaml:"policyTypes"`
			Ingress     []struct {
				From  []any
				Ports []struct{ Port string }
			}
			Egress []struct {
				To []struct {
					IPBlock *struct{ Except []string } `yaml:"ipBlock"`
				}
				Ports []struct{ Port string }
			}
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "kubernetes.yml")))
	for policy.Kind != "NetworkPolicy" {
		if err := decoder.Decode(&policy); errors.Is(err, io.EOF) {
			t.Fatal("kubernetes.yml holds no NetworkPolicy")
		} else if err != nil {
			t.Fatal(err)
		}
	}
	spec := policy.Spec
	if spec.PodSelector.MatchLabels["app.kubernetes.io/name"] != "privacydesk" || !slices.Equal(spec.PolicyTypes, []string{"Ingress", "Egress"}) {
		t.Errorf("it is about %v, %v", spec.PodSelector, spec.PolicyTypes)
	}
	for _, in := range spec.Ingress {
		if len(in.From) == 0 || len(in.Ports) != 1 || in.Ports[0].Port != "web" {
			t.Errorf("everybody may come in, or elsewhere: %+v", in)
		}
	}
	if len(spec.Ingress) == 0 || len(spec.Egress) == 0 {
		t.Fatal("nobody may come in, or out")
	}
	for _, out := range spec.Egress {
		if len(out.To) == 0 || len(out.Ports) == 0 {
			t.Errorf("it may go everywhere: %+v", out)
		}
		for _, to := range out.To {
			if to.IPBlock != nil && !slices.Contains(to.IPBlock.Except, "169.254.0.0/16") {
				t.Error("the machine's credentials may be asked for")
			}
		}
	}
}

// TestImageCarriesTheLicences, and nothing keeps them from the build.
func TestImageCarriesTheLicences(t *testing.T) {
	copied := ""
	for _, each := range finalStage(t) {
		if each.name == "COPY" {
			copied += each.rest + "\n"
		}
	}
	ignored := strings.Fields(read(t, "../.dockerignore"))
	for _, file := range []string{"LICENSE", "cmd/privacydesk/notices.txt"} {
		if !strings.Contains(copied, "/src/"+file+" ") {
			t.Errorf("the image lacks %s", file)
		}
		if read(t, filepath.Join("..", file)) == "" {
			t.Errorf("%s is empty", file)
		}
		for _, pattern := range ignored {
			if hit, _ := filepath.Match(strings.TrimPrefix(pattern, "**/"), filepath.Base(file)); hit {
				t.Errorf("%s keeps %s from the build", pattern, file)
			}
		}
	}
}
