package config

import (
	"reflect"
	"slices"

	"go.yaml.in/yaml/v4"

	"privacydesk/bot/directory"
	"privacydesk/connectors"
)

// kindName peeks at a section's kind before its other keys can be understood.
func (d *decoder) kindName(n *yaml.Node) string {
	n = target(n)
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value != "kind" {
			continue
		}
		if text, _, err := d.expand(target(n.Content[i+1]).Value); err == nil {
			return text
		}
	}
	return ""
}

// kinded decodes a section whose key kind says which further keys it has:
// base are those of every kind, fresh makes the options of each. It returns
// the options, or nil when the kind is none of them.
func (d *decoder) kinded(n *yaml.Node, path string, base reflect.Value, fresh map[string]func() any) any {
	d.setDefaults(base)
	name := d.kindName(n)
	makeOptions, known := fresh[name]
	if !known {
		d.keys(n, path, true, base) // which other keys it may have is not known
		if name != "" {
			d.failAt(join(path, "kind"), "is no kind that there is", suggestion(name, sortedKeys(fresh)))
		}
		return nil
	}
	options := makeOptions()
	v := reflect.ValueOf(options).Elem()
	d.setDefaults(v)
	before := len(d.problems)
	d.keys(n, path, false, base, v)
	if o, ok := options.(interface{ Validate() error }); ok && len(d.problems) == before {
		d.validate(o.Validate(), path)
	}
	return options
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Directory says who is an admin of which tenant.
type Directory struct {
	DirectoryBase `yaml:",inline"`
	// Options is what the kind's Options returned, filled; pass it to
	// directory.Open.
	Options any `yaml:"-"`
}

// DirectoryBase are the keys that every kind of directory has.
type DirectoryBase struct {
	KindName string `yaml:"kind" required:"true" doc:"where it is looked up who is an admin of which tenant; each kind adds the keys below"`
}

func (v *Directory) decode(d *decoder, n *yaml.Node, path string) {
	v.Options = d.kinded(n, path, reflect.ValueOf(&v.DirectoryBase).Elem(), directoryKinds())
}

func directoryKinds() map[string]func() any {
	out := map[string]func() any{}
	for _, k := range directory.Kinds() {
		out[k.Name] = k.Options
	}
	return out
}

func systemKinds(kinds connectors.Kinds) map[string]func() any {
	out := map[string]func() any{}
	for name, k := range kinds {
		out[name] = k.Options
	}
	return out
}
