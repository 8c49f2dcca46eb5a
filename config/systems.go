package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"privacydesk/connectors"
)

// Roles of a system: whose data it holds.
const (
	Processor  = "processor"  // the tenants'
	Controller = "controller" // the vendor's own
)

// System is one configured system.
type System struct {
	Name string `yaml:"-"`
	Base `yaml:",inline"`
	// Kind is the registered kind that Base.Kind names.
	Kind connectors.Kind `yaml:"-"`
	// Options is what Kind.Options returned, filled; pass it to Kind.Open.
	Options any `yaml:"-"`
}

// Base are the keys that every system has, whatever its kind.
type Base struct {
	KindName string        `yaml:"kind" required:"true" doc:"the technology; each kind adds the keys that docs/connectors.md lists"`
	Label    string        `yaml:"label" doc:"what people read in reports; empty: the system's name"`
	Role     string        `yaml:"role" default:"processor" enum:"processor,controller" doc:"processor: the tenants' data. controller: the vendor's own, which no tenant's request reaches"`
	Tenants  Tenants       `yaml:"tenants" doc:"how this system spells each tenant, as a mapping of our name to its own; or the word same. A tenant that is not listed is not known here, and its requests are held. Required for processors"`
	Timeout  time.Duration `yaml:"timeout" default:"1h" min:"1s" max:"24h" doc:"bound of one run"`
	Limit    int           `yaml:"limit" default:"4" min:"0" max:"256" doc:"calls that one process makes to the system at a time; 0 for no limit"`
	Attempts int           `yaml:"attempts" default:"3" min:"1" max:"10" doc:"calls that are made in all when one fails in a way that passes, before the request waits"`
	Backups  time.Duration `yaml:"backups_expire_after" min:"0s" doc:"how long backups of the system last, such as 840h for 35 days; certificates then say by when those from before the erasing are gone. 0: they say nothing of it"`
	MaxKeys  int           `yaml:"max_keys" default:"100000" min:"1" max:"10000000" doc:"values that may lead to one person's records here; beyond it the request is held. Bounds memory"`
}

// Tenants maps our tenants to a system's own spelling.
type Tenants struct {
	Same bool
	Map  map[string]string
}

// Spell is the tenant as the system spells it. A tenant that is not listed is
// an error: it must not be taken for an unscoped one.
func (t Tenants) Spell(tenant string) (string, error) {
	if t.Same && tenant != "" {
		return tenant, nil
	}
	if theirs := t.Map[tenant]; tenant != "" && theirs != "" {
		return theirs, nil
	}
	return "", fmt.Errorf("the tenant is not listed under the system's tenants; add it there")
}

// Spellings are the system's own, in order; none where they are the same as
// ours.
func (t Tenants) Spellings() []string { return slices.Sorted(maps.Values(t.Map)) }

func (t Tenants) empty() bool { return !t.Same && len(t.Map) == 0 }

// MarshalJSON lets a redacted configuration show it.
func (t Tenants) MarshalJSON() ([]byte, error) {
	if t.Same {
		return []byte(`"same"`), nil
	}
	return jsonOf(t.Map)
}

func (t *Tenants) decode(d *decoder, n *yaml.Node, path string) {
	at := n
	n = target(n)
	switch {
	case isNull(n):
	case n.Kind == yaml.ScalarNode && n.Value == "same":
		t.Same = true
	case n.Kind == yaml.MappingNode:
		d.value(at, reflect.ValueOf(&t.Map).Elem(), field{typ: reflect.TypeFor[map[string]string]()}, path)
		for ours, theirs := range t.Map {
			if theirs == "" {
				d.failAt(join(path, ours), "is empty, which would mean every tenant", "write how the system spells the tenant, or remove it")
			}
		}
	default:
		d.fail(at, path, "is "+shape(n)+" and must be a mapping or the word same", "write our: theirs for each tenant")
	}
}

func (s *System) decode(d *decoder, n *yaml.Node, path string) {
	s.Options = d.kinded(n, path, reflect.ValueOf(&s.Base).Elem(), systemKinds(d.kinds))
	if s.Options == nil {
		return
	}
	s.Kind = d.kinds[s.KindName]
	if s.Role == Processor && s.Tenants.empty() {
		d.failAt(path, "says of no tenant how the system spells it", "add tenants: with our: theirs for each, or tenants: same")
	}
}

// named gives each system its name, which stands in logs, file names and
// metrics.
func (d *decoder) named(systems map[string]System) {
	for name, s := range systems {
		if !regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`).MatchString(name) {
			d.failAt(join("systems", name), "is not a system's name", "use 1 to 40 of a-z, 0-9, dash and underline, beginning with a letter")
		}
		s.Name = name
		s.Label = orDefault(s.Label, name)
		systems[name] = s
	}
}
