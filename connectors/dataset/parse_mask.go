package dataset

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// takeMask reads a field's on_delete: {strategy: …, value: …}, or
// {strategy: keep, reason: …}.
func (f *Field) takeMask(o *object) {
	// An unquoted null is YAML's null and means the strategy here.
	name := "null"
	if n := o.get("strategy"); n != nil {
		name = o.r.scalar(n, o.where)
	} else if !o.has("strategy") {
		o.r.fail(o.line, o.where, "no strategy", "say `on_delete: {strategy: null}` or another of null, fixed, hash, hmac, random, keep")
		return
	}
	m := &Mask{Strategy: Strategy(name), Suffix: o.str("suffix"), Length: o.count("length"), Unique: o.flag("unique")}
	switch m.Strategy {
	case StrategyNull, StrategyHash, StrategyHMAC, StrategyRandom:
	case StrategyFixed:
		n := o.get("value")
		if n == nil || n.Kind != yaml.ScalarNode || n.Value == "" {
			o.r.fail(o.line, o.where, "fixed needs a value", "say `value: …`, or use the strategy null")
			return
		}
		m.Value = n.Value
	case "keep":
		if f.kept = o.str("reason"); f.kept == "" {
			o.r.fail(o.line, o.where, "keep needs a reason", "say `reason: …`")
		}
		m = nil
	default:
		o.r.fail(o.lineOf("strategy"), o.where, fmt.Sprintf("the strategy %q is not known", name), "one of null, fixed, hash, hmac, random, keep")
		return
	}
	o.strict()
	f.Mask, f.unusable = m, ""
	if what, mend := f.maskFault(); what != "" {
		o.r.fail(o.line, o.where, what, mend)
	}
}

// maskFault is why the field's mask could never be written, or "".
func (f *Field) maskFault() (what, mend string) {
	m := f.Mask
	if m == nil {
		return "", ""
	}
	base := strings.TrimSuffix(f.DataType, "[]")
	plain := m.Strategy == StrategyNull || m.Strategy == StrategyFixed
	switch {
	case f.ReadOnly:
		return "a read_only field can't be masked", "remove read_only or the strategy"
	case f.PrimaryKey:
		return "a primary key can't be masked: rows would be lost to each other", "delete the rows, or keep the key with `strategy: keep`"
	case m.Unique && m.Strategy == StrategyFixed:
		return "a fixed value is not unique", "use random, hash or hmac"
	case !plain && (strings.HasSuffix(f.DataType, "[]") || base == "boolean" || base == "object" || base == "object_id"):
		return fmt.Sprintf("%s can't write the type %s", m.Strategy, f.DataType), "use null or fixed"
	case f.Length > 0 && len([]rune(m.Suffix))+max(m.Length, len([]rune(m.Value))) > f.Length:
		return "what is written is longer than the field", "shorten it, or correct length"
	}
	return "", ""
}

// takeFidesMask reads a field's masking_strategy_override. What can't be done
// here makes deletes refuse, if they would mask the collection; the file
// loads all the same, for it was not written for us.
func (f *Field) takeFidesMask(o *object) {
	f.Mask, f.unusable = o.fidesMask()
	if what, _ := f.maskFault(); what != "" {
		f.Mask, f.unusable = nil, what
	}
	if f.unusable != "" {
		o.r.note(o.line, o.where, "the masking_strategy_override can't be done: "+f.unusable)
	}
}

// fidesMask says Fides' strategy in ours, or why none of ours is like it.
func (o *object) fidesMask() (mask *Mask, why string) {
	name := o.str("strategy")
	conf := o.sub("configuration")
	if conf == nil {
		conf = &object{r: o.r, where: o.where, line: o.line, taken: map[string]bool{}, passed: map[string]bool{}}
	}
	m := &Mask{Length: conf.count("length")}
	if f := conf.sub("format_preservation"); f != nil {
		m.Suffix = f.str("suffix")
		f.done()
	}
	conf.ignore("algorithm")
	switch name {
	case "null_rewrite":
		m.Strategy = StrategyNull
	case "string_rewrite":
		m.Strategy, m.Value = StrategyFixed, conf.str("rewrite_value")+m.Suffix
		m.Suffix = ""
		if m.Value == "" {
			return nil, "string_rewrite needs a rewrite_value"
		}
	case "hash":
		m.Strategy = StrategyHash
	case "hmac":
		m.Strategy = StrategyHMAC
	case "random_string_rewrite":
		m.Strategy = StrategyRandom
	case "aes_encrypt":
		return nil, "aes_encrypt keeps the value for whoever holds the key"
	default:
		return nil, fmt.Sprintf("the masking strategy %q is not known", name)
	}
	conf.done()
	o.done()
	return m, ""
}
