package reading

import (
	"slices"
	"strings"
)

// maxAliases is how many further addresses one person may be given: what has
// more is a list of people.
const maxAliases = 4

// aliasWords say, alone between two addresses, that both are one person's.
func aliasWords() phrases {
	return phrases{
		"also known as", "aka", "a k a", "alias", "auch bekannt als", "auch bekannt unter", "aussi connue sous", "aussi connu sous",
		"aussi connue comme", "aussi connu comme", "tambien conocida como", "tambien conocido como",
	}
}

// aliasesOf tells of each mention whether the text says, on purpose, that it is
// another address of the person named right before it.
func aliasesOf(text string, mentions []mention) []bool {
	out := make([]bool, len(mentions))
	for i := 1; i < len(mentions); i++ {
		a, b := mentions[i-1], mentions[i]
		if a.addr == "" || b.addr == "" || a.end > b.start {
			continue
		}
		between := text[a.end:b.start]
		ws := words(between)
		out[i] = !strings.ContainsAny(between, ";?!|/\"") && !strings.Contains(between, "\n\n") && slices.ContainsFunc(aliasWords(), func(phrase string) bool {
			parts := strings.Fields(phrase)
			return len(ws) == len(parts) && find(ws, parts) == 0
		})
	}
	return out
}

// named sorts the aliases and leaves out repetitions and the addresses that
// they belong to.
func named(of map[string]bool, aliases []string) []string {
	out := slices.DeleteFunc(slices.Clone(aliases), func(a string) bool { _, is := of[a]; return is })
	slices.Sort(out)
	return slices.Compact(out)
}

// first is the one address of a text that gives one.
func first(addrs map[string]bool) string {
	for addr := range addrs {
		return addr
	}
	return ""
}
